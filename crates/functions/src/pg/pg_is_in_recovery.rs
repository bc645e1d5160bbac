//! pg_is_in_recovery(): whether the server is a standby.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::call::Builder;

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_is_in_recovery",
        "pg_is_in_recovery()",
        "Whether the server is a standby; false, since there are none.",
    )
    .form(&[])
    .returns(DataType::Boolean)
    .body(|call| call.booleans(|_| Ok(Some(false))))
}
