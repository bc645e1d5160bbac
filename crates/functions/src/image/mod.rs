//! Images: decoding files, resizing, cropping, scaling values.
//!
//! An image is an IMAGE (decoded, each row with its own shape), a FLOAT array (flat and row-major, or nested as
//! `[height][width]` or `[height][width][channels]`), or the bytes of a PNG or JPEG file.

mod file;
mod image_crop;
mod image_decode;
mod image_resize;
mod normalize;
mod pixels;
mod resample;
mod size;
mod source;

use std::sync::Arc;

use datafusion::logical_expr::{DocSection, ScalarUDF};

use crate::context::FunctionContext;

pub use size::{MadeImages, field_bytes};

#[cfg(test)]
pub(crate) use file::tests;

/// The section of the reference in which these functions stand.
pub(crate) const SECTION: DocSection = DocSection {
    include: true,
    label: "Image functions",
    description: Some(
        "An image is an IMAGE, as IMAGE_DECODE gives it, a FLOAT array in row-major order [height, width, channels], or \
         the bytes of a PNG or JPEG file.",
    ),
};

/// The family's functions, in alphabetical order.
pub(crate) fn functions(context: &Arc<FunctionContext>) -> Vec<ScalarUDF> {
    vec![
        image_crop::ImageCrop::new(context).into(),
        image_decode::ImageDecode::new(context).into(),
        image_resize::ImageResize::new(context).into(),
        normalize::Normalize::new().into(),
    ]
}
