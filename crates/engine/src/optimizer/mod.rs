//! Optimizer rules of mead's own.

mod checked_arithmetic;
mod large_rows;
mod lift_training;
mod prune_empty;
mod round_casts;
mod single_row_cross_join;
mod single_value_subquery;
mod yielding_joins;

pub(crate) use checked_arithmetic::{CheckedArithmetic, SignedOperands};
pub(crate) use large_rows::LargeRows;
pub(crate) use lift_training::LiftTraining;
pub(crate) use prune_empty::PruneEmpty;
pub(crate) use round_casts::RoundCasts;
pub(crate) use single_row_cross_join::SingleRowCrossJoin;
pub(crate) use single_value_subquery::SingleValueSubquery;
pub(crate) use yielding_joins::YieldingJoins;
