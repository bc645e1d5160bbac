//! `assert_true(condition)`, and Spark's `raise_error(message)`.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::Volatility;
use mead_common::{Diagnostic, sqlstate};

use super::SECTION;
use crate::error::external;
use crate::hive::definition::{BASE, Definition, Kind};

static ASSERT_TRUE: Definition = Definition {
    name: "assert_true",
    arguments: &[
        ("condition", Kind::Boolean, "What must be true."),
        ("message", Kind::Primitive, "What the error says."),
    ],
    required: 1,
    result: |_| Ok(DataType::Null),
    run: |call| {
        let (conditions, messages) = (call.boolean(0)?, call.text(1)?);
        for row in 0..call.rows {
            if conditions.get(row) != Some(true) {
                let message = messages.get(row).unwrap_or("assert_true(): assertion failed");
                return Err(external(Diagnostic::new(sqlstate::RAISE_EXCEPTION, message)));
            }
        }
        call.nulls()
    },
    section: &SECTION,
    description: "NULL; an error where the condition is not true.",
    example: "SELECT assert_true(x IS NOT NULL) FROM t;",
    // It must be computed for every row, whatever becomes of the result.
    volatility: Volatility::Volatile,
    ..BASE
};

static RAISE_ERROR: Definition = Definition {
    name: "raise_error",
    arguments: &[("message", Kind::Primitive, "What the error says.")],
    result: |_| Ok(DataType::Null),
    run: |call| {
        let messages = call.text(0)?;
        match call.rows {
            0 => call.nulls(),
            _ => Err(external(Diagnostic::new(sqlstate::RAISE_EXCEPTION, messages.get(0).unwrap_or("null")))),
        }
    },
    section: &SECTION,
    description: "An error.",
    example: "SELECT raise_error('that is wrong');",
    volatility: Volatility::Volatile,
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&ASSERT_TRUE];
pub(super) static SPARK: &[&Definition] = &[&RAISE_ERROR];
