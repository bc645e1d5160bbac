//! Training: options, the static plan, the threads, the epochs.

mod options;
mod optimizer;
mod plan;
mod pool;
mod trainer;

pub use options::{LossKind, OPTION_NAMES, OptimizerKind, OptionValue, TrainOptions};
pub use plan::Plan;
pub use trainer::{EpochReport, LayerWeights, TrainedNetwork, train};
