//! IMAGE_RESIZE: an image brought to a given height and width.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::SECTION;
use super::pixels::{self, SIDE_MAX, SourceArguments};
use super::resample::{METHODS, Method, Resampler};
use super::source::Images;
use crate::arguments::{self, Call, Literal};
use crate::context::FunctionContext;
use crate::error::{Error, external};
use crate::tensor::TensorBuilder;
use crate::types;

const NAMES: [&str; 8] =
    ["image", "height", "width", "method", "channels", "on_error", "source_height", "source_width"];
const SOURCE: SourceArguments = SourceArguments { channels: 4, on_error: 5, height: 6, width: 7 };

/// `image_resize(image, height, width [, method] [, channels] [, on_error] [, source_height] [, source_width])`
#[derive(Debug)]
pub(super) struct ImageResize {
    context: Arc<FunctionContext>,
    signature: Signature,
}

impl ImageResize {
    pub fn new(context: &Arc<FunctionContext>) -> Self {
        Self { context: Arc::clone(context), signature: arguments::signature(&NAMES, Volatility::Immutable) }
    }
}

pixels::same_by_name!(ImageResize);

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        SECTION,
        "Resizes an image. The result is a FLOAT array, row-major [height, width, channels]. Pixels have their centres at \
         half positions and images are not smoothed before they are made smaller, as in tf.image.resize.",
        "IMAGE_RESIZE(image, height, width [, method => 'nearest' | 'bilinear' | 'bicubic'] [, channels => n] \
         [, on_error => 'error' | 'null'] [, source_height => n] [, source_width => n])",
    )
    .with_sql_example(
        "```sql\n-- 8×8 digits kept as flat arrays of 64 numbers, as a model of 28×28 wants them\n\
         SELECT IMAGE_RESIZE(pixels, 28, 28) AS image, label FROM digits;\n```",
    )
    .with_argument(
        "image",
        "An IMAGE, a FLOAT array, or the bytes of a PNG or JPEG file. A flat array is taken as square with one channel \
         unless the arguments below say otherwise.",
    )
    .with_argument("height", "The height wanted, in pixels. A literal.")
    .with_argument("width", "The width wanted, in pixels. A literal.")
    .with_argument("method", "'bilinear' (default), 'nearest' or 'bicubic'. A literal.")
    .with_argument(
        "channels",
        "Of a flat array: how many channels it has. Of a file or an IMAGE: how many it is brought to (1 grey, 3 RGB, 4 \
         RGB and alpha). A literal.",
    )
    .with_argument("on_error", "What a file that cannot be decoded gives: 'error' (default) or 'null'. A literal.")
    .with_argument("source_height", "The height of a flat array that is not square. A literal.")
    .with_argument("source_width", "The width of a flat array that is not square. A literal.")
    .with_related_udf("image_crop")
    .build()
});

impl ScalarUDFImpl for ImageResize {
    fn name(&self) -> &str {
        "image_resize"
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
        let call = Call::new("image_resize", &NAMES, 3, self.documentation(), &args)?;
        let height = size(&call, 1)?;
        let width = size(&call, 2)?;
        call.word(3, &METHODS)?;
        SOURCE.plan(&call, height, width)
    }

    fn simplify(&self, args: Vec<Expr>, _info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(SOURCE.take_in_decode(|| ImageResize::new(&self.context).into(), args))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let to = match (arguments::integer(&args.args, 1)?, arguments::integer(&args.args, 2)?) {
            (Some(height), Some(width)) => (height, width),
            _ => return datafusion::common::internal_err!("image_resize without a size"),
        };
        let method = arguments::text(&args.args, 3)
            .and_then(|text| METHODS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)))
            .map_or(Method::Bilinear, |(_, method)| *method);
        pixels::evaluate(&args, |array, rows| {
            let images = Images::new(array, &args.arg_fields[0], SOURCE.read(&args.args)?)?;
            let cancel = self.context.session.cancel();
            let mut builder = TensorBuilder::new(args.return_field.data_type(), rows);
            let mut last: Option<Resampler> = None;
            for row in 0..rows {
                cancel.check().map_err(external)?;
                let Some(image) = images.get(row)? else {
                    builder.push_null()?;
                    continue;
                };
                let from = (image.height, image.width);
                let mut resampler = match last.take() {
                    Some(resampler) if resampler.from() == from => resampler,
                    _ => Resampler::new(from, to, method),
                };
                builder.push(to.0 * to.1 * image.channels, |target| {
                    resampler.resample(&image.pixels, image.channels, target);
                })?;
                last = Some(resampler);
            }
            builder.finish()
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

fn size(call: &Call, index: usize) -> Result<Option<usize>> {
    match call.integer(index, 1..=SIDE_MAX)? {
        Literal::Value(size) => Ok(Some(size)),
        Literal::Parameter => Ok(None),
        Literal::Absent => Err(absent(call, index).into()),
    }
}

/// A size must be there; NULL is no size.
fn absent(call: &Call, index: usize) -> Error {
    call.wrong_value(index, "NULL", format!("a whole number from 1 to {SIDE_MAX}"))
}
