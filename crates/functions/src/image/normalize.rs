//! NORMALIZE: values brought to the range that models learn from.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float32Array, Float64Array, LargeListArray, ListArray, StructArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::SECTION;
use super::pixels;
use crate::arguments::{self, Call};
use crate::error::Error;
use crate::tensor::{Lists, depth, number_type};
use crate::types::{self, KnownShape};

const NAMES: [&str; 4] = ["image", "scale", "mean", "std"];
const SCALE: f32 = 255.0;

/// `normalize(image [, scale] [, mean] [, std])`
#[derive(Debug)]
pub(super) struct Normalize {
    signature: Signature,
}

impl Normalize {
    pub fn new() -> Self {
        Self { signature: arguments::signature(&NAMES, Volatility::Immutable) }
    }
}

pixels::same_by_name!(Normalize);

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        SECTION,
        "Divides the values of an image by 255, or by `scale`; then, where they are given, subtracts `mean` and divides \
         by `std`, channel by channel. An IMAGE stays an IMAGE, an array keeps its form with FLOAT elements.",
        "NORMALIZE(image [, scale => number] [, mean => array] [, std => array])",
    )
    .with_sql_example(
        "```sql\nSELECT NORMALIZE(IMAGE_RESIZE(IMAGE_DECODE(photo, channels => 3), 224, 224),\n                 \
         mean => ARRAY[0.485, 0.456, 0.406], std => ARRAY[0.229, 0.224, 0.225]) FROM photos;\n```",
    )
    .with_argument("image", "An IMAGE or an array of numbers.")
    .with_argument("scale", "What values are divided by; 255 by default.")
    .with_argument("mean", "A number for all channels or an array with one for each, subtracted after scaling.")
    .with_argument("std", "A number for all channels or an array with one for each, divided by after `mean`.")
    .with_related_udf("image_resize")
    .build()
});

