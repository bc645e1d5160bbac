//! pg_collation_is_visible(oid): whether an unqualified name finds a collation.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::{Builder, Parameter};

/// The OIDs of "default", "C" and "POSIX".
const COLLATIONS: [i64; 3] = [100, 950, 951];

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_collation_is_visible",
        "pg_collation_is_visible(oid)",
        "Whether a collation is found without its schema. NULL for an OID that none has.",
    )
    .form(&[Parameter::Oid])
    .argument("oid", "The OID of a collation.")
    .returns(DataType::Boolean)
    .volatility(Volatility::Immutable)
    .body(|call| call.booleans(|row| Ok(call.oid(0, row).filter(|oid| COLLATIONS.contains(oid)).map(|_| true))))
}
