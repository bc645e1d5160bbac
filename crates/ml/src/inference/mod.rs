//! Asking models: mead's own in its kernels, all others, and where it is faster, in ONNX Runtime.

mod arena;
mod cache;
mod engine;
#[cfg(test)]
mod engine_tests;
mod input;
mod native;
mod onnxruntime;
mod output;
mod pool;
mod rows;
mod runtime;
mod session;
#[cfg(test)]
mod tests;
mod watch;

pub use cache::InferenceCache;
pub use engine::{Choice, ENGINE_NAMES, Engine};
pub use runtime::{RUNTIME_MINOR_VERSION_MIN, check_runtime, limit_memory};
pub use session::{InferenceSession, Scores};
