//! What a model gave, collected over the runs of a batch.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, ListArray, PrimitiveArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::{cast, concat};
use arrow::datatypes::{
    DataType, Field, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use ort::value::{DynValue, PrimitiveTensorElementType};

use super::runtime::runtime_error;
use crate::Error;
use crate::model::{Element, TensorSpec};

/// One output of all rows so far.
pub(super) struct Output<'a> {
    pub spec: &'a TensorSpec,
    /// Values a row, once a run has shown it.
    width: Option<usize>,
    rows: usize,
    parts: Vec<ArrayRef>,
}

impl<'a> Output<'a> {
    pub(super) fn new(spec: &'a TensorSpec) -> Self {
        Self { spec, width: None, rows: 0, parts: Vec::new() }
    }

    /// Takes what a run over `rows` rows gave.
    pub(super) fn add(&mut self, value: &DynValue, rows: usize) -> Result<(), Error> {
        let part = match self.spec.element {
            Element::Bool => {
                let (_, values) = value.try_extract_tensor::<bool>().map_err(runtime_error)?;
                Arc::new(BooleanArray::from(values.to_vec())) as ArrayRef
            }
            Element::Float32 => primitive::<Float32Type>(value)?,
            Element::Float64 => primitive::<Float64Type>(value)?,
            Element::Int16 => primitive::<Int16Type>(value)?,
            Element::Int32 => primitive::<Int32Type>(value)?,
            Element::Int64 => primitive::<Int64Type>(value)?,
            Element::Int8 => primitive::<Int8Type>(value)?,
            Element::UInt16 => primitive::<UInt16Type>(value)?,
            Element::UInt32 => primitive::<UInt32Type>(value)?,
            Element::UInt64 => primitive::<UInt64Type>(value)?,
            Element::UInt8 => primitive::<UInt8Type>(value)?,
        };
        let name = || crate::onnx::shortened(&self.spec.name);
        let width = part.len() / rows.max(1);
        if width * rows != part.len() || self.width.or(self.spec.width()).is_some_and(|known| known != width) {
            return Err(Error::OnnxUnsupported(format!(
                "output \"{}\" has {} values for {rows} rows; each row must give as many",
                name(),
                part.len()
            )));
        }
        self.width = Some(width);
        self.rows += rows;
        self.parts.push(part);
        Ok(())
    }

    /// All values, row by row, and how many a row has.
    pub(super) fn finish(self) -> Result<(ArrayRef, usize), Error> {
        let parts: Vec<&dyn Array> = self.parts.iter().map(AsRef::as_ref).collect();
        let values = concat(&parts).map_err(|error| Error::Runtime(error.to_string()))?;
        Ok((values, self.width.unwrap_or(0)))
    }
}

fn primitive<T>(value: &DynValue) -> Result<ArrayRef, Error>
where
    T: ArrowPrimitiveType,
    T::Native: PrimitiveTensorElementType,
{
    let (_, values) = value.try_extract_tensor::<T::Native>().map_err(runtime_error)?;
    Ok(Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(values.to_vec()), None)))
}

/// A list a row.
pub(super) fn lists(values: ArrayRef, width: usize, rows: usize) -> Result<ArrayRef, Error> {
    if i32::try_from(values.len()).is_err() || values.len() != width * rows {
        return Err(Error::TooLarge(format!("a batch of {rows} results of {width} values")));
    }
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(width, rows));
    let lists = ListArray::try_new(field, offsets, values, None).map_err(|error| Error::Runtime(error.to_string()))?;
    Ok(Arc::new(lists))
}

/// Floats of 32 bits.
pub(super) fn floats(values: &ArrayRef) -> Result<PrimitiveArray<Float32Type>, Error> {
    let floats = cast(values, &DataType::Float32).map_err(|error| Error::Runtime(error.to_string()))?;
    Ok(floats.as_primitive::<Float32Type>().clone())
}
