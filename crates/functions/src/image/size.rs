//! How large images are before they are made: what a plan needs to know to hold few of them at a time.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::error::Result;
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use super::image_crop::ImageCrop;
use super::image_decode::ImageDecode;
use super::image_resize::ImageResize;
use super::normalize::Normalize;
use super::source::{Images, SourceOptions};
use crate::types::{self, KnownShape};

/// Channels of an image that does not say how many it has.
const CHANNELS_MAX: usize = 4;

/// What is assumed of an IMAGE of which nothing is known: 256 × 256 pixels of one channel.
const IMAGE_BYTES: usize = 256 << 10;

const VALUE_BYTES: usize = size_of::<f32>();

/// Bytes of one row's array or image in a column, where the column's field tells; 0 for anything else.
pub fn field_bytes(field: &Field) -> usize {
    match field.data_type() {
        DataType::FixedSizeList(item, length) => {
            let length = usize::try_from(*length).unwrap_or(0);
            length.saturating_mul(item.data_type().primitive_width().unwrap_or(0))
        }
        DataType::List(_) | DataType::LargeList(_) => shape_bytes(KnownShape::of(field)),
        other if types::is_image(other) => IMAGE_BYTES,
        _ => 0,
    }
}

/// 0 where height or width is not known.
fn shape_bytes(shape: KnownShape) -> usize {
    let channels = shape.channels.or(Some(CHANNELS_MAX));
    KnownShape { channels, ..shape }.values().map_or(0, |values| values.saturating_mul(VALUE_BYTES))
}

/// The images that expressions make of each row.
#[derive(Debug, Clone, Default)]
pub struct MadeImages {
    fixed_bytes: usize,
    files: Vec<File>,
}

/// An argument of IMAGE_DECODE, and the channels that its images are brought to.
#[derive(Debug, Clone)]
struct File {
    bytes: Arc<dyn PhysicalExpr>,
    channels: Option<usize>,
}

impl MadeImages {
    /// Takes in what an expression makes, its parts included.
    pub fn add(&mut self, expression: &Arc<dyn PhysicalExpr>) {
        for part in expression.children() {
            self.add(part);
        }
        let Some(call) = expression.downcast_ref::<ScalarFunctionExpr>() else { return };
        let function = call.fun().inner();
        if function.downcast_ref::<ImageDecode>().is_some() {
            self.files.extend(file(call));
        } else if function.downcast_ref::<ImageResize>().is_some() || function.downcast_ref::<ImageCrop>().is_some() {
            let field = call.return_field(&Schema::empty()).ok();
            let bytes = field.map_or(0, |field| field_bytes(&field).max(shape_bytes(KnownShape::of(&field))));
            self.fixed_bytes = self.fixed_bytes.saturating_add(bytes);
        } else if function.downcast_ref::<Normalize>().is_some() {
            // As large as its argument, beside which it stands.
            let mut argument = Self::default();
            call.args().first().into_iter().for_each(|image| argument.add(image));
            self.fixed_bytes = self.fixed_bytes.saturating_add(argument.fixed_bytes);
            self.files.extend(argument.files);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.fixed_bytes == 0 && self.files.is_empty()
    }

    /// True where only the rows tell how large their images are.
    pub fn depends_on_rows(&self) -> bool {
        !self.files.is_empty()
    }

    /// Bytes that every row's images take, those of which only the row tells left out.
    pub fn fixed_bytes(&self) -> usize {
        self.fixed_bytes
    }

    /// Bytes that the images of each row of a batch will take. The heads of files are read, not their pixels; a file that
    /// cannot be read counts nothing.
    pub fn row_bytes(&self, batch: &RecordBatch) -> Result<Vec<usize>> {
        let mut rows = vec![self.fixed_bytes; batch.num_rows()];
        for file in &self.files {
            let files = file.bytes.evaluate(batch)?.into_array(batch.num_rows())?;
            let shape = KnownShape { channels: file.channels, ..KnownShape::default() };
            let field = Field::new("file", files.data_type().clone(), true);
            let images = Images::new(&files, &field, SourceOptions { shape, null_on_error: true })?;
            for (row, bytes) in rows.iter_mut().enumerate() {
                *bytes = bytes.saturating_add(images.file_values(row).saturating_mul(VALUE_BYTES));
            }
        }
        Ok(rows)
    }
}

fn file(call: &ScalarFunctionExpr) -> Option<File> {
    let bytes = Arc::clone(call.args().first()?);
    let channels = call.args().get(1).and_then(|channels| channels.downcast_ref::<Literal>());
    let channels = channels.and_then(|literal| literal.value().cast_to(&DataType::UInt64).ok());
    let channels = match channels {
        Some(datafusion::scalar::ScalarValue::UInt64(Some(channels))) => usize::try_from(channels).ok(),
        _ => None,
    };
    Some(File { bytes, channels })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_tells_what_a_row_takes() {
        let shape = KnownShape { height: Some(2), width: Some(3), channels: Some(3) };
        assert_eq!(field_bytes(&types::tensor_field("image", shape)), 72);
        let open = KnownShape { channels: None, ..shape };
        assert_eq!(field_bytes(&types::tensor_field("image", open)), 96);
        assert_eq!(field_bytes(&types::tensor_field("image", KnownShape::default())), 0);
        assert_eq!(field_bytes(&Field::new("n", DataType::Int64, true)), 0);
        assert_eq!(field_bytes(&types::image_field("image", None)), IMAGE_BYTES);
    }
}
