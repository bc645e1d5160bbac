//! What the functions of a dialect say of themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::logical_expr::Documentation;
use mead_common::Dialect;

use super::{aggregate_functions, lambda, scalar_functions, table_functions, window_functions};
use crate::FunctionContext;

/// A function's other names and what it says of itself, by its name.
pub(crate) type Documented = BTreeMap<String, (Vec<String>, Documentation)>;

/// The functions of a dialect that are not those of DataFusion as they are.
pub(crate) fn documented(dialect: Dialect, context: &Arc<FunctionContext>) -> Documented {
    let scalar = scalar_functions(dialect, context)
        .into_iter()
        .map(|function| (function.name().to_owned(), function.aliases().to_vec(), function.documentation().cloned()));
    let aggregate = aggregate_functions(dialect, context)
        .into_iter()
        .map(|function| (function.name().to_owned(), function.aliases().to_vec(), function.documentation().cloned()));
    let window = window_functions(dialect)
        .into_iter()
        .map(|function| (function.name().to_owned(), function.aliases().to_vec(), function.documentation().cloned()));
    let lambda = lambda::functions(dialect)
        .into_iter()
        .map(|function| (function.name().to_owned(), function.aliases().to_vec(), function.documentation().cloned()));
    let table = table_functions(dialect)
        .into_iter()
        .map(|function| (function.name().to_owned(), Vec::new(), Some(function.documentation())));
    scalar
        .chain(aggregate)
        .chain(window)
        .chain(lambda)
        .chain(table)
        .filter_map(|(name, aliases, documentation)| Some((name, (aliases, documentation?))))
        .collect()
}
