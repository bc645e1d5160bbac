//! regclass(value): what a cast to regclass does. The value of the type is the OID of a relation.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use super::names;
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "regclass",
        "regclass(value)",
        "The OID of a relation, as a cast to regclass gives it; an unknown name is an error.",
    )
    .form(&[Parameter::NameOrOid])
    .argument("value", "The name, as SQL writes it, or the OID itself.")
    .returns(DataType::Int64)
    .body(move |call| {
        call.oids(|row| {
            if let Some(oid) = call.oid(0, row) {
                return Ok(Some(oid));
            }
            let Some(name) = call.text(0, row) else { return Ok(None) };
            match name.trim() {
                "-" => Ok(Some(0)),
                digits if digits.parse::<u32>().is_ok() => Ok(digits.parse::<i64>().ok()),
                _ => match find(&context, name)? {
                    Some(oid) => Ok(Some(oid)),
                    None => Err(names::undefined_relation(name)),
                },
            }
        })
    })
}

/// The OID of a relation of this name.
pub(super) fn find(context: &FunctionContext, name: &str) -> Result<Option<i64>> {
    Ok(names::relation(context, name)?.map(|class| class.oid))
}
