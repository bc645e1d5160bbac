//! Optimizer rules of mead's own.

mod checked_arithmetic;
mod correlated_not_in;
mod file_names;
mod hive_casts;
mod hive_types;
mod hive_values;
mod json;
mod large_rows;
mod lift_training;
mod literals;
mod postgres_casts;
mod prune_empty;
mod single_row_cross_join;
mod single_value_subquery;
mod small_sums;
mod yielding_joins;

pub(crate) use checked_arithmetic::{CheckedArithmetic, SignedOperands};
pub(crate) use correlated_not_in::CorrelatedNotIn;
pub(crate) use file_names::FileNames;
pub(crate) use hive_casts::HiveCasts;
pub(crate) use hive_types::HiveTypes;
pub(crate) use json::Json;
pub(crate) use large_rows::LargeRows;
pub(crate) use lift_training::LiftTraining;
pub(crate) use literals::Literals;
pub(crate) use postgres_casts::PostgresCasts;
pub(crate) use prune_empty::PruneEmpty;
pub(crate) use single_row_cross_join::SingleRowCrossJoin;
pub(crate) use single_value_subquery::SingleValueSubquery;
pub(crate) use small_sums::small_sums;
pub(crate) use yielding_joins::YieldingJoins;
