//! pg_statistics_obj_is_visible(oid): whether an unqualified name finds an extended statistics object.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_statistics_obj_is_visible",
        "pg_statistics_obj_is_visible(oid)",
        "Whether an extended statistics object is found without its schema; always NULL, since there are none.",
    )
    .form(&[Parameter::Oid])
    .argument("oid", "The OID of a statistics object.")
    .returns(DataType::Boolean)
    .body(|call| call.booleans(|_| Ok(None)))
}
