//! current_database(), also as current_catalog.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::Builder;
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("current_database", "current_database()", "The database of the session.")
        .form(&[])
        .alias("current_catalog")
        .body(move |call| {
            let value = context.session.database();
            call.texts(|_| Ok(Some(value.as_str())))
        })
}
