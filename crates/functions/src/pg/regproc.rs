//! regproc(value): what a cast to regproc does. The value of the type is the OID of a function.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_common::sqlstate;

use super::names::{self, NamedObjects};
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    NamedObjects { type_name: "regproc", noun: "function", undefined: sqlstate::UNDEFINED_FUNCTION, find }
        .function(context)
}

/// The OID of a function of this name.
pub(super) fn find(context: &FunctionContext, name: &str) -> Result<Option<i64>> {
    let parts = names::parse(name)?;
    let name = match parts.as_slice() {
        [name] => name,
        [schema, name] if schema == "pg_catalog" => name,
        _ => return Ok(None),
    };
    Ok(context.catalog.functions().into_iter().find(|(_, function)| function.name == *name).map(|(oid, _)| oid))
}
