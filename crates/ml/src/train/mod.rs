//! Training: options, the static plan, the rows, the threads, the epochs.
//!
//! The same rows, options and seed give the same parameters, whatever order rows come in and however many threads there are.
//! Rows in a file are shuffled window by window instead of all together, so they give other parameters than the same rows in
//! memory, again the same ones whenever they are spilled.

mod blocks;
mod feed;
mod fuse;
mod optimizer;
mod options;
mod order;
mod plan;
mod pool;
mod setup;
mod trainer;
mod windows;

#[cfg(test)]
mod fuse_tests;

pub use options::{LossKind, OPTION_NAMES, OptimizerKind, OptionValue, TrainOptions};
pub use plan::{Chunk, Plan, Weights};
pub use setup::{planned_steps, training_bytes, training_steps};
pub(crate) use trainer::largest;
pub use trainer::{EpochReport, LayerWeights, TrainedNetwork, train};
