//! `CAST(x AS t)`: what cannot be read, or does not fit, becomes NULL; whole numbers wrap around, as Java's do.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, PrimitiveArray, StringArray};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use mead_common::Dialect;

use crate::types::is_text;

/// How long a text may be: `varchar(n)`, and `char(n)`, which has no blanks at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Length {
    Varchar(usize),
    Char(usize),
}

/// The function that casts to a type.
pub fn hive_cast(target: DataType, length: Option<Length>, dialect: Dialect) -> ScalarUDF {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::from(HiveCast { target, length, dialect, signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct HiveCast {
    target: DataType,
    length: Option<Length>,
    dialect: Dialect,
    signature: Signature,
}

impl ScalarUDFImpl for HiveCast {
    fn name(&self) -> &str {
        "cast"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.target.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [argument] = arguments.args.as_slice() else {
            return Err(DataFusionError::Internal("a cast takes one value".to_owned()));
        };
        match argument {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(self.cast(array)?)),
            ColumnarValue::Scalar(value) => {
                let array = self.cast(&value.to_array()?)?;
                Ok(ColumnarValue::Scalar(datafusion::scalar::ScalarValue::try_from_array(&array, 0)?))
            }
        }
    }
}

impl HiveCast {
    fn cast(&self, array: &ArrayRef) -> Result<ArrayRef> {
        let from = array.data_type();
        let cast = match (from, &self.target) {
            (from, to) if from.is_integer() && to.is_integer() => wrap(array, to)?,
            (from, to) if from.is_floating() && to.is_integer() => saturate(array, to)?,
            (DataType::Boolean, to) if to.is_numeric() => arrow(array, to)?,
            (from, DataType::Decimal128(precision, scale)) if is_text(from) => {
                let texts = arrow(array, &DataType::Utf8)?;
                let texts = texts.as_string::<i32>();
                decimals(texts.iter(), *precision, *scale)?
            }
            (DataType::Float32 | DataType::Float64, DataType::Decimal128(precision, scale)) => {
                let doubles = arrow(array, &DataType::Float64)?;
                let texts =
                    doubles.as_primitive::<Float64Type>().iter().map(|value| value.map(|value| value.to_string()));
                let texts: StringArray = texts.collect();
                decimals(texts.iter(), *precision, *scale)?
            }
            (from, DataType::Decimal128(..)) if from.is_numeric() => arrow(array, &self.target)?,
            // Hive counts milliseconds where the number is whole, and seconds where it is not; Spark always seconds.
            (from, DataType::Timestamp(..)) if from.is_numeric() => {
                let factor = if from.is_integer() && self.dialect == Dialect::Hive { 1e3 } else { 1e6 };
                let numbers = arrow(array, &DataType::Float64)?;
                let micros = numbers.as_primitive::<Float64Type>().iter();
                let micros: PrimitiveArray<Int64Type> = micros
                    .map(|value| value.filter(|value| value.is_finite()).map(|value| (value * factor).round() as i64))
                    .collect();
                let instants =
                    arrow(&(Arc::new(micros) as ArrayRef), &DataType::Timestamp(TimeUnit::Microsecond, None))?;
                arrow(&instants, &self.target)?
            }
            // `1.9` is 1.
            (from, to) if is_text(from) && to.is_integer() => {
                let texts = arrow(array, &DataType::Utf8)?;
                let wholes: PrimitiveArray<Int64Type> =
                    texts.as_string::<i32>().iter().map(|text| text.and_then(parse_whole)).collect();
                arrow(&(Arc::new(wholes) as ArrayRef), to)?
            }
            (from, to) if is_text(from) && !is_text(to) => {
                let texts = arrow(array, &DataType::Utf8)?;
                let trimmed: StringArray = texts.as_string::<i32>().iter().map(|text| text.map(str::trim)).collect();
                arrow(&(Arc::new(trimmed) as ArrayRef), to)?
            }
            _ => arrow(array, &self.target)?,
        };
        match self.length {
            Some(length) => shorten(&cast, length, &self.target),
            None => Ok(cast),
        }
    }
}

fn arrow(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    Ok(cast_with_options(array, to, &CastOptions { safe: true, ..CastOptions::default() })?)
}

/// `12`, `-3`, and of `1.9` the 1.
fn parse_whole(text: &str) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match whole {
        "" | "-" | "+" => (!fraction.is_empty()).then_some(0),
        _ => whole.parse().ok(),
    }
}

/// The low bits of a whole number.
fn wrap(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let whole = arrow(array, &DataType::Int64)?;
    let whole = whole.as_primitive::<Int64Type>();
    Ok(match to {
        DataType::Int8 => Arc::new(whole.unary::<_, Int8Type>(|value| value as i8)),
        DataType::Int16 => Arc::new(whole.unary::<_, Int16Type>(|value| value as i16)),
        DataType::Int32 => Arc::new(whole.unary::<_, Int32Type>(|value| value as i32)),
        other => arrow(array, other)?,
    })
}

/// A float without its fraction, as Java converts it: NaN is 0, and what is too large is the largest there is. Types smaller
/// than int take the low bits of that.
fn saturate(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let doubles = arrow(array, &DataType::Float64)?;
    let doubles = doubles.as_primitive::<Float64Type>();
    if *to == DataType::Int64 {
        return Ok(Arc::new(doubles.unary::<_, Int64Type>(|value| value as i64)));
    }
    let ints: ArrayRef = Arc::new(doubles.unary::<_, Int32Type>(|value| value as i32));
    wrap(&ints, to)
}

fn decimals<'a>(
    texts: impl Iterator<Item = Option<impl AsRef<str> + 'a>>,
    precision: u8,
    scale: i8,
) -> Result<ArrayRef> {
    let values = texts.map(|text| text.and_then(|text| parse_decimal(text.as_ref(), precision, scale)));
    let values: Decimal128Array = values.collect();
    Ok(Arc::new(values.with_precision_and_scale(precision, scale)?))
}

