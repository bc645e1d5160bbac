//! pg_ts_config_is_visible(oid): whether an unqualified name finds a text search configuration.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_ts_config_is_visible",
        "pg_ts_config_is_visible(oid)",
        "Whether a text search configuration is found without its schema; always NULL, since there are none.",
    )
    .form(&[Parameter::Oid])
    .argument("oid", "The OID to look for.")
    .returns(DataType::Boolean)
    .body(|call| call.booleans(|_| Ok(None)))
}
