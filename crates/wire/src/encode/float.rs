//! Floats in text: the shortest digits that read back as the same value, laid out as PostgreSQL 12 and later lay them out
//! (`extra_float_digits` above zero): plain below 10^15 (float4: 10^6), else with an exponent of two digits or more.
//!
//! Where two shortest forms are equally near, PostgreSQL's Ryu avoids a digit string that lies exactly half-way between
//! two floats and ours does not; both read back as the same value.

use bytes::{BufMut, BytesMut};

const PLAIN_EXPONENT_MIN: i32 = -4;
const PLAIN_EXPONENT_END_4: i32 = 6;
const PLAIN_EXPONENT_END_8: i32 = 15;

pub(super) fn put_text_4(value: f32, out: &mut BytesMut) {
    if value.is_finite() {
        lay_out(ryu::Buffer::new().format_finite(value), PLAIN_EXPONENT_END_4, out);
    } else {
        put_special(value.is_nan(), value.is_sign_negative(), out);
    }
}

pub(super) fn put_text_8(value: f64, out: &mut BytesMut) {
    if value.is_finite() {
        lay_out(ryu::Buffer::new().format_finite(value), PLAIN_EXPONENT_END_8, out);
    } else {
        put_special(value.is_nan(), value.is_sign_negative(), out);
    }
}

fn put_special(nan: bool, negative: bool, out: &mut BytesMut) {
    out.put_slice(match (nan, negative) {
        (true, _) => b"NaN",
        (false, true) => b"-Infinity",
        (false, false) => b"Infinity",
    });
}

/// `shortest` is Ryu's own layout: `1.5`, `1.5e-7`, `100000.0`, `1e16`.
fn lay_out(shortest: &str, plain_exponent_end: i32, out: &mut BytesMut) {
    let unsigned = match shortest.strip_prefix('-') {
        Some(rest) => {
            out.put_u8(b'-');
            rest
        }
        None => shortest,
    };
    let (mantissa, exponent) = match unsigned.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().unwrap_or(0)),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = [0_u8; 40];
    let mut length = 0;
    for &digit in whole.as_bytes().iter().chain(fraction.as_bytes()) {
        digits[length] = digit;
        length += 1;
    }
    let digits = &digits[..length];
    let leading = digits.iter().take_while(|&&digit| digit == b'0').count();
    if leading == digits.len() {
        out.put_u8(b'0');
        return;
    }
    let trailing = digits.iter().rev().take_while(|&&digit| digit == b'0').count();
    // The value is d.ddd × 10^scientific, d its first significant digit.
    let scientific = exponent + whole.len() as i32 - 1 - leading as i32;
    let digits = &digits[leading..digits.len() - trailing];
    if (PLAIN_EXPONENT_MIN..plain_exponent_end).contains(&scientific) {
        put_plain(digits, scientific, out);
    } else {
        put_scientific(digits, scientific, out);
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
