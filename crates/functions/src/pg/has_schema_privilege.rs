//! has_schema_privilege([user,] schema, privilege): whether a role may use a schema.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_catalog::schema_name;
use mead_common::{Diagnostic, sqlstate};

use super::call::Arguments;
use super::privileges::{Object, Privileges};
use crate::context::FunctionContext;
use crate::error::external;

static PRIVILEGES: Privileges = Privileges {
    name: "has_schema_privilege",
    syntax: "has_schema_privilege([user,] schema, privilege)",
    description: "Whether a role may use a schema. There is no GRANT yet, so every role may.",
    object: "schema",
    known: &["CREATE", "USAGE"],
    changing: &["CREATE"],
};

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    PRIVILEGES.function(context, find)
}

fn find(context: &FunctionContext, call: &Arguments, index: usize, row: usize) -> Result<Object> {
    let schemas = context.catalog.named_schemas().map_err(external)?;
    let name = if let Some(oid) = call.oid(index, row) {
        schemas.into_iter().find(|(known, _)| *known == oid).map(|(_, name)| name)
    } else {
        let name = schema_name(call.text(index, row).unwrap_or_default());
        if !schemas.iter().any(|(_, known)| known == name) {
            let message = format!("schema \"{name}\" does not exist");
            return Err(external(Diagnostic::new(sqlstate::INVALID_SCHEMA_NAME, message)));
        }
        Some(name.to_owned())
    };
    Ok(match name {
        None => Object::Unknown,
        Some(name) if context.catalog.is_system_schema(&name) => Object::System,
        Some(_) => Object::User,
    })
}
