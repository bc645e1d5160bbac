//! regrole(value): what a cast to regrole does. The value of the type is the OID of a role.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_common::sqlstate;

use super::names::{self, NamedObjects};
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    NamedObjects { type_name: "regrole", noun: "role", undefined: sqlstate::UNDEFINED_OBJECT, find }.function(context)
}

/// The OID of a role of this name.
pub(super) fn find(context: &FunctionContext, name: &str) -> Result<Option<i64>> {
    let parts = names::parse(name)?;
    let [role] = parts.as_slice() else { return Ok(None) };
    Ok(context.catalog.role(role).map_err(external)?.map(|role| role.oid))
}
