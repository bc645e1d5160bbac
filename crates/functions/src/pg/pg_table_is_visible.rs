//! pg_table_is_visible(oid): whether an unqualified name finds a table or view.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use super::names;
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "pg_table_is_visible",
        "pg_table_is_visible(oid)",
        "Whether a table or view is found without its schema. NULL for an OID that none has.",
    )
    .form(&[Parameter::Oid])
    .argument("oid", "The OID of a table or view.")
    .returns(DataType::Boolean)
    .body(move |call| {
        let visible = names::visible(&context)?;
        let known: HashSet<i64> = context.catalog.classes().map_err(external)?.iter().map(|class| class.oid).collect();
        call.booleans(|row| Ok(call.oid(0, row).filter(|oid| known.contains(oid)).map(|oid| visible.contains(&oid))))
    })
}
