//! `base64(bytes)`, `unbase64(text)`

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind, bytes};

static BASE64: Definition = Definition {
    name: "base64",
    arguments: &[("bytes", Kind::Bytes, "Bytes, or text, whose UTF-8 is meant.")],
    run: |call| {
        let values = call.bytes(0)?;
        call.texts(|row| Some(STANDARD.encode(values.get(row)?)))
    },
    section: &SECTION,
    description: "Bytes as text of base 64, without line breaks.",
    example: "SELECT base64('Hive'); -- SGl2ZQ==",
    ..BASE
};

static UNBASE64: Definition = Definition {
    name: "unbase64",
    arguments: &[("text", Kind::Primitive, "Text of base 64. Characters that are no digits of it are passed over.")],
    result: bytes,
    run: |call| {
        let values = call.text(0)?;
        call.binaries(|row| Some(decode(values.get(row)?)))
    },
    section: &SECTION,
    description: "The bytes that text of base 64 stands for.",
    example: "SELECT decode(unbase64('SGl2ZQ=='), 'UTF-8'); -- Hive",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&BASE64, &UNBASE64];

/// As lenient as the decoder of Apache's commons: what is no digit is skipped, and bits that make no byte are dropped.
fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in text.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_digit_is_skipped() {
        assert_eq!(decode("SGl2ZQ=="), b"Hive");
        assert_eq!(decode("SG l2\nZQ"), b"Hive");
        assert_eq!(decode("QUJDR"), b"ABC");
        assert_eq!(decode(""), b"");
    }
}
