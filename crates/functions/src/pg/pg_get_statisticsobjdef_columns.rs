//! pg_get_statisticsobjdef_columns(statistics_oid): always NULL, since mead has no extended statistics.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_get_statisticsobjdef_columns",
        "pg_get_statisticsobjdef_columns(statistics_oid)",
        "The columns of an extended statistics object; always NULL, since there are none.",
    )
    .form(&[Parameter::Oid])
    .argument("statistics_oid", "The OID of a statistics object.")
    .body(|call| call.texts(|_| Ok(None::<&str>)))
}
