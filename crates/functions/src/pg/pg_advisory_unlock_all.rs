//! pg_advisory_unlock_all(): gives up the session's advisory locks.

use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::Builder;

/// No advisory lock can be taken, so none is left. The result is empty, as PostgreSQL's void is shown.
pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_advisory_unlock_all",
        "pg_advisory_unlock_all()",
        "Gives up all advisory locks of the session, of which there are none.",
    )
    .form(&[])
    .volatility(Volatility::Volatile)
    .body(|call| call.texts(|_| Ok(Some(""))))
}
