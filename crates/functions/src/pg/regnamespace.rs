//! regnamespace(value): what a cast to regnamespace does. The value of the type is the OID of a schema.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_catalog::schema_name;
use mead_common::{Diagnostic, sqlstate};

use super::call::{Builder, Parameter};
use super::names;
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "regnamespace",
        "regnamespace(value)",
        "The OID of a schema, as a cast to regnamespace gives it; an unknown name is an error.",
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
                        sqlstate::INVALID_SCHEMA_NAME,
                        format!("schema \"{name}\" does not exist"),
                    ))),
                },
            }
        })
    })
}

/// The OID of a schema of this name.
pub(super) fn find(context: &FunctionContext, name: &str) -> Result<Option<i64>> {
    let parts = names::parse(name)?;
    let [schema] = parts.as_slice() else { return Ok(None) };
    let schemas = context.catalog.named_schemas().map_err(external)?;
    Ok(schemas.into_iter().find(|(_, name)| name == schema_name(schema)).map(|(oid, _)| oid))
}
