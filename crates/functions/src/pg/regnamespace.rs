//! regnamespace(value): what a cast to regnamespace does. The value of the type is the OID of a schema.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_catalog::schema_name;
use mead_common::sqlstate;

use super::names::{self, NamedObjects};
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    NamedObjects { type_name: "regnamespace", noun: "schema", undefined: sqlstate::INVALID_SCHEMA_NAME, find }
        .function(context)
}

/// The OID of a schema of this name.
pub(super) fn find(context: &FunctionContext, name: &str) -> Result<Option<i64>> {
    let parts = names::parse(name)?;
    let [schema] = parts.as_slice() else { return Ok(None) };
    let schemas = context.catalog.named_schemas().map_err(external)?;
    Ok(schemas.into_iter().find(|(_, name)| name == schema_name(schema)).map(|(oid, _)| oid))
}
