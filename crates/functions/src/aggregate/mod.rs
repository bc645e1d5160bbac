//! Aggregate functions of mathematics.

mod median;

use datafusion::logical_expr::AggregateUDF;

/// The family's functions, in alphabetical order.
pub(crate) fn functions() -> Vec<AggregateUDF> {
    vec![median::function()]
}
