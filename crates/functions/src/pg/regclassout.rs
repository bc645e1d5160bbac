//! regclassout(oid): a relation as text, as a cast from regclass to text gives it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use super::names;
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("regclassout", "regclassout(oid)", "The name of a relation, as a cast of regclass to text gives it.")
        .form(&[Parameter::Oid])
        .argument("oid", "Its OID. An OID that none has is shown as it is, 0 as a dash.")
        .body(move |call| {
            let visible = names::visible(&context)?;
            let classes = context.catalog.classes().map_err(external)?;
            let classes: HashMap<i64, _> = classes.iter().map(|class| (class.oid, class)).collect();
            let name = |oid: i64| {
                let class = classes.get(&oid)?;
                let name = names::quote(&class.name);
                Some(if visible.contains(&oid) { name } else { format!("{}.{name}", names::quote(&class.schema)) })
            };
            call.texts(|row| {
                Ok(call.oid(0, row).map(|oid| match name(oid) {
                    _ if oid == 0 => "-".to_owned(),
                    Some(name) => name,
                    None => oid.to_string(),
                }))
            })
        })
}
