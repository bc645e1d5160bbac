//! Functions that PostgreSQL has in `pg_catalog` and that its clients call.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use crate::context::FunctionContext;

/// The family's functions, in alphabetical order.
pub fn functions(context: &Arc<FunctionContext>) -> Vec<ScalarUDF> {
    let _ = context;
    vec![]
}
