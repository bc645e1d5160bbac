//! version(): the server's name and version, in the form that drivers look for.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::Builder;
use crate::context::FunctionContext;

/// Drivers take the server's capabilities from the number behind "PostgreSQL".
pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("version", "version()", "The version of PostgreSQL whose behaviour is promised, and mead's own.")
        .form(&[])
        .body(move |call| {
            let text = format!(
                "PostgreSQL {} (mead {}) on {}-{}",
                context.session.server_version(),
                env!("CARGO_PKG_VERSION"),
                std::env::consts::ARCH,
                std::env::consts::OS
            );
            call.texts(|_| Ok(Some(text.as_str())))
        })
}
