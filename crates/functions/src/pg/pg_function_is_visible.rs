//! pg_function_is_visible(oid): whether an unqualified name finds a function.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "pg_function_is_visible",
        "pg_function_is_visible(oid)",
        "Whether a function is found without its schema. NULL for an OID that none has.",
    )
    .form(&[Parameter::Oid])
    .argument("oid", "The OID of a function.")
    .returns(DataType::Boolean)
    .body(move |call| {
        // All functions are in pg_catalog, which every search path has.
        let known: HashSet<i64> = context.catalog.functions().iter().map(|(oid, _)| *oid).collect();
        call.booleans(|row| Ok(call.oid(0, row).filter(|oid| known.contains(oid)).map(|_| true)))
    })
}
