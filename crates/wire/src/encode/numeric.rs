//! numeric: decimals of any Arrow width, and unsigned 64-bit integers.
//!
//! In binary Postgres sends base-10000 digits, most significant first, grouped from the decimal point both ways; zeros at
//! either end are left out (`numeric_send` in its `utils/adt/numeric.c`).

use arrow::datatypes::i256;
use bytes::{BufMut, BytesMut};

/// i256 has 77 digits at most; a scale of either sign adds up to 127 more.
const DIGITS_MAX: usize = 208;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;

pub(super) fn put_text(value: i128, scale: i8, out: &mut BytesMut) {
    let mut digits = itoa::Buffer::new();
    put_digits(value < 0, digits.format(value.unsigned_abs()).as_bytes(), scale, out);
}

pub(super) fn put_text_256(value: i256, scale: i8, out: &mut BytesMut) {
    let text = value.to_string();
    put_digits(text.starts_with('-'), text.trim_start_matches('-').as_bytes(), scale, out);
}

fn put_digits(negative: bool, digits: &[u8], scale: i8, out: &mut BytesMut) {
    if negative {
        out.put_u8(b'-');
    }
    let Ok(scale) = usize::try_from(scale) else {
        out.put_slice(digits);
        if digits != b"0" {
            out.put_bytes(b'0', usize::from(scale.unsigned_abs()));
        }
        return;
    };
    if scale == 0 {
        out.put_slice(digits);
        return;
    }
    if digits.len() > scale {
        out.put_slice(&digits[..digits.len() - scale]);
        out.put_u8(b'.');
        out.put_slice(&digits[digits.len() - scale..]);
    } else {
        out.put_slice(b"0.");
        out.put_bytes(b'0', scale - digits.len());
        out.put_slice(digits);
    }
}

pub(super) fn put_binary(value: i128, scale: i8, out: &mut BytesMut) {
    let mut digits = itoa::Buffer::new();
    put_groups(value < 0, digits.format(value.unsigned_abs()).as_bytes(), scale, out);
}

pub(super) fn put_binary_256(value: i256, scale: i8, out: &mut BytesMut) {
    let text = value.to_string();
    put_groups(text.starts_with('-'), text.trim_start_matches('-').as_bytes(), scale, out);
}

fn put_groups(negative: bool, digits: &[u8], scale: i8, out: &mut BytesMut) {
    let display_scale = u16::try_from(scale).unwrap_or(0);
    // Pad on both sides, so that the decimal point falls between two groups of four digits.
    let (fraction, zeros) = match usize::try_from(scale) {
        Ok(scale) => (scale, 0),
        Err(_) => (0, usize::from(scale.unsigned_abs())),
    };
    let mut padded = [b'0'; DIGITS_MAX];
    let after = zeros + (4 - fraction % 4) % 4;
    let whole = (digits.len() + zeros).saturating_sub(fraction);
    let before = if digits.len() + zeros < fraction { fraction - digits.len() } else { (4 - whole % 4) % 4 };
    let length = before + digits.len() + after;
    padded[before..before + digits.len()].copy_from_slice(digits);
    let groups = &padded[..length];
    let group_value = |index: usize| {
        groups[index * 4..index * 4 + 4].iter().fold(0_i16, |value, digit| value * 10 + i16::from(digit - b'0'))
    };
    let count = length / 4;
    let fraction_groups = fraction.div_ceil(4);
    let first = (0..count).find(|&index| group_value(index) != 0);
    let Some(first) = first else {
        // Zero has no groups, weight 0, no sign.
        out.put_i16(0);
        out.put_i16(0);
        out.put_u16(POSITIVE);
        out.put_u16(display_scale);
        return;
    };
    let last = (first..count).rfind(|&index| group_value(index) != 0).unwrap_or(first);
    let weight = count as i16 - fraction_groups as i16 - 1 - first as i16;
    out.put_i16((last - first + 1) as i16);
    out.put_i16(weight);
    out.put_u16(if negative { NEGATIVE } else { POSITIVE });
    out.put_u16(display_scale);
    for index in first..=last {
        out.put_i16(group_value(index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: i128, scale: i8) -> String {
        let mut out = BytesMut::new();
        put_text(value, scale, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn binary(value: i128, scale: i8) -> Vec<i16> {
        let mut out = BytesMut::new();
        put_binary(value, scale, &mut out);
        out.chunks(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect()
    }

    #[test]
    fn text_has_the_scale_written_out() {
        assert_eq!(text(12345, 2), "123.45");
        assert_eq!(text(-5, 3), "-0.005");
        assert_eq!(text(0, 2), "0.00");
        assert_eq!(text(7, -2), "700");
        assert_eq!(text(0, -2), "0");
        assert_eq!(text(i128::MAX, 0), "170141183460469231731687303715884105727");
        let mut out = BytesMut::new();
        put_text_256(i256::MIN, 76, &mut out);
        assert!(out.starts_with(b"-5.7896044618658097711785492504343953926634992332820282019728792003956564819968"));
    }

    /// Count, weight, sign, display scale, groups: what PostgreSQL 15's numeric_send gives.
    #[test]
    fn binary_groups_are_postgres_own() {
        assert_eq!(binary(0, 0), [0, 0, 0, 0]);
        assert_eq!(binary(0, 2), [0, 0, 0, 2]);
        assert_eq!(binary(1, 0), [1, 0, 0, 0, 1]);
        assert_eq!(binary(12345, 2), [2, 0, 0, 2, 123, 4500]);
        assert_eq!(binary(-12345, 0), [2, 1, 0x4000, 0, 1, 2345]);
        assert_eq!(binary(10000, 0), [1, 1, 0, 0, 1]);
        assert_eq!(binary(1, 4), [1, -1, 0, 4, 1]);
        assert_eq!(binary(1, 5), [1, -2, 0, 5, 1000]);
        assert_eq!(binary(5, 3), [1, -1, 0, 3, 50]);
        assert_eq!(binary(12, -3), [2, 1, 0, 0, 1, 2000]);
        assert_eq!(binary(100_000_001, 4), [3, 1, 0, 4, 1, 0, 1]);
    }

    #[test]
    fn extremes_fit() {
        for scale in [i8::MIN, -76, 0, 76, i8::MAX] {
            let mut out = BytesMut::new();
            put_binary_256(i256::MIN, scale, &mut out);
            put_binary_256(i256::MAX, scale, &mut out);
            put_binary_256(i256::ZERO, scale, &mut out);
            put_binary(1, scale, &mut out);
            put_text_256(i256::MIN, scale, &mut out);
        }
    }
}
