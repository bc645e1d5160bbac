//! Floats in text: the shortest digits that read back as the same value, laid out as PostgreSQL 12 and later lay them out
//! (`extra_float_digits` above zero): plain below 10^15 (float4: 10^6), else with an exponent of two digits or more.
//!
//! The digits are Ryu's. Where the shortest ones lie exactly half-way to a neighbouring float, which reads back well only
//! by the rule that a half goes to the even one, PostgreSQL takes more digits, and so do we.

use bytes::{BufMut, BytesMut};

const PLAIN_EXPONENT_MIN: i32 = -4;
const PLAIN_EXPONENT_END_4: i32 = 6;
const PLAIN_EXPONENT_END_8: i32 = 15;

/// Ryu gives 17 digits at most; a half-way point may need a few more zeros on its way.
const DIGITS_MAX: usize = 40;

pub(super) fn put_text_4(value: f32, out: &mut BytesMut) {
    if !value.is_finite() {
        return put_special(value.is_nan(), value.is_sign_negative(), out);
    }
    let mut digits = Digits::of(ryu::Buffer::new().format_finite(value));
    let bits = value.to_bits() & 0x7fff_ffff;
    let mut precision = digits.count;
    while digits.is_half_way(significand(bits.into(), 23)) {
        digits = Digits::of(&format!("{value:.precision$e}"));
        precision += 1;
    }
    digits.lay_out(value.is_sign_negative(), PLAIN_EXPONENT_END_4, out);
}

pub(super) fn put_text_8(value: f64, out: &mut BytesMut) {
    if !value.is_finite() {
        return put_special(value.is_nan(), value.is_sign_negative(), out);
    }
    let mut digits = Digits::of(ryu::Buffer::new().format_finite(value));
    let bits = value.to_bits() & 0x7fff_ffff_ffff_ffff;
    let mut precision = digits.count;
    while digits.is_half_way(significand(bits, 52)) {
        digits = Digits::of(&format!("{value:.precision$e}"));
        precision += 1;
    }
    digits.lay_out(value.is_sign_negative(), PLAIN_EXPONENT_END_8, out);
}

/// The whole number that a power of two makes the value, and whether the float below is nearer than the one above.
fn significand(bits: u64, fraction_bits: u32) -> (u64, bool) {
    let fraction = bits & ((1 << fraction_bits) - 1);
    match bits >> fraction_bits {
        0 => (fraction, false),
        exponent => (fraction | 1 << fraction_bits, fraction == 0 && exponent > 1),
    }
}

fn put_special(nan: bool, negative: bool, out: &mut BytesMut) {
    out.put_slice(match (nan, negative) {
        (true, _) => b"NaN",
        (false, true) => b"-Infinity",
        (false, false) => b"Infinity",
    });
}

/// A number as digits without zeros at either end: d.ddd × 10^`exponent`, where `d` is the first; none for zero.
struct Digits {
    digits: [u8; DIGITS_MAX],
    count: usize,
    exponent: i32,
}

