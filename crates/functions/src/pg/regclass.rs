//! regclass(value): what a cast to regclass does. The value of the type is the OID of a relation.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_common::sqlstate;

use super::names::{self, NamedObjects};
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    NamedObjects { type_name: "regclass", noun: "relation", undefined: sqlstate::UNDEFINED_TABLE, find }
        .function(context)
}

/// The OID of a relation of this name.
pub(super) fn find(context: &FunctionContext, name: &str) -> Result<Option<i64>> {
    Ok(names::relation(context, name)?.map(|class| class.oid))
}
