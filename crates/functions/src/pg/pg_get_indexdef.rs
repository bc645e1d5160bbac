//! pg_get_indexdef(index_oid [, column, pretty]): always NULL, since mead has no indexes.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_get_indexdef",
        "pg_get_indexdef(index_oid [, column, pretty])",
        "The definition of an index; always NULL, since there are no indexes.",
    )
    .form(&[Parameter::Oid])
    .form(&[Parameter::Oid, Parameter::Oid, Parameter::Boolean])
    .argument("index_oid", "The OID of an index.")
    .argument("column", "The number of a column.")
    .argument("pretty", "Whether it is laid out for people.")
    .body(|call| call.texts(|_| Ok(None::<&str>)))
}
