//! pg_get_partkeydef(table_oid): always NULL, since no table is partitioned into tables.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_get_partkeydef",
        "pg_get_partkeydef(table_oid)",
        "How a table is partitioned into tables; always NULL, since there are no such tables.",
    )
    .form(&[Parameter::Oid])
    .argument("table_oid", "The OID of a table.")
    .body(|call| call.texts(|_| Ok(None::<&str>)))
}
