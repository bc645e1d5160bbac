//! Which type values of two types have in common, as Hive and Spark settle it.

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable, cast};
use mead_common::Dialect;
use mead_functions::decimal_type;
use mead_functions::types::is_text;

/// A whole number that is written is an int if it fits; DataFusion takes each for a bigint.
pub(crate) fn narrow(expr: Expr) -> Expr {
    match expr {
        Expr::Literal(ScalarValue::Int64(Some(value)), metadata) => match i32::try_from(value) {
            Ok(value) => Expr::Literal(ScalarValue::Int32(Some(value)), metadata),
            Err(_) => Expr::Literal(ScalarValue::Int64(Some(value)), metadata),
        },
        // There are no unsigned numbers: what is too large for a bigint is a decimal.
        Expr::Literal(ScalarValue::UInt64(Some(value)), metadata) => {
            let digits = value.checked_ilog10().unwrap_or(0) as u8 + 1;
            Expr::Literal(ScalarValue::Decimal128(Some(value.into()), digits, 0), metadata)
        }
        other => other,
    }
}

/// The expression as one of a type.
pub(crate) fn to_type(expr: Expr, wanted: &DataType, schema: &DFSchema) -> Expr {
    match expr.get_type(schema) {
        Ok(data_type) if data_type == *wanted => expr,
        _ => cast(expr, wanted.clone()),
    }
}

/// The type that two values are compared in; `None` where DataFusion's own is right.
pub(crate) fn of_comparison(left: &DataType, right: &DataType, dialect: Dialect) -> Option<DataType> {
    if left == right {
        return None;
    }
    match (left, right) {
        (text, other) | (other, text) if is_text(text) => beside_text(other, dialect),
        (DataType::Boolean, number) | (number, DataType::Boolean) if number.is_numeric() => Some(match dialect {
            // `true = 1`
            Dialect::Spark => number.clone(),
            _ => DataType::Float64,
        }),
        (DataType::Date32, DataType::Timestamp(..)) | (DataType::Timestamp(..), DataType::Date32) => {
            Some(DataType::Timestamp(TimeUnit::Microsecond, None))
        }
        (left, right) if left.is_numeric() && right.is_numeric() => numbers(left, right),
        _ => None,
    }
}

/// What text is compared with something else as: Hive makes a double of it beside a number, Spark what the other side is.
fn beside_text(other: &DataType, dialect: Dialect) -> Option<DataType> {
    match other {
        DataType::Null => None,
        other if is_text(other) => None,
        number if number.is_numeric() => Some(match (dialect, number.is_integer()) {
            (Dialect::Spark, true) => number.clone(),
            _ => DataType::Float64,
        }),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Some(other.clone()),
        DataType::Boolean => Some(DataType::Boolean),
        DataType::Binary | DataType::BinaryView | DataType::LargeBinary => Some(other.clone()),
        _ => None,
    }
}

/// The type that two numbers are brought to; `None` where DataFusion's own is right.
fn numbers(left: &DataType, right: &DataType) -> Option<DataType> {
    match (decimal_type(left), decimal_type(right)) {
        (Some((p1, s1)), Some((p2, s2))) if left.is_decimal() || right.is_decimal() => {
            let scale = s1.max(s2);
            let whole = (i32::from(p1) - i32::from(s1)).max(i32::from(p2) - i32::from(s2));
            let precision = u8::try_from(whole + i32::from(scale)).ok()?.min(38);
            Some(DataType::Decimal128(precision, scale))
        }
        (Some(_), Some(_)) => None,
        // A decimal beside a float is a float.
        _ if left.is_decimal() || right.is_decimal() => Some(DataType::Float64),
        _ => None,
    }
}

/// The type of what may be one or the other, as of the branches of CASE and the rows of UNION; `None` where DataFusion's
/// own is right.
pub(crate) fn of_either(left: &DataType, right: &DataType) -> Option<DataType> {
    if left == right {
        return None;
    }
    match (left, right) {
        (DataType::Null, _) | (_, DataType::Null) => None,
        (text, other) | (other, text) if is_text(text) && !other.is_nested() => Some(DataType::Utf8),
        (DataType::Date32, DataType::Timestamp(..)) | (DataType::Timestamp(..), DataType::Date32) => {
            Some(DataType::Timestamp(TimeUnit::Microsecond, None))
        }
        (left, right) if left.is_numeric() && right.is_numeric() => numbers(left, right).or_else(|| wider(left, right)),
        _ => None,
    }
}

/// The wider of two numbers that are no decimals.
fn wider(left: &DataType, right: &DataType) -> Option<DataType> {
    let size = |data_type: &DataType| data_type.primitive_width().unwrap_or(0);
    match (left.is_floating(), right.is_floating()) {
        (false, false) => Some(if size(left) >= size(right) { left.clone() } else { right.clone() }),
        (true, false) => Some(left.clone()),
        (false, true) => Some(right.clone()),
        (true, true) => Some(DataType::Float64),
    }
}
