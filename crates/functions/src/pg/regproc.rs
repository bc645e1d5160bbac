//! regproc(value): what a cast to regproc does. The value of the type is the OID of a function.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_common::{Diagnostic, sqlstate};

use super::call::{Builder, Parameter};
use super::names;
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "regproc",
        "regproc(value)",
        "The OID of a function, as a cast to regproc gives it; an unknown name is an error.",
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
                        sqlstate::UNDEFINED_FUNCTION,
                        format!("function \"{name}\" does not exist"),
                    ))),
                },
            }
        })
    })
}

/// The OID of a function of this name.
pub(super) fn find(context: &FunctionContext, name: &str) -> Result<Option<i64>> {
    let parts = names::parse(name)?;
    let name = match parts.as_slice() {
        [name] => name,
        [schema, name] if schema == "pg_catalog" => name,
        _ => return Ok(None),
    };
    Ok(context.catalog.functions().into_iter().find(|(_, function)| function.name == *name).map(|(oid, _)| oid))
}
