//! How many bytes tables take on disk.

use std::io;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::{Builder, Parameter};
use super::names;
use crate::context::FunctionContext;
use crate::error::external;

/// A function that gives the size of a relation. A table's files are all there is to it: it has no indexes.
pub(super) fn of_relation(
    context: &Arc<FunctionContext>,
    name: &'static str,
    syntax: &'static str,
    description: &'static str,
) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(name, syntax, description)
        .form(&[Parameter::NameOrOid])
        .argument("relation", "The OID or the name of a table or view.")
        .returns(DataType::Int64)
        .volatility(Volatility::Volatile)
        .body(move |call| {
            let relations = context.catalog.relations(None).map_err(external)?;
            let views = context.catalog.classes().map_err(external)?;
            call.oids(|row| {
                let oid = match (call.oid(0, row), call.text(0, row)) {
                    (Some(oid), _) => oid,
                    (None, Some(name)) => {
                        names::relation(&context, name)?.ok_or_else(|| names::undefined_relation(name))?.oid
                    }
                    (None, None) => return Ok(None),
                };
                match relations.iter().find(|relation| relation.oid == oid) {
                    Some(relation) => match &relation.new.location {
                        Some(path) => bytes(path).map(Some),
                        None => Ok(Some(0)),
                    },
                    None => Ok(views.iter().any(|class| class.oid == oid).then_some(0)),
                }
            })
        })
}

/// The bytes of a file, or of all files below a folder. What vanishes meanwhile counts as nothing.
pub(super) fn bytes(path: &Path) -> Result<i64> {
    let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let walk = || -> io::Result<u64> {
        let mut total = 0;
        let mut paths = vec![path.to_owned()];
        while let Some(path) = paths.pop() {
            match std::fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => match std::fs::read_dir(&path) {
                    Ok(entries) => {
                        for entry in entries {
                            paths.push(entry?.path());
                        }
                    }
                    Err(error) if gone(&error) => {}
                    Err(error) => return Err(error),
                },
                Ok(found) => total += found.len(),
                Err(error) if gone(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(total)
    };
    walk().map(|total| i64::try_from(total).unwrap_or(i64::MAX)).map_err(DataFusionError::IoError)
}
