//! regnamespaceout(oid): a schema as text, as a cast from regnamespace to text gives it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use super::names;
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "regnamespaceout",
        "regnamespaceout(oid)",
        "The name of a schema, as a cast of regnamespace to text gives it.",
    )
    .form(&[Parameter::Oid])
    .argument("oid", "Its OID. An OID that none has is shown as it is, 0 as a dash.")
    .body(move |call| {
        let schemas: HashMap<i64, String> = context.catalog.named_schemas().map_err(external)?.into_iter().collect();
        let name = |oid: i64| schemas.get(&oid).map(|name| names::quote(name));
        call.texts(|row| {
            Ok(call.oid(0, row).map(|oid| match name(oid) {
                _ if oid == 0 => "-".to_owned(),
                Some(name) => name,
                None => oid.to_string(),
            }))
        })
    })
}
