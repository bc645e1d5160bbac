//! Asking models, through ONNX Runtime.

mod arena;
mod cache;
mod input;
mod output;
mod pool;
mod runtime;
mod session;
#[cfg(test)]
mod tests;
mod watch;

pub use cache::InferenceCache;
pub use runtime::{RUNTIME_MINOR_VERSION_MIN, check_runtime, limit_memory};
pub use session::{InferenceSession, Scores};
