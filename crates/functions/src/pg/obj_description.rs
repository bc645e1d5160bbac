//! obj_description(oid [, catalog]): the comment on an object.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("obj_description", "obj_description(oid [, catalog])", "The comment on a table, view or function.")
        .form(&[Parameter::Oid])
        .form(&[Parameter::Oid, Parameter::Text])
        .argument("oid", "The OID of the object.")
        .argument("catalog", "The name of the relation of pg_catalog that lists it, such as 'pg_class'.")
        .body(move |call| {
            let classes = context.catalog.classes().map_err(external)?;
            let classes = classes.into_iter().filter_map(|class| Some((class.oid, class.comment?)));
            let functions = context.catalog.functions().into_iter();
            let functions = functions.filter_map(|(oid, function)| Some((oid, function.description.clone()?)));
            let (classes, functions): (HashMap<i64, String>, HashMap<i64, String>) =
                (classes.collect(), functions.collect());
            call.texts(|row| {
                let Some(oid) = call.oid(0, row) else { return Ok(None) };
                if call.count() == 1 {
                    return Ok(classes.get(&oid).or(functions.get(&oid)));
                }
                Ok(match call.text(1, row) {
                    Some("pg_class") => classes.get(&oid),
                    Some("pg_proc") => functions.get(&oid),
                    _ => None,
                })
            })
        })
}
