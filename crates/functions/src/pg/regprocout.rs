//! regprocout(oid): a function as text, as a cast from regproc to text gives it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use super::names;
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("regprocout", "regprocout(oid)", "The name of a function, as a cast of regproc to text gives it.")
        .form(&[Parameter::Oid])
        .argument("oid", "Its OID. An OID that none has is shown as it is, 0 as a dash.")
        .body(move |call| {
            let functions: HashMap<i64, _> = context.catalog.functions().into_iter().collect();
            let name = |oid: i64| functions.get(&oid).map(|function| names::quote(&function.name));
            call.texts(|row| {
                Ok(call.oid(0, row).map(|oid| match name(oid) {
                    _ if oid == 0 => "-".to_owned(),
                    Some(name) => name,
                    None => oid.to_string(),
                }))
            })
        })
}
