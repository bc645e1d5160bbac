//! Values as decimals: digits beyond the scale are rounded half up, what has too many is NULL.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::error::Result;

use super::{number, text};
use crate::types::is_text;

/// As decimals of a precision and a scale. Floats are read from the digits that they are printed with.
pub(super) fn decimals(array: &ArrayRef, precision: u8, scale: i8) -> Result<ArrayRef> {
    let parse = |text: &str| parse_decimal(text, precision, scale);
    let values: Decimal128Array = match array.data_type() {
        other if is_text(other) => {
            let texts = text::texts(array, &chrono_tz::UTC)?;
            texts.iter().map(|text| text.and_then(parse)).collect()
        }
        DataType::Float64 => {
            let doubles = array.as_primitive::<Float64Type>().iter();
            doubles.map(|value| value.and_then(|value| parse(&value.to_string()))).collect()
        }
        DataType::Float32 => {
            let floats = array.as_primitive::<Float32Type>().iter();
            floats.map(|value| value.and_then(|value| parse(&value.to_string()))).collect()
        }
        DataType::Timestamp(..) => {
            let seconds = number::doubles(array)?.into_iter();
            seconds.map(|value| value.and_then(|value| parse(&value.to_string()))).collect()
        }
        _ => {
            let safe = CastOptions { safe: true, ..CastOptions::default() };
            return Ok(cast_with_options(array, &DataType::Decimal128(precision, scale), &safe)?);
        }
    };
    Ok(Arc::new(values.with_precision_and_scale(precision, scale)?))
}

/// A number's digits at a scale; `None` for what is no number or has more digits than the precision.
fn parse_decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let text = text.trim();
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (number, exponent) = match rest.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i64>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    // Where the point would stand among the digits for the value to be a whole number of the scale's units.
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?.checked_add(i64::from(scale))?;
    if digits.iter().all(|digit| *digit == b'0') {
        return Some(0);
    }
    let taken = usize::try_from(point.max(0)).ok()?;
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    if taken.saturating_sub(leading) > 39 {
        return None;
    }
    let mut value: i128 = 0;
    for place in 0..taken {
        let digit = digits.get(place).map_or(0, |digit| digit - b'0');
        value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    let round_up = point >= 0 && digits.get(taken).is_some_and(|digit| *digit >= b'5');
    let value = value.checked_add(i128::from(round_up))?;
    let fits = value < 10_i128.checked_pow(u32::from(precision))?;
    fits.then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rounded_and_bounded() {
        for (text, wanted) in [
            ("1.005", Some(101)),
            ("-1.005", Some(-101)),
            ("1e2", Some(10_000)),
            ("1234e-5", Some(1)),
            ("0.004", Some(0)),
            (".5", Some(50)),
            ("999.99", Some(99_999)),
            ("999.999", None),
            ("1000", None),
            ("", None),
            (".", None),
            ("1x", None),
            ("NaN", None),
            ("1e99999999999", None),
            ("0e99999", Some(0)),
            ("1701411834604692317316873037158841057.275", None),
        ] {
            assert_eq!(parse_decimal(text, 5, 2), wanted, "{text}");
        }
    }
}
