//! Every SQL function of mead, one a file. What DataFusion brings along is registered by the engine.
//!
//! A function is added by one new file and one line in its family's list; the reference page is made from its
//! `Documentation`.

mod aggregate;
mod arguments;
pub mod cast;
mod conditional;
mod context;
mod error;
mod form;
pub mod hive;
mod hive_operator;
pub mod image;
pub mod ml;
mod model;
mod named_arguments;
mod number;
pub mod pg;
mod reference;
pub mod tensor;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod train;
pub mod types;
mod value;

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use mead_common::Dialect;

pub use aggregate::{freeze_sum, sum_as};
pub use context::{FunctionContext, SessionInfo};
pub use error::Error;
pub use hive_operator::{
    DecimalOperator, Length, decimal_operator, decimal_type, divide, divide_whole, hive_cast, interval_divide,
    interval_length, interval_multiply, member_of_each,
};
pub use ml::scored_by;
pub use model::{Evaluator, ModelReference, ModelSource, Scorer};
pub use named_arguments::NamedArguments;
pub use number::freeze_places;
pub use reference::{hive_reference_markdown, reference_markdown};
pub use value::json_in;

/// Registers all functions of this crate.
pub fn register(context: &Arc<FunctionContext>, registry: &mut dyn FunctionRegistry) -> Result<()> {
    for function in scalar_functions(context) {
        registry.register_udf(Arc::new(function))?;
    }
    for function in aggregate_functions(context) {
        registry.register_udaf(Arc::new(function))?;
    }
    Ok(())
}

/// Registers what the functions of a dialect are beyond [`register`]'s, in whose place they come where they have the same name.
pub fn register_dialect(
    dialect: Dialect,
    context: &Arc<FunctionContext>,
    registry: &mut dyn FunctionRegistry,
) -> Result<()> {
    match dialect {
        Dialect::Postgres => Ok(()),
        Dialect::Hive | Dialect::Spark => hive::register(dialect, context, registry),
    }
}

/// The scalar functions of all families.
pub fn scalar_functions(context: &Arc<FunctionContext>) -> Vec<ScalarUDF> {
    [
        conditional::functions(),
        image::functions(context),
        ml::functions(context),
        number::functions(),
        pg::functions(context),
        value::functions(),
    ]
    .concat()
}

/// The aggregate functions of all families.
pub fn aggregate_functions(context: &Arc<FunctionContext>) -> Vec<AggregateUDF> {
    let _ = context;
    [aggregate::functions(), pg::aggregates(), train::functions()].concat()
}
