//! col_description(relation_oid, column): always NULL, since columns have no comments.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "col_description",
        "col_description(relation_oid, column)",
        "The comment on a column; always NULL, since columns have no comments.",
    )
    .form(&[Parameter::Oid, Parameter::Oid])
    .argument("relation_oid", "The OID of a table or view.")
    .argument("column", "The number of the column.")
    .body(|call| call.texts(|_| Ok(None::<&str>)))
}
