//! Columns as the tensors that a model takes: without a copy where their values lie as the model wants them.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray};
use arrow::compute::{CastOptions, cast_with_options, interleave};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use ort::session::SessionInputValue;
use ort::value::{PrimitiveTensorElementType, TensorRef};

use super::runtime::runtime_error;
use crate::Error;
use crate::dataset::{is_nested, is_number, tensor_rows};
use crate::model::{Batch, Element, TensorSpec};

/// All rows of one input, in the model's type.
pub(super) struct Input<'a> {
    spec: &'a TensorSpec,
    values: ArrayRef,
    /// Booleans are bits in Arrow and bytes in the runtime.
    booleans: Vec<bool>,
    width: usize,
    /// The sizes of one row's part.
    shape: Vec<i64>,
}

/// The inputs of a model out of columns without NULL rows: one column an input, or, where a model has one input, all its
/// values in a column each.
pub(super) fn inputs<'a>(specs: &'a [TensorSpec], columns: &[ArrayRef], rows: usize) -> Result<Vec<Input<'a>>, Error> {
    if let Some(column) = columns.iter().find(|column| column.len() != rows) {
        return Err(Error::Arity(format!("an input has {} rows, {rows} are expected", column.len())));
    }
    match (specs, columns) {
        ([spec], [_, _, ..]) if columns.iter().all(|column| !is_nested(column.data_type())) => {
            let converted = columns.iter().map(|column| convert(column, spec)).collect::<Result<Vec<_>, _>>()?;
            let parts: Vec<&dyn Array> = converted.iter().map(AsRef::as_ref).collect();
            let places: Vec<(usize, usize)> =
                (0..rows).flat_map(|row| (0..parts.len()).map(move |column| (column, row))).collect();
            let values = interleave(&parts, &places).map_err(|error| Error::Arity(error.to_string()))?;
            Ok(vec![Input::new(spec, values, columns.len())?])
        }
        _ if specs.len() == columns.len() => {
            specs.iter().zip(columns).map(|(spec, column)| one(spec, column)).collect()
        }
        _ => Err(wrong_arity(specs, columns.len())),
    }
}

pub(super) fn wrong_arity(specs: &[TensorSpec], given: usize) -> Error {
    Error::Arity(format!("the model takes {}, {given} were given", described(specs)))
}

fn one<'a>(spec: &'a TensorSpec, column: &ArrayRef) -> Result<Input<'a>, Error> {
    if !is_nested(column.data_type()) {
        return Input::new(spec, convert(column, spec)?, 1);
    }
    let (values, width) = row_values(spec, column)?;
    Input::new(spec, convert(&values, spec)?, width)
}

/// The values of a column of arrays or bytes, none of them NULL, and how many a row has.
pub(super) fn row_values(spec: &TensorSpec, column: &ArrayRef) -> Result<(ArrayRef, usize), Error> {
    let (values, width) = match tensor_rows(column, 0) {
        // What the model needs says more than what other rows have.
        Err(Error::Ragged { found, expected, .. }) => {
            let needed = spec.width().unwrap_or(expected);
            return Err(wrong_width(spec, if expected == needed { found } else { expected }, needed));
        }
        other => other?,
    };
    if values.null_count() > 0 {
        let index = (0..values.len()).find(|index| values.is_null(*index)).unwrap_or(0);
        return Err(Error::Null { row: index / width.max(1) + 1, what: "a value of the input" });
    }
    Ok((values, width))
}

