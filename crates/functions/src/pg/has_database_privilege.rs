//! has_database_privilege([user,] database, privilege): whether a role may use a database.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_common::{Diagnostic, sqlstate};

use super::call::Arguments;
use super::privileges::{Object, Privileges};
use crate::context::FunctionContext;
use crate::error::external;

/// The OID of the one database, as `pg_database` has it.
pub(super) const DATABASE_OID: i64 = 5;

static PRIVILEGES: Privileges = Privileges {
    name: "has_database_privilege",
    syntax: "has_database_privilege([user,] database, privilege)",
    description: "Whether a role may use a database. There is no GRANT yet, so every role may.",
    object: "database",
    known: &["CREATE", "CONNECT", "TEMPORARY", "TEMP"],
    changing: &[],
};

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    PRIVILEGES.function(context, find)
}

fn find(context: &FunctionContext, call: &Arguments, index: usize, row: usize) -> Result<Object> {
    if let Some(oid) = call.oid(index, row) {
        return Ok(if oid == DATABASE_OID { Object::User } else { Object::Unknown });
    }
    let name = call.text(index, row).unwrap_or_default();
    if name == context.session.database() {
        return Ok(Object::User);
    }
    let message = format!("database \"{name}\" does not exist");
    Err(external(Diagnostic::new(sqlstate::INVALID_CATALOG_NAME, message)))
}
