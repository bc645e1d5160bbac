//! Optimizer rules of mead's own.

mod lift_training;
mod single_row_cross_join;

pub(crate) use lift_training::LiftTraining;
pub(crate) use single_row_cross_join::SingleRowCrossJoin;
