//! numeric: as many digits as Arrow's widest decimal holds (76), at the scale that the value was written with.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Decimal256Array};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, i256};
use mead_common::{Diagnostic, sqlstate};

use super::{Context, bad_text};
use crate::types::Scalar;

/// A scale above this is no number that anybody sends.
const EXPONENT_MAX: i32 = 1_000;

const SIGN_POSITIVE: u16 = 0x0000;
const SIGN_NEGATIVE: u16 = 0x4000;

/// Decimal digits without a point, and where it stands.
struct Number {
    negative: bool,
    digits: Vec<u8>,
    scale: usize,
}

/// All values at one scale, the largest among them.
pub(super) fn read(values: &[Option<&[u8]>], binary: bool, context: &Context) -> Result<ArrayRef, Diagnostic> {
    let mut numbers = Vec::with_capacity(values.len());
    for value in values {
        numbers.push(match value {
            None => None,
            Some(bytes) if binary => Some(from_binary(bytes, context)?),
            Some(bytes) => Some(from_text(context.text(bytes)?)?),
        });
    }
    let scale = numbers.iter().flatten().map(|number| number.scale).max().unwrap_or(0);
    let length = |number: &Number| number.digits.len() + scale - number.scale;
    let precision = numbers.iter().flatten().map(length).max().unwrap_or(1).max(scale).max(1);
    if precision > usize::from(DECIMAL256_MAX_PRECISION) {
        return Err(too_many_digits());
    }
    let texts = numbers.into_iter().map(|number| {
        number.map(|number| {
            let mut text = Vec::with_capacity(1 + precision);
            if number.negative {
                text.push(b'-');
            }
            text.extend_from_slice(&number.digits);
            text.resize(text.len() + scale - number.scale, b'0');
            String::from_utf8_lossy(&text).into_owned()
        })
    });
    let scale = scale as i8;
    let array: ArrayRef = if precision <= usize::from(DECIMAL128_MAX_PRECISION) {
        let values: Vec<Option<i128>> =
            texts.map(|text| text.map(|text| parse(&text)).transpose()).collect::<Result<_, _>>()?;
        let array = Decimal128Array::from(values).with_precision_and_scale(DECIMAL128_MAX_PRECISION, scale);
        Arc::new(array.map_err(|error| too_many_digits().with_source(error))?)
    } else {
        let values: Vec<Option<i256>> = texts
            .map(|text| text.map(|text| i256::from_string(&text).ok_or_else(too_many_digits)).transpose())
            .collect::<Result<_, _>>()?;
        let array = Decimal256Array::from(values).with_precision_and_scale(DECIMAL256_MAX_PRECISION, scale);
        Arc::new(array.map_err(|error| too_many_digits().with_source(error))?)
    };
    Ok(array)
}

/// A numeric parameter is worth what was written: it keeps its digits where the plan's type has fewer.
pub(super) fn keeps_its_scale(value: &DataType, target: &DataType) -> bool {
    let scale = |data_type: &DataType| match data_type {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(*scale),
        _ => None,
    };
    match (scale(value), scale(target)) {
        (Some(value), Some(target)) => value > target,
        _ => false,
    }
}

fn parse(text: &str) -> Result<i128, Diagnostic> {
    text.parse().map_err(|_| too_many_digits())
}

fn from_text(text: &str) -> Result<Number, Diagnostic> {
    let bad = || bad_text(Scalar::Numeric.name(), text);
    let trimmed = text.trim();
    if matches!(
        trimmed.to_ascii_lowercase().as_str(),
        "nan" | "infinity" | "+infinity" | "-infinity" | "inf" | "+inf" | "-inf"
    ) {
        return Err(not_finite());
    }
    let (negative, rest) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], rest[at + 1..].parse::<i32>().map_err(|_| bad())?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.bytes().chain(fraction.bytes());
    if whole.len() + fraction.len() == 0 || !digits.clone().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    if exponent.abs() > EXPONENT_MAX || fraction.len() > EXPONENT_MAX as usize {
        return Err(too_many_digits());
    }
    number(negative, digits.collect(), fraction.len() as i32 - exponent)
}

/// `numeric_send`'s form: count of groups, weight of the first, sign, display scale, groups in base 10,000.
fn from_binary(bytes: &[u8], context: &Context) -> Result<Number, Diagnostic> {
    let word = |index: usize| {
        bytes
            .get(index * 2..index * 2 + 2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .ok_or_else(|| context.bad_binary())
    };
    let count = usize::from(word(0)?);
    let weight = i32::from(word(1)? as i16);
    let negative = match word(2)? {
        SIGN_POSITIVE => false,
        SIGN_NEGATIVE => true,
        0xC000 | 0xD000 | 0xF000 => return Err(not_finite()),
        _ => return Err(context.bad_binary()),
    };
    let display_scale = i32::from(word(3)?);
    if bytes.len() != 8 + count * 2 || display_scale > 0x3FFF {
        return Err(context.bad_binary());
    }
    if weight.abs() > EXPONENT_MAX || display_scale > EXPONENT_MAX || count > EXPONENT_MAX as usize {
        return Err(too_many_digits());
    }
    let mut digits = Vec::with_capacity(count * 4);
    for index in 0..count {
        let group = word(4 + index)?;
        if group > 9_999 {
            return Err(context.bad_binary());
        }
        digits.extend_from_slice(format!("{group:04}").as_bytes());
    }
    let mut scale = (count as i32 - 1 - weight) * 4;
    // The groups may carry zeros beyond the display scale, and may lack zeros up to it.
    while scale > display_scale && digits.last() == Some(&b'0') {
        digits.pop();
        scale -= 1;
    }
    if digits.is_empty() {
        scale = 0;
    }
    while scale < display_scale && scale >= 0 {
        digits.push(b'0');
        scale += 1;
    }
    number(negative, digits, scale)
}

fn number(negative: bool, mut digits: Vec<u8>, scale: i32) -> Result<Number, Diagnostic> {
    if scale < 0 {
        digits.resize(digits.len() + scale.unsigned_abs() as usize, b'0');
    }
    let scale = scale.max(0) as usize;
    let leading = digits.iter().take_while(|&&digit| digit == b'0').count();
    digits.drain(..leading);
    if digits.is_empty() {
        digits.push(b'0');
    }
    if digits.len().max(scale) > usize::from(DECIMAL256_MAX_PRECISION) {
        return Err(too_many_digits());
    }
    Ok(Number { negative, digits, scale })
}

fn too_many_digits() -> Diagnostic {
    Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
        .with_detail(format!("a numeric has at most {DECIMAL256_MAX_PRECISION} digits"))
}

fn not_finite() -> Diagnostic {
    Diagnostic::unsupported("numeric NaN and Infinity are not supported").with_hint("use double precision")
}
