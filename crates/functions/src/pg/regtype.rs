//! regtype(value): what a cast to regtype does. The value of the type is the OID of a type.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_catalog::pg_type_rows::type_named;
use mead_common::sqlstate;

use super::names::NamedObjects;
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    NamedObjects { type_name: "regtype", noun: "type", undefined: sqlstate::UNDEFINED_OBJECT, find }.function(context)
}

/// The OID of a type of this name.
pub(super) fn find(_: &FunctionContext, name: &str) -> Result<Option<i64>> {
    Ok(type_named(name).map(i64::from))
}
