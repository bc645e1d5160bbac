//! Aggregate functions of mathematics.

mod median;
mod sum;
mod total;

use datafusion::logical_expr::AggregateUDF;

pub(crate) use sum::function as sum_function;
pub use sum::{freeze_sum, sum_as};

/// The family's functions, in alphabetical order.
pub(crate) fn functions() -> Vec<AggregateUDF> {
    vec![median::function(), sum::function()]
}
