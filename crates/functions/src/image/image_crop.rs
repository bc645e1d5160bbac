//! IMAGE_CROP: a rectangle cut out of an image.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::SECTION;
use super::pixels::{self, SIDE_MAX, SourceArguments};
use super::source::{Image, Images};
use crate::arguments::{self, Call, Integers, Literal};
use crate::context::FunctionContext;
use crate::error::{Error, external};
use crate::tensor::TensorBuilder;
use crate::types;

const NAMES: [&str; 9] =
    ["image", "top", "left", "height", "width", "channels", "on_error", "source_height", "source_width"];
const SOURCE: SourceArguments = SourceArguments { channels: 5, on_error: 6, height: 7, width: 8 };

/// `image_crop(image, top, left, height, width [, channels] [, on_error] [, source_height] [, source_width])`
#[derive(Debug)]
pub(super) struct ImageCrop {
    context: Arc<FunctionContext>,
    signature: Signature,
}

impl ImageCrop {
    pub fn new(context: &Arc<FunctionContext>) -> Self {
        Self { context: Arc::clone(context), signature: arguments::signature(&NAMES, Volatility::Immutable) }
    }
}

pixels::same_by_name!(ImageCrop);

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        SECTION,
        "Cuts a rectangle out of an image. The result is a FLOAT array, row-major [height, width, channels]. The \
         rectangle must lie within the image.",
        "IMAGE_CROP(image, top, left, height, width [, channels => n] [, on_error => 'error' | 'null'] \
         [, source_height => n] [, source_width => n])",
    )
    .with_sql_example("```sql\nSELECT IMAGE_CROP(IMAGE_DECODE(photo), face_top, face_left, 64, 64) FROM faces;\n```")
    .with_argument(
        "image",
        "An IMAGE, a FLOAT array, or the bytes of a PNG or JPEG file. A flat array is taken as square with one channel \
         unless the arguments below say otherwise.",
    )
    .with_argument("top", "The first line to keep, from 0. It may differ from row to row.")
    .with_argument("left", "The first column to keep, from 0. It may differ from row to row.")
    .with_argument("height", "The height of the rectangle, in pixels. A literal.")
    .with_argument("width", "The width of the rectangle, in pixels. A literal.")
    .with_argument(
        "channels",
        "Of a flat array: how many channels it has. Of a file or an IMAGE: how many it is brought to (1 grey, 3 RGB, 4 \
         RGB and alpha). A literal.",
    )
    .with_argument("on_error", "What a file that cannot be decoded gives: 'error' (default) or 'null'. A literal.")
    .with_argument("source_height", "The height of a flat array that is not square. A literal.")
    .with_argument("source_width", "The width of a flat array that is not square. A literal.")
    .with_related_udf("image_resize")
    .build()
});

impl ScalarUDFImpl for ImageCrop {
    fn name(&self) -> &str {
        "image_crop"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(types::float_array_type())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let call = Call::new("image_crop", &NAMES, 5, self.documentation(), &args)?;
        for index in [1, 2] {
            call.check_number(index)?;
        }
        let height = size(&call, 3)?;
        let width = size(&call, 4)?;
        SOURCE.plan(&call, height, width)
    }

    fn simplify(&self, args: Vec<Expr>, _info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(SOURCE.take_in_decode(|| ImageCrop::new(&self.context).into(), args))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (Some(height), Some(width)) = (arguments::integer(&args.args, 3)?, arguments::integer(&args.args, 4)?)
        else {
            return datafusion::common::internal_err!("image_crop without a size");
        };
        let (top, left) = (Integers::new(&args.args[1])?, Integers::new(&args.args[2])?);
        pixels::evaluate(&args, |array, rows| {
            let images = Images::new(array, &args.arg_fields[0], SOURCE.read(&args.args)?)?;
            let cancel = self.context.session.cancel();
            let mut builder = TensorBuilder::new(args.return_field.data_type(), rows);
            for row in 0..rows {
                cancel.check().map_err(external)?;
                let (Some(top), Some(left)) = (top.get(row), left.get(row)) else {
                    builder.push_null()?;
                    continue;
                };
                let Some(image) = images.get(row)? else {
                    builder.push_null()?;
                    continue;
                };
                let (top, left) = corner(&image, (top, left), (height, width), row)?;
                builder.push(height * width * image.channels, |target| {
                    let line = width * image.channels;
                    for (index, target) in target.chunks_exact_mut(line).enumerate() {
                        let start = ((top + index) * image.width + left) * image.channels;
                        target.copy_from_slice(&image.pixels[start..start + line]);
                    }
                })?;
            }
            builder.finish()
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

/// The corner as indexes, where the rectangle lies within the image.
fn corner(image: &Image, corner: (i64, i64), size: (usize, usize), row: usize) -> Result<(usize, usize), Error> {
    let fits = |start: i64, size: usize, whole: usize| {
        usize::try_from(start).ok().filter(|start| start.checked_add(size).is_some_and(|end| end <= whole))
    };
    match (fits(corner.0, size.0, image.height), fits(corner.1, size.1, image.width)) {
        (Some(top), Some(left)) => Ok((top, left)),
        _ => Err(Error::Image {
            message: format!(
                "rectangle of {}×{} at ({}, {}) is not within an image of {}×{}",
                size.0, size.1, corner.0, corner.1, image.height, image.width
            ),
            row,
            hint: Some("sizes are height × width, positions (top, left) from 0".to_owned()),
        }),
    }
}

fn size(call: &Call, index: usize) -> Result<Option<usize>> {
    match call.integer(index, 1..=SIDE_MAX)? {
        Literal::Value(size) => Ok(Some(size)),
        Literal::Parameter => Ok(None),
        Literal::Absent => Err(call.wrong_value(index, "NULL", format!("a whole number from 1 to {SIDE_MAX}")).into()),
    }
}
