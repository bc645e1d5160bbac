//! Training: options, the static plan, the threads, the epochs.

mod blocks;
mod fuse;
mod optimizer;
mod options;
mod order;
mod plan;
mod pool;
mod setup;
mod trainer;

#[cfg(test)]
mod fuse_tests;

pub use options::{LossKind, OPTION_NAMES, OptimizerKind, OptionValue, TrainOptions};
pub use plan::{Chunk, Plan, Weights};
pub use setup::training_bytes;
pub use trainer::{EpochReport, LayerWeights, TrainedNetwork, train};