impl ScalarUDFImpl for Normalize {
    fn name(&self) -> &str {
        "normalize"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types.first().map_or_else(types::float_array_type, float_form))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let call = Call::new("normalize", &NAMES, 1, self.documentation(), &args)?;
        call.check_number(1)?;
        for index in [2, 3] {
            let field = call.fields.get(index);
            let is_numbers = |data_type: &DataType| number_type(data_type).is_some() && depth(data_type) == 1;
            if !field.is_none_or(|field| is_numbers(field.data_type())) {
                call.check_number(index)?;
            }
        }
        let field = &call.fields[0];
        let data_type = field.data_type();
        if types::is_image(data_type) {
            return Ok(types::image_field(self.name(), KnownShape::of(field).channels));
        }
        if number_type(data_type).is_none() && !data_type.is_null() {
            let expected = if types::is_binary(data_type) {
                "a decoded image (IMAGE_DECODE) or an array of numbers"
            } else {
                "an image or an array of numbers"
            };
            return Err(call.wrong_type(0, expected).into());
        }
        let metadata = field.metadata().clone();
        Ok(Arc::new(Field::new(self.name(), float_form(data_type), true).with_metadata(metadata)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        pixels::evaluate(&args, |array, rows| {
            let settings = Settings {
                scale: Vector::new(args.args.get(1), "scale")?,
                mean: Vector::new(args.args.get(2), "mean")?,
                std: Vector::new(args.args.get(3), "std")?,
            };
            if types::is_image(array.data_type()) {
                return image(array.as_struct(), &settings);
            }
            if array.data_type().is_null() {
                return Ok(datafusion::arrow::array::new_null_array(args.return_field.data_type(), rows));
            }
            normalized(array, &settings)
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

/// The same arrays with FLOAT elements.
fn float_form(data_type: &DataType) -> DataType {
    let item = |item: &Field| Arc::new(Field::new_list_field(float_form(item.data_type()), true));
    match data_type {
        DataType::List(inner) => DataType::List(item(inner)),
        DataType::LargeList(inner) => DataType::LargeList(item(inner)),
        DataType::FixedSizeList(inner, size) => DataType::FixedSizeList(item(inner), *size),
        DataType::Null => types::float_array_type(),
        _ => DataType::Float32,
    }
}

struct Settings {
    scale: Vector,
    mean: Vector,
    std: Vector,
}

/// A number or an array of numbers, the same for all rows or one a row.
enum Vector {
    Absent,
    Same(Vec<f32>),
    Numbers(Float64Array),
    Arrays(Lists, Float64Array),
}

impl Vector {
    fn new(argument: Option<&ColumnarValue>, name: &str) -> Result<Self> {
        let (array, same) = match argument {
            None => return Ok(Vector::Absent),
            Some(ColumnarValue::Scalar(value)) if value.is_null() => return Ok(Vector::Absent),
            Some(ColumnarValue::Scalar(value)) => (value.to_array()?, true),
            Some(ColumnarValue::Array(array)) => (Arc::clone(array), false),
        };
        let vector = match Lists::new(&array) {
            None => Vector::Numbers(cast(&array, &DataType::Float64)?.as_primitive::<Float64Type>().clone()),
            Some(lists) => {
                let values = cast(&lists.values, &DataType::Float64)?.as_primitive::<Float64Type>().clone();
                Vector::Arrays(lists, values)
            }
        };
        if same && let Some(values) = vector.get(0, name)? {
            return Ok(Vector::Same(values));
        }
        Ok(vector)
    }

    /// The values for a row; `None` where none are given.
    fn get(&self, row: usize, name: &str) -> Result<Option<Vec<f32>>, Error> {
        let values: Vec<f32> = match self {
            Vector::Absent => return Ok(None),
            Vector::Same(values) => return Ok(Some(values.clone())),
            Vector::Numbers(values) if values.is_null(row) => return Ok(None),
            Vector::Numbers(values) => vec![values.value(row) as f32],
            Vector::Arrays(lists, values) => {
                let range = lists.range(row);
                if range.clone().any(|index| values.is_null(index)) {
                    return Err(Error::NullValue { message: format!("argument \"{name}\" contains NULL"), row });
                }
                range.map(|index| values.value(index) as f32).collect()
            }
        };
        let zero_refused = name != "mean";
        if values.is_empty() || values.iter().any(|value| !value.is_finite() || zero_refused && *value == 0.0) {
            return Err(Error::ArgumentValue {
                function: "normalize",
                argument: name.to_owned(),
                given: format!("{values:?}"),
                expected: if zero_refused {
                    "finite numbers other than 0".to_owned()
                } else {
                    "finite numbers".to_owned()
                },
            });
        }
        Ok(Some(values))
    }
}

fn image(image: &StructArray, settings: &Settings) -> Result<ArrayRef> {
    let (fields, mut columns, nulls) = image.clone().into_parts();
    columns[3] = normalized(&columns[3], settings)?;
    Ok(Arc::new(StructArray::try_new(fields, columns, nulls)?))
}

/// The same lists over normalized values.
fn normalized(array: &ArrayRef, settings: &Settings) -> Result<ArrayRef> {
    let mut levels = vec![];
    let mut level = Arc::clone(array);
    while let Some(lists) = Lists::new(&level) {
        level = Arc::clone(&lists.values);
        levels.push(lists);
    }
    let source = cast(&level, &DataType::Float32)?;
    let source = source.as_primitive::<Float32Type>();
    let mut values = source.values().to_vec();
    for row in 0..array.len() {
        let Some((first, inner)) = levels.split_first() else { break };
        if array.is_null(row) {
            continue;
        }
        let mut range = first.range(row);
        for lists in inner {
            range = lists.span(&range, row)?;
        }
        normalize_row(&mut values[range], settings, row)?;
    }
    with_values(array, &Float32Array::new(values.into(), source.nulls().cloned()))
}

fn normalize_row(values: &mut [f32], settings: &Settings, row: usize) -> Result<(), Error> {
    let scale = settings.scale.get(row, "scale")?.map_or(SCALE, |scale| scale[0]);
    for value in values.iter_mut() {
        *value /= scale;
    }
    if let Some(mean) = settings.mean.get(row, "mean")? {
        by_channel(values, &mean, "mean", row, |value, mean| value - mean)?;
    }
    if let Some(std) = settings.std.get(row, "std")? {
        by_channel(values, &std, "std", row, |value, std| value / std)?;
    }
    Ok(())
}

fn by_channel(
    values: &mut [f32],
    channels: &[f32],
    name: &str,
    row: usize,
    apply: impl Fn(f32, f32) -> f32,
) -> Result<(), Error> {
    if !values.len().is_multiple_of(channels.len()) {
        return Err(Error::Image {
            message: format!(
                "image of {} values does not have the {} channels of \"{name}\"",
                values.len(),
                channels.len()
            ),
            row,
            hint: None,
        });
    }
    for pixel in values.chunks_exact_mut(channels.len()) {
        for (value, channel) in pixel.iter_mut().zip(channels) {
            *value = apply(*value, *channel);
        }
    }
    Ok(())
}

fn with_values(array: &ArrayRef, values: &Float32Array) -> Result<ArrayRef> {
    let nulls = array.nulls().cloned();
    let item = |inner: &ArrayRef| Arc::new(Field::new_list_field(inner.data_type().clone(), true));
    Ok(match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let inner = with_values(list.values(), values)?;
            Arc::new(ListArray::try_new(item(&inner), list.offsets().clone(), inner, nulls)?)
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let inner = with_values(list.values(), values)?;
            Arc::new(LargeListArray::try_new(item(&inner), list.offsets().clone(), inner, nulls)?)
        }
        DataType::FixedSizeList(_, size) => {
            let inner = with_values(array.as_fixed_size_list().values(), values)?;
            Arc::new(FixedSizeListArray::try_new_with_length(item(&inner), *size, inner, nulls, array.len())?)
        }
        _ => Arc::new(values.clone()),
    })
}
