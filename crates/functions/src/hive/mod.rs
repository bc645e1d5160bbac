//! The functions of Hive and of Spark, as a session of these dialects has them, one a file.
//!
//! They are registered over DataFusion's and mead's own: a function of the same name takes the other's place, so that
//! `substr(x, 0)` or `concat(x, NULL)` gives what Hive gives, in that dialect alone.

mod aggregate;
mod call;
mod collection;
mod conditional;
pub mod convert;
mod date;
mod definition;
mod documented;
mod json;
mod lambda;
mod math;
mod other;
mod string;
pub mod table;
#[cfg(test)]
mod tests;
mod window;
mod xml;

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use mead_common::Dialect;

use crate::FunctionContext;

pub(crate) use documented::documented;
pub use string::column_pattern::ColumnPattern;
pub use table::{TableCall, TableFunction, TableRows, table_function, table_functions};

/// The scalar functions of a dialect.
pub fn scalar_functions(dialect: Dialect, context: &Arc<FunctionContext>) -> Vec<ScalarUDF> {
    let families = [
        date::definitions(dialect),
        math::definitions(dialect),
        string::definitions(dialect),
        collection::definitions(dialect),
        // Spark's decode takes the place of that of text.
        conditional::definitions(dialect),
        json::definitions(dialect),
        other::definitions(dialect),
        xml::definitions(),
    ];
    let defined = families.concat().into_iter().map(|definition| definition.function(dialect, context));
    let current = date::current().into_iter().map(Arc::unwrap_or_clone);
    defined.chain(current).collect()
}

/// The aggregate functions of a dialect.
pub fn aggregate_functions(dialect: Dialect, context: &Arc<FunctionContext>) -> Vec<AggregateUDF> {
    let _ = context;
    aggregate::functions(dialect)
}

/// The window functions of a dialect.
pub fn window_functions(dialect: Dialect) -> Vec<WindowUDF> {
    let _ = dialect;
    window::functions()
}

/// Registers what a session of a dialect has beyond what all sessions have.
pub(crate) fn register(
    dialect: Dialect,
    context: &Arc<FunctionContext>,
    registry: &mut dyn FunctionRegistry,
) -> Result<()> {
    for function in scalar_functions(dialect, context) {
        registry.register_udf(Arc::new(function))?;
    }
    for function in aggregate_functions(dialect, context) {
        registry.register_udaf(Arc::new(function))?;
    }
    for function in lambda::functions(dialect) {
        registry.register_higher_order_function(Arc::new(function))?;
    }
    for function in window_functions(dialect) {
        registry.register_udwf(Arc::new(function))?;
    }
    Ok(())
}
