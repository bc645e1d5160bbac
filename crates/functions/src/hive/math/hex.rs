//! `hex(value)`, `unhex(text)`: bytes and numbers as digits of base 16.

use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, bytes, text};

static HEX: Definition = Definition {
    name: "hex",
    arguments: &[("value", Kind::Primitive, "A whole number, text or bytes.")],
    result: text,
    run: hex,
    section: &SECTION,
    description: "A number's digits of base 16; of text and bytes two digits for each byte.",
    example: "SELECT hex(17), hex('Facebook'); -- 11, 46616365626F6F6B",
    ..BASE
};

static UNHEX: Definition = Definition {
    name: "unhex",
    arguments: &[("digits", Kind::Primitive, "Digits of base 16; NULL comes of text that has others.")],
    result: bytes,
    run: |call| {
        let digits = call.text(0)?;
        call.binaries(|row| unhex(digits.get(row)?))
    },
    section: &SECTION,
    description: "The bytes that pairs of digits say.",
    example: "SELECT decode(unhex('4D7953514C'), 'UTF-8'); -- MySQL",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&HEX, &UNHEX];

fn hex(call: &Call) -> Result<ArrayRef> {
    if call.data_type(0).is_numeric() {
        let values = call.whole(0)?;
        return call.texts(|row| Some(format!("{:X}", values.get(row)?)));
    }
    let values = call.bytes(0)?;
    call.texts(|row| Some(upper(values.get(row)?)))
}

/// Two digits for each byte.
pub(in crate::hive) fn upper(bytes: &[u8]) -> String {
    digits(bytes, b"0123456789ABCDEF")
}

/// The same with small letters.
pub(in crate::hive) fn lower(bytes: &[u8]) -> String {
    digits(bytes, b"0123456789abcdef")
}

fn digits(bytes: &[u8], digits: &[u8; 16]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(digits[usize::from(byte >> 4)]));
        text.push(char::from(digits[usize::from(byte & 15)]));
    }
    text
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    // A digit alone in front is that of a byte below 16.
    let padded = if text.len() % 2 == 1 { format!("0{text}") } else { text.to_owned() };
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    padded.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_bytes() {
        assert_eq!(unhex("4d7953"), Some(b"MyS".to_vec()));
        assert_eq!(unhex("f"), Some(vec![15]));
        assert_eq!(unhex(""), Some(Vec::new()));
        assert_eq!(unhex("xy"), None);
        assert_eq!(unhex("é"), None);
        assert_eq!(upper(&[0, 255]), "00FF");
    }
}
