//! Parameters of a Bind message to scalar values.
//!
//! The client says what it sends by an oid; the plan says what it wants by an Arrow type. A value is read as the one and
//! cast to the other, without loss or with an error.

mod array;
mod bytea;
mod datetime;
mod interval;
mod number;
mod numeric;
mod scalar;

use arrow::array::ArrayRef;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use mead_common::{Diagnostic, sqlstate};
use mead_engine::ScalarValue;

use crate::calendar::Zone;
use crate::types::PgType;

/// Reads one parameter. `number` counts from 1, for messages.
pub(crate) fn parameter(
    number: usize,
    bytes: Option<&[u8]>,
    binary: bool,
    sent_as: PgType,
    target: &DataType,
    zone: Zone,
) -> Result<ScalarValue, Diagnostic> {
    let Some(bytes) = bytes else {
        return ScalarValue::try_from(target).map_err(|error| mead_engine::diagnostic_of(&error));
    };
    let context = Context { number, zone };
    let value = if sent_as.array {
        array::read(bytes, binary, sent_as.scalar, &context)?
    } else {
        scalar::read(&[Some(bytes)], binary, sent_as.scalar, &context)?
    };
    let value = cast(value, target)?;
    ScalarValue::try_from_array(&value, 0).map_err(|error| mead_engine::diagnostic_of(&error))
}

/// What the readers need to know besides the bytes.
struct Context {
    number: usize,
    zone: Zone,
}

impl Context {
    /// 22P03, PostgreSQL's word for a binary value that is too long or makes no sense.
    fn bad_binary(&self) -> Diagnostic {
        Diagnostic::new(
            sqlstate::INVALID_BINARY_REPRESENTATION,
            format!("incorrect binary data format in bind parameter {}", self.number),
        )
    }

    /// The value as a fixed number of bytes.
    fn fixed<const N: usize>(&self, bytes: &[u8]) -> Result<[u8; N], Diagnostic> {
        if bytes.len() < N {
            return Err(Diagnostic::new(sqlstate::PROTOCOL_VIOLATION, "insufficient data left in message"));
        }
        bytes.try_into().map_err(|_| self.bad_binary())
    }

    /// The value as text.
    fn text<'a>(&self, bytes: &'a [u8]) -> Result<&'a str, Diagnostic> {
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Ok(text),
            Ok(_) => Err(bad_utf8(&[0])),
            Err(error) => Err(bad_utf8(&bytes[error.valid_up_to()..])),
        }
    }
}

/// 22021 for the bytes at the start of `rest`: as many of them as the first one announces.
pub(crate) fn bad_utf8(rest: &[u8]) -> Diagnostic {
    let length = match rest.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => 1,
    };
    let shown: Vec<String> = rest.iter().take(length).map(|byte| format!("0x{byte:02x}")).collect();
    Diagnostic::new(
        sqlstate::CHARACTER_NOT_IN_REPERTOIRE,
        format!("invalid byte sequence for encoding \"UTF8\": {}", shown.join(" ")),
    )
}

/// 22P02 in PostgreSQL's words.
fn bad_text(type_name: &str, text: &str) -> Diagnostic {
    Diagnostic::new(
        sqlstate::INVALID_TEXT_REPRESENTATION,
        format!("invalid input syntax for type {type_name}: \"{}\"", shorten(text)),
    )
}

fn out_of_range(type_name: &str, text: &str) -> Diagnostic {
    Diagnostic::new(
        sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
        format!("value \"{}\" is out of range for type {type_name}", shorten(text)),
    )
}

/// A message is not the place for a megabyte.
fn shorten(text: &str) -> &str {
    text.char_indices().nth(200).map_or(text, |(end, _)| &text[..end])
}

fn cast(value: ArrayRef, target: &DataType) -> Result<ArrayRef, Diagnostic> {
    if value.data_type() == target {
        return Ok(value);
    }
    if numeric::keeps_its_scale(value.data_type(), target) || list_depth(value.data_type()) > list_depth(target) {
        // Postgres's array types say nothing of their dimensions: a nested list is as good an int4[] as a flat one.
        return Ok(value);
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(&value, target, &options).map_err(|error| {
        Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, format!("a parameter does not fit type {target}"))
            .with_detail(error.to_string())
    })
}

fn list_depth(data_type: &DataType) -> usize {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            1 + list_depth(item.data_type())
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
