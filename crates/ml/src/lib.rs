//! Machine learning on Arrow arrays: networks and their training, models as ONNX files, inference, metrics.
//!
//! This crate knows no SQL. The life of a model: a [`DatasetBuilder`] takes batches, [`fit`] trains and gives a [`Model`],
//! an [`InferenceCache`] gives the session that answers for it, an [`Evaluation`] counts how often it is right.

pub mod dataset;
mod error;
mod inference;
mod kernel;
pub mod layer;
mod metrics;
mod model;
pub mod network;
mod onnx;
pub mod train;

pub use dataset::{Dataset, DatasetBuilder, LabelKind, Labels, SpillFile, SpillSpace};
pub use error::Error;
pub use inference::{
    Choice, ENGINE_NAMES, Engine, InferenceCache, InferenceSession, RUNTIME_MINOR_VERSION_MIN, Scores, check_runtime,
    limit_memory,
};
pub use kernel::Isa;
pub use metrics::Evaluation;
pub use model::{
    Batch, Element, Epoch, LabelInfo, Metadata, Model, OutputSpec, Provenance, Signature, Task, TensorSpec, Training,
    content_hash, fit,
};
pub use onnx::MODEL_BYTES_MAX;
pub use train::{EpochReport, OptionValue, TrainOptions, planned_steps, training_bytes, training_steps};
