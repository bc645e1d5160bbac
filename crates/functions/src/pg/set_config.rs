//! set_config(name, value, is_local): SET as a function.

use std::sync::Arc;

use datafusion::logical_expr::{ScalarUDF, Volatility};
use mead_common::{Diagnostic, sqlstate};

use super::call::{Builder, Parameter};
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("set_config", "set_config(name, value, is_local)", "Changes a setting, and gives its new value.")
        .form(&[Parameter::Text, Parameter::Text, Parameter::Boolean])
        .argument("name", "The setting's name.")
        .argument("value", "Its new value.")
        .argument("is_local", "Whether the value holds until the end of the transaction only.")
        .volatility(Volatility::Volatile)
        .body(move |call| {
            call.texts(|row| {
                let Some(name) = call.text(0, row) else {
                    return Err(external(Diagnostic::new(
                        sqlstate::NULL_VALUE_NOT_ALLOWED,
                        "SET requires parameter name",
                    )));
                };
                let value = call.text(1, row).unwrap_or_default();
                let local = call.boolean(2, row).unwrap_or_default();
                context.session.set_setting(name, value, local).map_err(external)?;
                Ok(context.session.setting(name))
            })
        })
}
