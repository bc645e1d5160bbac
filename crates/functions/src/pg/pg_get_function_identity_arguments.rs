//! pg_get_function_identity_arguments(oid): the types that tell a function from others of its name.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "pg_get_function_identity_arguments",
        "pg_get_function_identity_arguments(oid)",
        "The types of the arguments of a function.",
    )
    .form(&[Parameter::Oid])
    .argument("oid", "The OID of a function.")
    .body(move |call| {
        let functions: HashMap<i64, _> = context.catalog.functions().into_iter().collect();
        call.texts(|row| {
            Ok(call.oid(0, row).and_then(|oid| functions.get(&oid)).map(|function| function.arguments.clone()))
        })
    })
}
