//! pg_get_viewdef(view [, pretty]): a view's query.

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
        "pg_get_viewdef",
        "pg_get_viewdef(view [, pretty])",
        "The query of a view. NULL for what is not a view.",
    )
    .form(&[Parameter::NameOrOid])
    .form(&[Parameter::NameOrOid, Parameter::Boolean])
    .form(&[Parameter::NameOrOid, Parameter::Oid])
    .argument("view", "The OID or the name of the view.")
    .argument("pretty", "Whether it is laid out for people, or at which width; the query stands as it was written.")
    .body(move |call| {
        let classes = context.catalog.classes().map_err(external)?;
        let by_oid: HashMap<i64, _> = classes.iter().map(|class| (class.oid, class)).collect();
        let query = |definition: Option<&String>| {
            definition.map(|text| format!(" {};", text.trim().trim_end_matches(';').trim_end()))
        };
        call.texts(|row| {
            if let Some(oid) = call.oid(0, row) {
                return Ok(by_oid.get(&oid).and_then(|class| query(class.definition.as_ref())));
            }
            let Some(name) = call.text(0, row) else { return Ok(None) };
            match names::relation(&context, name)? {
                Some(class) => Ok(query(class.definition.as_ref())),
                None => Err(names::undefined_relation(name)),
            }
        })
    })
}
