//! json_build_object(key, value, …): a JSON object from pairs.

use datafusion::arrow::array::Array;
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Volatility};
use datafusion::scalar::ScalarValue;
use mead_common::{Diagnostic, sqlstate};

use super::call::{Arguments, Builder, Parameter};
use crate::error::external;

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "json_build_object",
        "json_build_object([key, value, …])",
        "A JSON object of the given keys and values, in their order.",
    )
    .form(&[])
    .form(&[Parameter::Any])
    .variadic()
    .argument("key", "The name of a member; it may not be NULL.")
    .argument("value", "Its value.")
    .volatility(Volatility::Immutable)
    .body(|call| {
        if call.count() % 2 != 0 {
            return Err(external(
                Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, "argument list must have even number of elements")
                    .with_hint("the arguments of json_build_object() must consist of alternating keys and values"),
            ));
        }
        call.texts(|row| {
            let mut members = Vec::with_capacity(call.count() / 2);
            for index in (0..call.count()).step_by(2) {
                members.push(format!("{} : {}", key(call, index, row)?, value(call, index + 1, row)?));
            }
            Ok(Some(format!("{{{}}}", members.join(", "))))
        })
    })
}

/// A key as JSON text.
fn key(call: &Arguments, index: usize, row: usize) -> Result<String> {
    match ScalarValue::try_from_array(call.array(index), row)? {
        key if key.is_null() => Err(external(Diagnostic::new(
            sqlstate::NULL_VALUE_NOT_ALLOWED,
            format!("argument {} cannot be null", index + 1),
        ))),
        key => Ok(quoted(&text(&key))),
    }
}

/// A value as JSON text.
fn value(call: &Arguments, index: usize, row: usize) -> Result<String> {
    if call.array(index).data_type().is_nested() {
        return Err(external(Diagnostic::unsupported("json_build_object takes no arrays and records yet")));
    }
    let value = ScalarValue::try_from_array(call.array(index), row)?;
    if value.is_null() {
        return Ok("null".to_owned());
    }
    let is_number = value.data_type().is_numeric();
    let text = text(&value);
    Ok(match value {
        ScalarValue::Boolean(_) => text,
        // A number keeps its digits; what JSON cannot write as a number (NaN) is a string, as in PostgreSQL.
        _ if is_number && serde_json::from_str::<serde_json::Number>(&text).is_ok() => text,
        _ => quoted(&text),
    })
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn text(value: &ScalarValue) -> String {
    match value.try_as_str() {
        Some(Some(text)) => text.to_owned(),
        _ => value.to_string(),
    }
}
