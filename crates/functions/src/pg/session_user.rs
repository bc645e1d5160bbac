//! session_user: the role that logged in.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::Builder;
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("session_user", "session_user()", "The role that logged in.").form(&[]).body(move |call| {
        let value = context.session.session_user();
        call.texts(|_| Ok(Some(value.as_str())))
    })
}
