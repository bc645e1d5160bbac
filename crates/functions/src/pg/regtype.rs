//! regtype(value): what a cast to regtype does. The value of the type is the OID of a type.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_catalog::pg_type_rows::type_named;
use mead_common::{Diagnostic, sqlstate};

use super::call::{Builder, Parameter};
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "regtype",
        "regtype(value)",
        "The OID of a type, as a cast to regtype gives it; an unknown name is an error.",
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
                    None => Err(external(Diagnostic::new(
                        sqlstate::UNDEFINED_OBJECT,
                        format!("type \"{name}\" does not exist"),
                    ))),
                },
            }
        })
    })
}

/// The OID of a type of this name.
pub(super) fn find(context: &FunctionContext, name: &str) -> Result<Option<i64>> {
    let _ = context;
    Ok(type_named(name).map(i64::from))
}
