//! current_user, also as current_role and user.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::Builder;
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("current_user", "current_user()", "The role whose rights count.")
        .form(&[])
        .alias("current_role")
        .alias("user")
        .body(move |call| {
            let value = context.session.user();
            call.texts(|_| Ok(Some(value.as_str())))
        })
}