impl Digits {
    /// `text` is `1.5`, `1.5e-7`, `100000.0`, `1e16`, with or without a sign.
    fn of(text: &str) -> Self {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once('e') {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().unwrap_or(0)),
            None => (unsigned, 0),
        };
        let whole = mantissa.find('.').unwrap_or(mantissa.len()) as i32;
        let mut found = Digits { digits: [0; DIGITS_MAX], count: 0, exponent: 0 };
        let mut end = 0;
        for (position, byte) in mantissa.bytes().filter(|&byte| byte != b'.').enumerate() {
            if found.count == 0 && byte != b'0' {
                found.exponent = exponent + whole - 1 - position as i32;
            }
            if (found.count > 0 || byte != b'0') && found.count < DIGITS_MAX {
                found.digits[found.count] = byte;
                found.count += 1;
                if byte != b'0' {
                    end = found.count;
                }
            }
        }
        found.count = end;
        found
    }

    /// True for a number exactly between the float of this significand and one of its neighbours. Only an even
    /// significand draws such a number to itself.
    fn is_half_way(&self, (significand, nearer_below): (u64, bool)) -> bool {
        if significand % 2 == 1 || self.count == 0 || self.count > 19 {
            return false;
        }
        let digits = self.digits[..self.count].iter().fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        // The half-way point is an odd number times a power of two; the digits are `digits` × 10^power.
        let power = self.exponent + 1 - self.count as i32;
        let odd = match u32::try_from(power) {
            Ok(power) => 5_u128.checked_pow(power).and_then(|fives| fives.checked_mul(digits.into())),
            Err(_) => match 5_u64.checked_pow(power.unsigned_abs()) {
                Some(fives) if digits.is_multiple_of(fives) => Some((digits / fives).into()),
                _ => None,
            },
        };
        let Some(odd) = odd.map(|number| number >> number.trailing_zeros()) else { return false };
        let doubled = u128::from(significand) * 2;
        odd == doubled + 1 || odd == doubled - 1 || (nearer_below && odd == doubled * 2 - 1)
    }

    fn lay_out(&self, negative: bool, plain_exponent_end: i32, out: &mut BytesMut) {
        if negative {
            out.put_u8(b'-');
        }
        let digits = &self.digits[..self.count];
        if digits.is_empty() {
            out.put_u8(b'0');
        } else if (PLAIN_EXPONENT_MIN..plain_exponent_end).contains(&self.exponent) {
            put_plain(digits, self.exponent, out);
        } else {
            put_scientific(digits, self.exponent, out);
        }
    }
}

fn put_plain(digits: &[u8], scientific: i32, out: &mut BytesMut) {
    if scientific < 0 {
        out.put_slice(b"0.");
        out.put_bytes(b'0', (-scientific - 1) as usize);
        out.put_slice(digits);
        return;
    }
    let whole = scientific as usize + 1;
    if digits.len() <= whole {
        out.put_slice(digits);
        out.put_bytes(b'0', whole - digits.len());
    } else {
        out.put_slice(&digits[..whole]);
        out.put_u8(b'.');
        out.put_slice(&digits[whole..]);
    }
}

fn put_scientific(digits: &[u8], scientific: i32, out: &mut BytesMut) {
    out.put_u8(digits[0]);
    if digits.len() > 1 {
        out.put_u8(b'.');
        out.put_slice(&digits[1..]);
    }
    out.put_u8(b'e');
    out.put_u8(if scientific < 0 { b'-' } else { b'+' });
    crate::calendar::put_two(scientific.unsigned_abs(), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four(value: f32) -> String {
        let mut out = BytesMut::new();
        put_text_4(value, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn eight(value: f64) -> String {
        let mut out = BytesMut::new();
        put_text_8(value, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    /// Each right-hand side is what PostgreSQL 15 prints.
    #[test]
    fn laid_out_as_postgres_does() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (100000.0, "100000"),
            (123456789012345.0, "123456789012345"),
            (1e15, "1e+15"),
            (1e23, "9.999999999999999e+22"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (std::f64::consts::PI, "3.141592653589793"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(eight(value), text);
        }
        for (value, text) in [
            (0.1_f32, "0.1"),
            (100000.0, "100000"),
            (1000000.0, "1e+06"),
            (16777216.0, "1.6777216e+07"),
            (54422552.0, "5.4422552e+07"),
            (3.4028235e38, "3.4028235e+38"),
            (1e-45, "1e-45"),
            (0.00012, "0.00012"),
        ] {
            assert_eq!(four(value), text);
        }
    }

    #[test]
    fn every_text_reads_back() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let value = f64::from_bits(bits);
            if value.is_finite() {
                assert_eq!(eight(value).parse::<f64>().unwrap(), value);
            }
            let value = f32::from_bits((bits >> 32) as u32);
            if value.is_finite() {
                assert_eq!(four(value).parse::<f32>().unwrap(), value);
            }
        }
    }
}
