//! Integers and floats in text.

use std::num::IntErrorKind;
use std::str::FromStr;

use mead_common::{Diagnostic, sqlstate};

use super::{Context, bad_text, out_of_range, shorten};
use crate::types::Scalar;

pub(super) fn integer<T: FromStr<Err = std::num::ParseIntError>>(
    bytes: &[u8],
    scalar: Scalar,
    context: &Context,
) -> Result<T, Diagnostic> {
    let text = context.text(bytes)?;
    text.trim().parse().map_err(|error: std::num::ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => out_of_range(scalar.name(), text),
        _ => bad_text(scalar.name(), text),
    })
}

/// As PostgreSQL reads it: -1 is the largest.
pub(super) fn oid(bytes: &[u8], context: &Context) -> Result<u32, Diagnostic> {
    let value: i64 = integer(bytes, Scalar::Oid, context)?;
    let in_range = u32::try_from(value).ok().or_else(|| i32::try_from(value).ok().map(|value| value as u32));
    match in_range {
        Some(oid) => Ok(oid),
        None => Err(out_of_range(Scalar::Oid.name(), context.text(bytes)?)),
    }
}

pub(super) fn float4(bytes: &[u8], context: &Context) -> Result<f32, Diagnostic> {
    let text = context.text(bytes)?;
    let value: f32 = float(text, Scalar::Float4)?;
    check_range(value.is_infinite(), value == 0.0, text, Scalar::Float4)?;
    Ok(value)
}

pub(super) fn float8(bytes: &[u8], context: &Context) -> Result<f64, Diagnostic> {
    let text = context.text(bytes)?;
    let value: f64 = float(text, Scalar::Float8)?;
    check_range(value.is_infinite(), value == 0.0, text, Scalar::Float8)?;
    Ok(value)
}

/// Rust reads all forms that Postgres does (`1e5`, `.5`, `inf`, `Infinity`, `NaN`), except hexadecimal ones.
fn float<T: FromStr>(text: &str, scalar: Scalar) -> Result<T, Diagnostic> {
    text.trim().parse().map_err(|_| bad_text(scalar.name(), text))
}

/// A number too large became infinite, one too small zero.
fn check_range(infinite: bool, zero: bool, text: &str, scalar: Scalar) -> Result<(), Diagnostic> {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let has = |wanted: fn(&u8) -> bool| mantissa.bytes().any(|byte| wanted(&byte));
    if (infinite && has(u8::is_ascii_digit)) || (zero && has(|byte| matches!(byte, b'1'..=b'9'))) {
        let message = format!("\"{}\" is out of range for type {}", shorten(text), scalar.name());
        return Err(Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message));
    }
    Ok(())
}
