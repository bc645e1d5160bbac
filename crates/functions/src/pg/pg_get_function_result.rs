//! pg_get_function_result(oid): the type of a function's result.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("pg_get_function_result", "pg_get_function_result(oid)", "The type of the result of a function.")
        .form(&[Parameter::Oid])
        .argument("oid", "The OID of a function.")
        .body(move |call| {
            let functions: HashMap<i64, _> = context.catalog.functions().into_iter().collect();
            call.texts(|row| {
                Ok(call.oid(0, row).and_then(|oid| functions.get(&oid)).map(|function| function.result.clone()))
            })
        })
}
