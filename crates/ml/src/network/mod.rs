//! Networks as they are declared: layers as text, shapes inferred.

mod parse;
mod shape;
mod spec;
mod text;
mod window;

pub use parse::LAYER_NAMES;
pub use shape::image;
pub use spec::{Activation, Convolution, LayerSpec, NetworkSpec, default_cnn, shape_text};
pub use window::{Padding, Rank, Window, image_of};
