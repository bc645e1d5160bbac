//! pg_get_userbyid(oid): a role's name.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("pg_get_userbyid", "pg_get_userbyid(oid)", "The name of a role.")
        .form(&[Parameter::Oid])
        .argument("oid", "The OID of a role.")
        .body(move |call| {
            let roles = context.catalog.roles().map_err(external)?;
            let names: HashMap<i64, String> = roles.into_iter().map(|role| (role.oid, role.name)).collect();
            call.texts(|row| {
                let name = |oid: i64| names.get(&oid).cloned().unwrap_or_else(|| format!("unknown (OID={oid})"));
                Ok(call.oid(0, row).map(name))
            })
        })
}
