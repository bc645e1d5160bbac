//! pg_get_serial_sequence(table, column): the sequence behind a column.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use super::names;
use crate::context::FunctionContext;

/// Columns draw from no sequences, so a table that exists gives NULL.
pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "pg_get_serial_sequence",
        "pg_get_serial_sequence(table, column)",
        "The sequence that a column takes its values from; NULL, since there are no sequences.",
    )
    .form(&[Parameter::Text, Parameter::Text])
    .argument("table", "The table's name, as SQL writes it.")
    .argument("column", "The column's name, as it is stored.")
    .body(move |call| {
        call.texts(|row| match call.text(0, row) {
            Some(table) if names::relation(&context, table)?.is_none() => Err(names::undefined_relation(table)),
            _ => Ok(None::<&str>),
        })
    })
}