/// A number's digits at a scale, rounded half up; `None` for what is no number or has more digits than the precision.
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
    let mut value: i128 = 0;
    let taken = usize::try_from(point.max(0)).ok()?;
    if digits.iter().all(|digit| *digit == b'0') {
        return Some(0);
    }
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    if taken.saturating_sub(leading) > 39 {
        return None;
    }
    for place in 0..taken {
        let digit = digits.get(place).map_or(0, |digit| digit - b'0');
        value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    let round_up = point >= 0 && digits.get(taken).is_some_and(|digit| *digit >= b'5');
    value += i128::from(round_up);
    let fits = value < 10_i128.checked_pow(u32::from(precision))?;
    fits.then_some(if negative { -value } else { value })
}

fn shorten(array: &ArrayRef, length: Length, target: &DataType) -> Result<ArrayRef> {
    let texts = arrow(array, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    let shortened: StringArray = texts.iter().map(|text| text.map(|text| short(text, length))).collect();
    arrow(&(Arc::new(shortened) as ArrayRef), target)
}

fn short(text: &str, length: Length) -> &str {
    let first = |letters: usize| text.char_indices().nth(letters).map_or(text, |(end, _)| &text[..end]);
    match length {
        Length::Varchar(letters) => first(letters),
        Length::Char(letters) => first(letters).trim_end_matches(' '),
    }
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
            ("1e99999999999", None),
            ("0e99999", Some(0)),
        ] {
            assert_eq!(parse_decimal(text, 5, 2), wanted, "{text}");
        }
    }

    #[test]
    fn numbers_that_do_not_fit_wrap_or_stop_as_in_java() {
        let wide: ArrayRef = Arc::new(PrimitiveArray::<Int64Type>::from(vec![300, -129, 128]));
        assert_eq!(wrap(&wide, &DataType::Int8).unwrap().as_primitive::<Int8Type>().values(), &[44, 127, -128]);
        let floats: ArrayRef = Arc::new(PrimitiveArray::<Float64Type>::from(vec![1e20, f64::NAN, -1.9]));
        assert_eq!(
            saturate(&floats, &DataType::Int32).unwrap().as_primitive::<Int32Type>().values(),
            &[i32::MAX, 0, -1]
        );
        assert_eq!(saturate(&floats, &DataType::Int8).unwrap().as_primitive::<Int8Type>().values(), &[-1, 0, -1]);
    }

    #[test]
    fn text_is_cut_at_its_length() {
        assert_eq!(short("straße", Length::Varchar(5)), "straß");
        assert_eq!(short("ab   ", Length::Char(4)), "ab");
        assert_eq!(short("ab ", Length::Varchar(9)), "ab ");
    }
}
