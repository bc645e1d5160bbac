//! current_setting(name [, missing_ok]): a setting as SHOW prints it.

use std::sync::Arc;

use datafusion::logical_expr::{ScalarUDF, Volatility};
use mead_common::{Diagnostic, sqlstate};

use super::call::{Builder, Parameter};
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "current_setting",
        "current_setting(name [, missing_ok])",
        "The value of a setting, as SHOW prints it.",
    )
    .form(&[Parameter::Text])
    .form(&[Parameter::Text, Parameter::Boolean])
    .argument("name", "The setting's name.")
    .argument("missing_ok", "Whether an unknown setting gives NULL instead of an error.")
    // Not folded into a constant: set_config may change it in the same statement.
    .volatility(Volatility::Volatile)
    .body(move |call| {
        call.texts(|row| {
            let Some(name) = call.text(0, row) else { return Ok(None) };
            match context.session.setting(name) {
                Some(value) => Ok(Some(value)),
                None if call.boolean(1, row) == Some(true) => Ok(None),
                None => Err(external(Diagnostic::new(
                    sqlstate::UNDEFINED_OBJECT,
                    format!("unrecognized configuration parameter \"{name}\""),
                ))),
            }
        })
    })
}
