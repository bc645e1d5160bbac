//! Training: options, the static plan, the threads, the epochs.

mod optimizer;
mod options;
mod order;
mod plan;
mod pool;
mod trainer;

pub use options::{LossKind, OPTION_NAMES, OptimizerKind, OptionValue, TrainOptions};
pub use plan::{Chunk, Plan};
pub use trainer::{EpochReport, LayerWeights, TrainedNetwork, train, training_bytes};
