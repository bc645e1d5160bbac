//! pg_table_size(relation): how many bytes a table takes on disk.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::sizes;
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    sizes::of_relation(
        context,
        "pg_table_size",
        "pg_table_size(relation)",
        "The bytes that the files of a table take on disk; 0 for a view.",
    )
}
