//! Operators of mead's own, each with its logical node, its execution and its planner.

pub(crate) mod batch_rows;
pub(crate) mod first_error;
pub(crate) mod generate;
pub(crate) mod shared_scan;
pub(crate) mod slice_batches;
pub(crate) mod train;
pub(crate) mod transform;
pub(crate) mod unordered;
