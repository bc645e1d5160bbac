//! The ONNX format: writing networks, and reading files that nobody has reason to trust.

mod export;
mod graph;
mod import;
mod interface;
pub(crate) mod proto;
mod scan;
#[cfg(test)]
mod tests;
mod validate;

pub(crate) use export::{PREDICTION_NAME, PROBABILITIES_NAME, export};
pub(crate) use import::import;
pub(crate) use interface::{Interface, interface};
pub use validate::MODEL_BYTES_MAX;
pub(crate) use validate::{decode, shortened};
