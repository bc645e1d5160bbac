//! Values as numbers.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{
    DataType, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::error::Result;

use super::text;
use crate::types::is_text;

const LENIENT: CastOptions =
    CastOptions { safe: true, format_options: datafusion::arrow::util::display::FormatOptions::new() };

/// As double precision numbers; of timestamps the seconds.
pub(crate) fn doubles(array: &ArrayRef) -> Result<Vec<Option<f64>>> {
    match array.data_type() {
        DataType::Null => Ok(vec![None; array.len()]),
        DataType::Timestamp(_, zone) => {
            let micros = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
            let values = cast_with_options(array, &micros, &LENIENT)?;
            let values = values.as_primitive::<TimestampMicrosecondType>();
            Ok(values.iter().map(|value| value.map(|value| value as f64 / 1e6)).collect())
        }
        DataType::Date32 | DataType::Date64 => Ok(vec![None; array.len()]),
        other if is_text(other) => {
            let texts = text::texts(array, &chrono_tz::UTC)?;
            Ok(texts.iter().map(|text| text.and_then(parse_double)).collect())
        }
        _ => {
            let values = cast_with_options(array, &DataType::Float64, &LENIENT)?;
            Ok(values.as_primitive::<Float64Type>().iter().collect())
        }
    }
}

/// As whole numbers of a type. A whole number that is too large loses its high bits, and a float becomes the largest there
/// is, both as in Java; text that is too large is NULL.
pub(crate) fn integers(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    match array.data_type() {
        from if from.is_integer() => wrap(array, to),
        from if from.is_floating() => {
            let doubles = cast_with_options(array, &DataType::Float64, &LENIENT)?;
            let doubles = doubles.as_primitive::<Float64Type>();
            if *to == DataType::Int64 {
                return Ok(Arc::new(doubles.unary::<_, Int64Type>(|value| value as i64)));
            }
            // Types smaller than int take the low bits of an int.
            let ints: ArrayRef = Arc::new(doubles.unary::<_, Int32Type>(|value| value as i32));
            wrap(&ints, to)
        }
        _ => {
            let wholes: ArrayRef = Arc::new(wholes(array)?.into_iter().collect::<Int64Array>());
            Ok(cast_with_options(&wholes, to, &LENIENT)?)
        }
    }
}

/// The low bits of a whole number.
fn wrap(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let whole = cast_with_options(array, &DataType::Int64, &LENIENT)?;
    let whole = whole.as_primitive::<Int64Type>();
    Ok(match to {
        DataType::Int8 => Arc::new(whole.unary::<_, Int8Type>(|value| value as i8)),
        DataType::Int16 => Arc::new(whole.unary::<_, Int16Type>(|value| value as i16)),
        DataType::Int32 => Arc::new(whole.unary::<_, Int32Type>(|value| value as i32)),
        other => cast_with_options(array, other, &LENIENT)?,
    })
}

/// As whole numbers: what stands behind the point is cut off.
pub(crate) fn wholes(array: &ArrayRef) -> Result<Vec<Option<i64>>> {
    match array.data_type() {
        DataType::Null => Ok(vec![None; array.len()]),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            Ok(doubles(array)?.into_iter().map(|value| value.and_then(cut)).collect())
        }
        DataType::Timestamp(..) => {
            Ok(doubles(array)?.into_iter().map(|value| value.map(f64::floor).and_then(cut)).collect())
        }
        // A day is no number.
        DataType::Date32 | DataType::Date64 => Ok(vec![None; array.len()]),
        other if is_text(other) => {
            let texts = text::texts(array, &chrono_tz::UTC)?;
            Ok(texts.iter().map(|text| text.and_then(parse_whole)).collect())
        }
        _ => {
            let values = cast_with_options(array, &DataType::Int64, &LENIENT)?;
            Ok(values.as_primitive::<Int64Type>().iter().collect())
        }
    }
}

/// As Java converts a double to a long: what is too large becomes the largest, NaN becomes 0.
fn cut(value: f64) -> Option<i64> {
    Some(value as i64)
}

/// `1`, `-2.5`, `1e3`, `NaN`, `Infinity`, `1.5d`: what Java's `Double.parseDouble` takes.
pub(crate) fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let (sign, word) = match digits.strip_prefix('-') {
        Some(word) => (-1.0, word),
        None => (1.0, digits.strip_prefix('+').unwrap_or(digits)),
    };
    match word {
        "NaN" if digits == text => return Some(f64::NAN),
        "Infinity" if digits == text => return Some(sign * f64::INFINITY),
        _ => {}
    }
    // Rust also takes words such as "inf".
    let numeric = word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let begins = word.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || byte == b'.');
    if numeric && begins { word.parse().ok().map(|value: f64| sign * value) } else { None }
}

/// What Spark's cast takes besides: `inf`, `infinity` and `nan` in any case.
pub(super) fn parse_special(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    match text.as_str() {
        "inf" | "+inf" | "infinity" | "+infinity" => Some(f64::INFINITY),
        "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    }
}

/// `12`, `-3`, and of `1.9` the 1.
pub(crate) fn parse_whole(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    let (whole, fraction) = text.split_once('.')?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    match whole {
        "" | "-" | "+" => (!fraction.is_empty()).then_some(0),
        _ => whole.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_do_not_fit_wrap_or_stop_as_in_java() {
        use datafusion::arrow::array::Float64Array;

        let wide: ArrayRef = Arc::new(Int64Array::from(vec![300, -129, 128]));
        assert_eq!(integers(&wide, &DataType::Int8).unwrap().as_primitive::<Int8Type>().values(), &[44, 127, -128]);
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![1e20, f64::NAN, -1.9]));
        assert_eq!(
            integers(&floats, &DataType::Int32).unwrap().as_primitive::<Int32Type>().values(),
            &[i32::MAX, 0, -1]
        );
        assert_eq!(integers(&floats, &DataType::Int8).unwrap().as_primitive::<Int8Type>().values(), &[-1, 0, -1]);
    }

    #[test]
    fn text_is_read_as_java_does() {
        assert_eq!(parse_double(" 1.5 "), Some(1.5));
        assert_eq!(parse_double("1e3"), Some(1000.0));
        assert_eq!(parse_double("-Infinity"), Some(f64::NEG_INFINITY));
        assert_eq!(parse_double("2d"), Some(2.0));
        for bad in ["", "inf", "nan", "abc", "1x", "1 2", "0x10", "--1"] {
            assert_eq!(parse_double(bad), None, "{bad}");
        }
        assert_eq!(parse_whole("12"), Some(12));
        assert_eq!(parse_whole("-1.9"), Some(-1));
        assert_eq!(parse_whole(".5"), Some(0));
        for bad in ["", ".", "x", "1e3", "9223372036854775808", "1.x"] {
            assert_eq!(parse_whole(bad), None, "{bad}");
        }
    }
}
