//! pg_type_is_visible(oid): whether an unqualified name finds a type.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;
use mead_catalog::pg_type_rows::type_row;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_type_is_visible",
        "pg_type_is_visible(oid)",
        "Whether a type is found without its schema. NULL for an OID that none has.",
    )
    .form(&[Parameter::Oid])
    .argument("oid", "The OID of a type.")
    .returns(DataType::Boolean)
    .body(|call| {
        // All types are in pg_catalog, which every search path has.
        call.booleans(|row| {
            let oid = call.oid(0, row).and_then(|oid| u32::try_from(oid).ok());
            Ok(oid.and_then(type_row).map(|_| true))
        })
    })
}
