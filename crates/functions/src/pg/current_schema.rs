//! current_schema(): where unqualified names are created.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::Builder;
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "current_schema",
        "current_schema()",
        "The first schema of the search path; NULL if none of them exists.",
    )
    .form(&[])
    .body(move |call| {
        let value = super::names::current_schema(&context)?;
        call.texts(|_| Ok(value.as_deref()))
    })
}
