//! pg_relation_is_publishable(oid): whether a relation may be part of a publication.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use crate::context::FunctionContext;
use crate::error::external;

/// There are no publications, so none may.
pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "pg_relation_is_publishable",
        "pg_relation_is_publishable(relation_oid)",
        "Whether a relation may be part of a publication; false, since there are none. NULL for an OID that none has.",
    )
    .form(&[Parameter::Oid])
    .argument("relation_oid", "The OID of a table or view.")
    .returns(DataType::Boolean)
    .body(move |call| {
        let known: HashSet<i64> = context.catalog.classes().map_err(external)?.iter().map(|class| class.oid).collect();
        call.booleans(|row| Ok(call.oid(0, row).filter(|oid| known.contains(oid)).map(|_| false)))
    })
}
