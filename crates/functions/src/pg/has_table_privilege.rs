//! has_table_privilege([user,] table, privilege): whether a role may use a table.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use super::call::Arguments;
use super::names;
use super::privileges::{Object, Privileges};
use crate::context::FunctionContext;
use crate::error::external;

static PRIVILEGES: Privileges = Privileges {
    name: "has_table_privilege",
    syntax: "has_table_privilege([user,] table, privilege)",
    description: "Whether a role may use a table. There is no GRANT yet, so every role may.",
    object: "table",
    known: &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"],
    changing: &["INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER"],
};

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    PRIVILEGES.function(context, find)
}

fn find(context: &FunctionContext, call: &Arguments, index: usize, row: usize) -> Result<Object> {
    let class = if let Some(oid) = call.oid(index, row) {
        let classes = context.catalog.classes().map_err(external)?;
        classes.into_iter().find(|class| class.oid == oid)
    } else {
        let name = call.text(index, row).unwrap_or_default();
        Some(names::relation(context, name)?.ok_or_else(|| names::undefined_relation(name))?)
    };
    Ok(match class {
        None => Object::Unknown,
        Some(class) if context.catalog.is_system_schema(&class.schema) => Object::System,
        Some(_) => Object::User,
    })
}
