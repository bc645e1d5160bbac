//! pg_tablespace_location(oid): where a tablespace lies.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

/// The two tablespaces are the data directory itself, whose path PostgreSQL does not tell either.
pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_tablespace_location",
        "pg_tablespace_location(oid)",
        "Where a tablespace lies; empty, since there are none outside of the data directory.",
    )
    .form(&[Parameter::Oid])
    .argument("oid", "The OID of a tablespace.")
    .body(|call| call.texts(|row| Ok(call.oid(0, row).map(|_| ""))))
}
