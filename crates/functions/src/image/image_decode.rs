//! IMAGE_DECODE: the pixels of a PNG or JPEG file.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int32Builder, StructArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::SECTION;
use super::pixels::{self, ON_ERROR};
use super::source::{Images, SourceOptions};
use crate::arguments::{self, Call};
use crate::context::FunctionContext;
use crate::error::external;
use crate::tensor::TensorBuilder;
use crate::types::{self, KnownShape};

pub(super) const NAMES: [&str; 3] = ["bytes", "channels", "on_error"];

/// `image_decode(bytes [, channels] [, on_error])`
#[derive(Debug)]
pub(super) struct ImageDecode {
    context: Arc<FunctionContext>,
    signature: Signature,
}

impl ImageDecode {
    pub fn new(context: &Arc<FunctionContext>) -> Self {
        Self { context: Arc::clone(context), signature: arguments::signature(&NAMES, Volatility::Immutable) }
    }
}

pixels::same_by_name!(ImageDecode);

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        SECTION,
        "Decodes a PNG or JPEG file. The values are 0 to 255, in row-major order [height, width, channels]. The result is \
         an IMAGE: a record of height, width, channels and pixels. Orientation and colour profiles are not applied.",
        "IMAGE_DECODE(bytes [, channels => n] [, on_error => 'error' | 'null'])",
    )
    .with_sql_example("```sql\nSELECT id, PREDICT('digits', IMAGE_RESIZE(IMAGE_DECODE(png), 28, 28)) FROM scans;\n```")
    .with_argument("bytes", "The file, bytea.")
    .with_argument(
        "channels",
        "1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha: what the image is brought to. By default each image keeps its \
         own. A literal.",
    )
    .with_argument(
        "on_error",
        "'error' (default): a file that cannot be decoded fails the statement; 'null': it gives NULL. A literal.",
    )
    .with_related_udf("image_resize")
    .build()
});

impl ScalarUDFImpl for ImageDecode {
    fn name(&self) -> &str {
        "image_decode"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(types::image_type())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let call = Call::new("image_decode", &NAMES, 1, self.documentation(), &args)?;
        let data_type = call.fields[0].data_type();
        if !types::is_binary(data_type) && !data_type.is_null() {
            return Err(call.wrong_type(0, "bytea").into());
        }
        let channels = call.integer(1, 1..=4)?.value();
        call.word(2, &ON_ERROR)?;
        Ok(types::image_field(self.name(), channels))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let options = SourceOptions {
            shape: KnownShape { channels: arguments::integer(&args.args, 1)?, ..KnownShape::default() },
            null_on_error: pixels::null_on_error(&args.args, 2),
        };
        pixels::evaluate(&args, |array, rows| {
            let images = Images::new(array, &args.arg_fields[0], options)?;
            let cancel = self.context.session.cancel();
            let mut builder = ImageBuilder::new(rows);
            for row in 0..rows {
                cancel.check().map_err(external)?;
                match images.get(row)? {
                    Some(image) => {
                        builder.push([image.height, image.width, image.channels], &image.pixels)?;
                    }
                    None => builder.push_null()?,
                }
            }
            builder.finish()
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

/// Collects IMAGE values.
pub(super) struct ImageBuilder {
    sizes: [Int32Builder; 3],
    pixels: TensorBuilder,
}

impl ImageBuilder {
    pub fn new(rows: usize) -> Self {
        Self {
            sizes: std::array::from_fn(|_| Int32Builder::with_capacity(rows)),
            pixels: TensorBuilder::new(&types::float_array_type(), rows),
        }
    }

    pub fn push_null(&mut self) -> Result<()> {
        self.sizes.iter_mut().for_each(Int32Builder::append_null);
        Ok(self.pixels.push_null()?)
    }

    pub fn push(&mut self, sizes: [usize; 3], pixels: &[f32]) -> Result<()> {
        self.pixels.push(pixels.len(), |values| values.copy_from_slice(pixels))?;
        for (builder, size) in self.sizes.iter_mut().zip(sizes) {
            builder.append_value(i32::try_from(size).unwrap_or(i32::MAX));
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<ArrayRef> {
        let pixels = self.pixels.finish()?;
        let nulls: Option<NullBuffer> = pixels.as_list::<i32>().nulls().cloned();
        let mut columns: Vec<ArrayRef> = vec![];
        for sizes in &mut self.sizes {
            columns.push(Arc::new(sizes.finish()));
        }
        columns.push(pixels);
        let DataType::Struct(fields) = types::image_type() else {
            return datafusion::common::internal_err!("IMAGE is not a struct");
        };
        Ok(Arc::new(StructArray::try_new(fields, columns, nulls)?))
    }
}
