//! What IMAGE_RESIZE and IMAGE_CROP have in common: planning, evaluation, and taking IMAGE_DECODE into themselves.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::FieldRef;
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::simplify::ExprSimplifyResult;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF};
use datafusion::scalar::ScalarValue;

use super::image_decode::ImageDecode;
use super::source::{SourceKind, SourceOptions};
use crate::arguments::{self, Call};
use crate::types::{self, KnownShape};

/// The longest side an image may be given, in pixels.
pub(super) const SIDE_MAX: i64 = 16_384;

/// The words for what a file that cannot be decoded gives.
pub(super) const ON_ERROR: [(&str, bool); 2] = [("error", false), ("null", true)];

/// What to use as type of the image argument in an error.
pub(super) const IMAGE_EXPECTED: &str = "an image, an array of numbers or the bytes of a PNG or JPEG file";

/// Where a function has the arguments that say what its images are.
#[derive(Debug, Clone, Copy)]
pub(super) struct SourceArguments {
    pub channels: usize,
    pub on_error: usize,
    pub height: usize,
    pub width: usize,
}

impl SourceArguments {
    /// The field of the result: FLOAT arrays of `height` and `width`.
    pub fn plan(&self, call: &Call, height: Option<usize>, width: Option<usize>) -> Result<FieldRef> {
        let field = &call.fields[0];
        let Some(kind) = SourceKind::of(field) else { return Err(call.wrong_type(0, IMAGE_EXPECTED).into()) };
        let channels = call.integer(self.channels, 1..=4)?;
        let parameter = channels == arguments::Literal::Parameter;
        call.word(self.on_error, &ON_ERROR)?;
        let source_height = call.integer(self.height, 1..=SIDE_MAX)?.value();
        let source_width = call.integer(self.width, 1..=SIDE_MAX)?.value();
        let wanted = channels.value();
        let mut channels = if parameter { None } else { kind.channels(field, wanted) };
        if kind == SourceKind::Array(1) && source_height.is_some() && source_width.is_some() {
            // Height and width being given, the array's length says the number of channels.
            channels = wanted;
        }
        Ok(types::tensor_field(call.function, KnownShape { height, width, channels }))
    }

    pub fn read(&self, args: &[ColumnarValue]) -> Result<SourceOptions> {
        Ok(SourceOptions {
            shape: KnownShape {
                height: arguments::integer(args, self.height)?,
                width: arguments::integer(args, self.width)?,
                channels: arguments::integer(args, self.channels)?,
            },
            null_on_error: null_on_error(args, self.on_error),
        })
    }

    /// `f(IMAGE_DECODE(bytes, …), …)` as `f(bytes, …)`, which decodes one image at a time instead of holding the decoded
    /// images of a whole batch.
    pub fn take_in_decode(&self, function: impl FnOnce() -> ScalarUDF, args: Vec<Expr>) -> ExprSimplifyResult {
        match self.decoded(&args) {
            Some(args) => ExprSimplifyResult::Simplified(Expr::ScalarFunction(ScalarFunction::new_udf(
                Arc::new(function()),
                args,
            ))),
            None => ExprSimplifyResult::Original(args),
        }
    }

    fn decoded(&self, args: &[Expr]) -> Option<Vec<Expr>> {
        let Expr::ScalarFunction(decode) = args.first()? else { return None };
        decode.func.inner().downcast_ref::<ImageDecode>()?;
        let mut inner = decode.args.iter().cloned();
        let bytes = inner.next()?;
        let (channels, on_error) = (literal(inner.next())?, literal(inner.next())?);
        let outer_channels = literal(args.get(self.channels).cloned())?;
        let mut fused = args.to_vec();
        fused.resize(args.len().max(self.channels.max(self.on_error) + 1), Expr::Literal(ScalarValue::Null, None));
        fused[0] = bytes;
        // Channels wanted twice, differently, are two conversions.
        fused[self.channels] = match (is_null(&channels), is_null(&outer_channels)) {
            (_, true) => channels,
            (true, false) => outer_channels,
            (false, false) if channels == outer_channels => channels,
            (false, false) => return None,
        };
        fused[self.on_error] = on_error;
        Some(fused)
    }
}

/// Reads `on_error`, which planning has checked.
pub(super) fn null_on_error(args: &[ColumnarValue], index: usize) -> bool {
    arguments::text(args, index).is_some_and(|word| word.eq_ignore_ascii_case("null"))
}

/// Calls `rows` with the images as an array; where all arguments are literals, with one row for all.
pub(super) fn evaluate(
    args: &ScalarFunctionArgs,
    rows: impl FnOnce(&ArrayRef, usize) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    let constant = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
    let count = if constant { 1 } else { args.number_rows };
    let result = rows(&arguments::array(&args.args[0], count)?, count)?;
    if constant {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
    }
    Ok(ColumnarValue::Array(result))
}

/// An absent argument is NULL; `None` for one that is no literal.
fn literal(argument: Option<Expr>) -> Option<Expr> {
    match argument {
        None => Some(Expr::Literal(ScalarValue::Null, None)),
        Some(literal @ Expr::Literal(..)) => Some(literal),
        Some(_) => None,
    }
}

fn is_null(expression: &Expr) -> bool {
    matches!(expression, Expr::Literal(value, _) if value.is_null())
}

/// Functions of one session are the same if they have the same name.
macro_rules! same_by_name {
    ($function:ty) => {
        impl PartialEq for $function {
            fn eq(&self, other: &Self) -> bool {
                self.signature == other.signature
            }
        }

        impl Eq for $function {}

        impl std::hash::Hash for $function {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.signature.hash(state);
            }
        }
    };
}
pub(super) use same_by_name;
