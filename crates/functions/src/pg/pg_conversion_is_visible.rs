//! pg_conversion_is_visible(oid): whether an unqualified name finds a conversion between character sets.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_conversion_is_visible",
        "pg_conversion_is_visible(oid)",
        "Whether a conversion between character sets is found without its schema; always NULL, since there are none.",
    )
    .form(&[Parameter::Oid])
    .argument("oid", "The OID to look for.")
    .returns(DataType::Boolean)
    .body(|call| call.booleans(|_| Ok(None)))
}
