//! Integers and floats in text.

use std::num::IntErrorKind;
use std::str::FromStr;

use mead_common::Diagnostic;

use super::{Context, bad_text, out_of_range};
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

pub(super) fn float4(bytes: &[u8], context: &Context) -> Result<f32, Diagnostic> {
    let text = context.text(bytes)?;
    let value: f32 = float(text, Scalar::Float4)?;
    if value.is_infinite() && has_digits(text) { Err(out_of_range(Scalar::Float4.name(), text)) } else { Ok(value) }
}

pub(super) fn float8(bytes: &[u8], context: &Context) -> Result<f64, Diagnostic> {
    let text = context.text(bytes)?;
    let value: f64 = float(text, Scalar::Float8)?;
    if value.is_infinite() && has_digits(text) { Err(out_of_range(Scalar::Float8.name(), text)) } else { Ok(value) }
}

/// Rust reads all forms that Postgres does (`1e5`, `.5`, `inf`, `Infinity`, `NaN`), except hexadecimal ones.
fn float<T: FromStr>(text: &str, scalar: Scalar) -> Result<T, Diagnostic> {
    text.trim().parse().map_err(|_| bad_text(scalar.name(), text))
}

fn has_digits(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}
