//! Networks as they are declared: layers as text, shapes inferred.

mod parse;
mod shape;
mod spec;

pub use parse::LAYER_NAMES;
pub use spec::{Activation, LayerSpec, NetworkSpec, Padding, default_cnn, shape_text};