/// Values in the model's element type. A fraction is not cut off for a model that takes whole numbers.
pub(super) fn convert(values: &ArrayRef, spec: &TensorSpec) -> Result<ArrayRef, Error> {
    let wanted = spec.element.data_type();
    let given = values.data_type();
    if given == &wanted {
        return Ok(Arc::clone(values));
    }
    let fraction = given.is_floating() || given.is_decimal();
    if !is_number(given) || fraction && !spec.element.is_float() || wanted == DataType::Boolean {
        return Err(Error::Type { what: "an input", data_type: given.to_string() });
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(values, &wanted, &options).map_err(|error| Error::Arity(error.to_string().to_lowercase()))
}

/// Fails unless rows of so many values fit. Gives how many the file settles.
pub(super) fn check_width(spec: &TensorSpec, width: usize) -> Result<usize, Error> {
    let known: usize = spec.shape.iter().flatten().product();
    let open = spec.shape.iter().any(Option::is_none);
    if known == 0 || (open && (width == 0 || !width.is_multiple_of(known))) || (!open && width != known) {
        return Err(wrong_width(spec, width, known));
    }
    Ok(known)
}

/// Fails if a value is NaN or infinite: no model has learned from such, and what they become behind a rectifier or a pool
/// says nothing. `before`: rows before the first one of these.
pub(super) fn check_finite(values: &[f32], width: usize, before: usize) -> Result<(), Error> {
    // Without a way out of the loop it is one of vectors.
    if values.iter().fold(true, |finite, value| finite & value.is_finite()) {
        return Ok(());
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(Error::NotFinite {
            row: before + index / width.max(1) + 1,
            what: "a value of the input",
            value: values[index].to_string(),
        }),
        None => Ok(()),
    }
}

impl<'a> Input<'a> {
    fn new(spec: &'a TensorSpec, values: ArrayRef, width: usize) -> Result<Self, Error> {
        let known = check_width(spec, width)?;
        let shape = spec.shape.iter().map(|size| size.unwrap_or(width / known) as i64).collect();
        let booleans = match spec.element {
            Element::Bool => values.as_boolean_opt().map(|bits: &BooleanArray| bits.values().iter().collect()),
            _ => None,
        };
        Ok(Self { spec, values, booleans: booleans.unwrap_or_default(), width, shape })
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn batch(&self) -> Batch {
        self.spec.batch
    }

    /// Fails if a value is NaN or infinite.
    pub(super) fn check_finite(&self) -> Result<(), Error> {
        match self.values.as_primitive_opt::<Float32Type>() {
            Some(values) => check_finite(values.values(), self.width, 0),
            None => Ok(()),
        }
    }

    /// A value of that row that is NaN or infinite.
    pub(super) fn not_finite(&self, row: usize) -> Option<f64> {
        let range = row * self.width..(row + 1) * self.width;
        match self.spec.element {
            Element::Float32 => self.values.as_primitive_opt::<Float32Type>().and_then(|values| {
                values.values()[range].iter().find(|value| !value.is_finite()).map(|value| f64::from(*value))
            }),
            Element::Float64 => self
                .values
                .as_primitive_opt::<Float64Type>()
                .and_then(|values| values.values()[range].iter().find(|value| !value.is_finite()).copied()),
            _ => None,
        }
    }

    /// Rows `start..start + rows` by their input's name, as a view.
    pub(super) fn tensor(&self, start: usize, rows: usize) -> Result<(Cow<'a, str>, SessionInputValue<'_>), Error> {
        let view = match self.spec.element {
            Element::Bool => self.slice(start, rows, &self.booleans),
            Element::Float32 => self.primitive::<Float32Type>(start, rows),
            Element::Float64 => self.primitive::<Float64Type>(start, rows),
            Element::Int16 => self.primitive::<Int16Type>(start, rows),
            Element::Int32 => self.primitive::<Int32Type>(start, rows),
            Element::Int64 => self.primitive::<Int64Type>(start, rows),
            Element::Int8 => self.primitive::<Int8Type>(start, rows),
            Element::UInt16 => self.primitive::<UInt16Type>(start, rows),
            Element::UInt32 => self.primitive::<UInt32Type>(start, rows),
            Element::UInt64 => self.primitive::<UInt64Type>(start, rows),
            Element::UInt8 => self.primitive::<UInt8Type>(start, rows),
        };
        Ok((Cow::Borrowed(self.spec.name.as_str()), view?))
    }

    fn primitive<T>(&self, start: usize, rows: usize) -> Result<SessionInputValue<'_>, Error>
    where
        T: ArrowPrimitiveType,
        T::Native: PrimitiveTensorElementType + std::fmt::Debug + Clone + 'static,
    {
        let values: Option<&PrimitiveArray<T>> = self.values.as_primitive_opt();
        self.slice(start, rows, values.map(|values| values.values().as_ref()).unwrap_or_default())
    }

    fn slice<'b, T>(&self, start: usize, rows: usize, values: &'b [T]) -> Result<SessionInputValue<'b>, Error>
    where
        T: PrimitiveTensorElementType + std::fmt::Debug + Clone + 'static,
    {
        let range = start * self.width..(start + rows) * self.width;
        let Some(values) = values.get(range) else {
            return Err(Error::Runtime("an input has fewer values than rows".to_owned()));
        };
        let shape: Vec<i64> = std::iter::once(rows as i64).chain(self.shape.iter().copied()).collect();
        Ok(TensorRef::from_array_view((shape, values)).map_err(runtime_error)?.into())
    }
}

fn wrong_width(spec: &TensorSpec, found: usize, needed: usize) -> Error {
    let what = if spec.shape.len() == 3 { "image" } else { "input" };
    Error::WrongWidth { what, found, shape: spec.shape_text(), needed }
}

fn described(specs: &[TensorSpec]) -> String {
    let one = |spec: &TensorSpec| format!("\"{}\" ({})", crate::onnx::shortened(&spec.name), spec.shape_text());
    let mut names = specs.iter().take(8).map(one).collect::<Vec<_>>().join(", ");
    if specs.len() > 8 {
        names.push_str(", …");
    }
    format!("{} {} {names}", specs.len(), if specs.len() == 1 { "input," } else { "inputs," })
}
