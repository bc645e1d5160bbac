//! has_function_privilege([user,] function, privilege): whether a role may use a function.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_common::{Diagnostic, sqlstate};

use super::call::Arguments;
use super::privileges::{Object, Privileges};
use crate::context::FunctionContext;
use crate::error::external;

static PRIVILEGES: Privileges = Privileges {
    name: "has_function_privilege",
    syntax: "has_function_privilege([user,] function, privilege)",
    description: "Whether a role may use a function. There is no GRANT yet, so every role may.",
    object: "function",
    known: &["EXECUTE"],
    changing: &[],
};

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    PRIVILEGES.function(context, find)
}

fn find(context: &FunctionContext, call: &Arguments, index: usize, row: usize) -> Result<Object> {
    let functions = context.catalog.functions();
    let known = match call.oid(index, row) {
        Some(oid) => functions.iter().any(|(known, _)| *known == oid),
        None => {
            // The arguments' types do not matter: no two functions share a name.
            let text = call.text(index, row).unwrap_or_default();
            let name = text.split('(').next().unwrap_or_default().trim();
            let name = name.strip_prefix("pg_catalog.").unwrap_or(name).to_lowercase();
            if !functions.iter().any(|(_, function)| function.name == name) {
                let message = format!("function \"{text}\" does not exist");
                return Err(external(Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, message)));
            }
            true
        }
    };
    Ok(if known { Object::User } else { Object::Unknown })
}
