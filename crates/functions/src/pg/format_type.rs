//! format_type(type_oid, typemod): a type's name in SQL.

use datafusion::logical_expr::{ScalarUDF, Volatility};
use mead_catalog::pg_type_rows;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new("format_type", "format_type(type_oid, typemod)", "The name of a type in SQL, with its modifier.")
        .form(&[Parameter::Oid, Parameter::Oid])
        .argument("type_oid", "The OID of a type.")
        .argument("typemod", "The modifier, as `pg_attribute.atttypmod` has it; -1 for none, NULL if it is not known.")
        .volatility(Volatility::Immutable)
        .body(|call| {
            call.texts(|row| {
                let Some(oid) = call.oid(0, row) else { return Ok(None) };
                let modifier = call.oid(1, row).map(|modifier| i32::try_from(modifier).unwrap_or(-1));
                Ok(Some(match u32::try_from(oid) {
                    Ok(0) => "-".to_owned(),
                    Ok(oid) => pg_type_rows::format_type(oid, modifier).unwrap_or_else(|| "???".to_owned()),
                    Err(_) => "???".to_owned(),
                }))
            })
        })
}
