//! pg_backend_pid(): the number that CancelRequest knows this session by.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::call::Builder;
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("pg_backend_pid", "pg_backend_pid()", "The number of the session, by which it can be cancelled.")
        .form(&[])
        .returns(DataType::Int32)
        .body(move |call| call.integers(|_| Ok(Some(context.session.backend_pid()))))
}
