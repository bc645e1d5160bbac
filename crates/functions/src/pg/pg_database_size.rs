//! pg_database_size(database): how many bytes the data directory takes on disk.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{ScalarUDF, Volatility};
use mead_common::{Diagnostic, sqlstate};

use super::call::{Builder, Parameter};
use super::has_database_privilege::DATABASE_OID;
use super::sizes;
use crate::context::FunctionContext;
use crate::error::external;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("pg_database_size", "pg_database_size(database)", "The bytes that the data directory takes on disk.")
        .form(&[Parameter::NameOrOid])
        .argument("database", "The name or OID of the database.")
        .returns(DataType::Int64)
        .volatility(Volatility::Volatile)
        .body(move |call| {
            call.oids(|row| match (call.oid(0, row), call.text(0, row)) {
                (Some(DATABASE_OID), _) => sizes::bytes(context.catalog.folder()).map(Some),
                (None, Some(name)) if name == context.session.database() => {
                    sizes::bytes(context.catalog.folder()).map(Some)
                }
                (None, Some(name)) => {
                    let message = format!("database \"{name}\" does not exist");
                    Err(external(Diagnostic::new(sqlstate::INVALID_CATALOG_NAME, message)))
                }
                _ => Ok(None),
            })
        })
}
