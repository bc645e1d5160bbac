//! The values of a batch of features, in the layouts that Arrow has, checked and ready to be copied.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray, Float32Array, PrimitiveArray, UInt8Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, UInt8Type};

use crate::Error;

/// The values of some rows.
pub(super) enum Values {
    /// Row by row, one after the other.
    Bytes(UInt8Array),
    Floats(Float32Array),
    /// One value a row, of bytes.
    Views(BinaryViewArray),
    /// One array a place in the row.
    Columns(Vec<Float32Array>),
}

impl Values {
    pub(super) fn floats(&self) -> bool {
        matches!(self, Values::Floats(_) | Values::Columns(_))
    }

    pub(super) fn rows(&self, width: usize) -> usize {
        match self {
            Values::Bytes(values) => values.len() / width,
            Values::Floats(values) => values.len() / width,
            Values::Views(rows) => rows.len(),
            Values::Columns(columns) => columns.first().map_or(0, Array::len),
        }
    }

    /// Appends rows, if they are bytes.
    pub(super) fn append_bytes(&self, rows: Range<usize>, width: usize, out: &mut Vec<u8>) {
        match self {
            Values::Bytes(values) => out.extend_from_slice(&values.values()[rows.start * width..rows.end * width]),
            Values::Views(values) => rows.for_each(|row| out.extend_from_slice(values.value(row))),
            Values::Floats(_) | Values::Columns(_) => {}
        }
    }

    /// Appends rows.
    pub(super) fn append_floats(&self, rows: Range<usize>, width: usize, out: &mut Vec<f32>) {
        match self {
            Values::Bytes(values) => {
                let bytes = &values.values()[rows.start * width..rows.end * width];
                out.extend(bytes.iter().copied().map(f32::from));
            }
            Values::Floats(values) => out.extend_from_slice(&values.values()[rows.start * width..rows.end * width]),
            Values::Views(values) => {
                rows.for_each(|row| out.extend(values.value(row).iter().copied().map(f32::from)));
            }
            Values::Columns(columns) => {
                let start = out.len();
                out.resize(start + rows.len() * width, 0.0);
                for (place, column) in columns.iter().enumerate() {
                    let places = out[start + place..].iter_mut().step_by(width);
                    for (out, value) in places.zip(&column.values()[rows.clone()]) {
                        *out = *value;
                    }
                }
            }
        }
    }
}

/// The values of all rows, one after the other, and how many a row has.
pub(super) fn flat_features(columns: &[ArrayRef], before: usize) -> Result<(Values, usize), Error> {
    match columns {
        [] => Err(Error::Arity("no features".to_owned())),
        [column] if is_nested(column.data_type()) => one_column(column, before),
        columns => scalar_columns(columns, before),
    }
}

pub(crate) fn is_nested(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::List(_)
            | DataType::LargeList(_)
            | DataType::FixedSizeList(_, _)
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

fn one_column(column: &ArrayRef, before: usize) -> Result<(Values, usize), Error> {
    if let Some(row) = first_null(column) {
        return Err(Error::Null { row: before + row + 1, what: "the input" });
    }
    if let Some(views) = column.as_binary_view_opt() {
        let width = if views.is_empty() { 0 } else { views.value(0).len() };
        if let Some(row) = (0..views.len()).find(|row| views.value(*row).len() != width) {
            return Err(Error::Ragged { row: before + row + 1, found: views.value(row).len(), expected: width });
        }
        return Ok((Values::Views(views.clone()), width));
    }
    let (values, width) = tensor_rows(column, before)?;
    if values.null_count() > 0 {
        let index = (0..values.len()).find(|index| values.is_null(*index)).unwrap_or(0);
        return Err(Error::Null { row: before + index / width.max(1) + 1, what: "a value of the input" });
    }
    if values.data_type() == &DataType::UInt8 {
        return Ok((Values::Bytes(values.as_primitive::<UInt8Type>().clone()), width));
    }
    let floats = floats(&values, column.data_type())?;
    check_finite(floats.values(), width, before)?;
    Ok((Values::Floats(floats), width))
}

/// Numbers of any type as floats; nothing else becomes a number.
fn floats(values: &ArrayRef, named: &DataType) -> Result<Float32Array, Error> {
    let type_error = || Error::Type { what: "an input", data_type: named.to_string() };
    if !is_number(values.data_type()) {
        return Err(type_error());
    }
    let floats = cast(values, &DataType::Float32).map_err(|_| type_error())?;
    Ok(floats.as_primitive::<Float32Type>().clone())
}

/// Types whose values a model can take.
pub(crate) fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric() || data_type == &DataType::Boolean
}

fn check_finite(floats: &[f32], width: usize, before: usize) -> Result<(), Error> {
    match floats.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(Error::NotFinite {
            row: before + index / width.max(1) + 1,
            what: "a value of the input",
            value: floats[index].to_string(),
        }),
        None => Ok(()),
    }
}

/// The values of a column of arrays or bytes as one array, and the width that all rows share. NULL rows are for the caller.
pub(crate) fn tensor_rows(column: &ArrayRef, before: usize) -> Result<(ArrayRef, usize), Error> {
    let type_error = || Error::Type { what: "an input", data_type: column.data_type().to_string() };
    match column.data_type() {
        DataType::FixedSizeList(_, width) => {
            let list = column.as_fixed_size_list();
            let width = *width as usize;
            Ok((list.values().slice(list.value_offset(0) as usize, list.len() * width), width))
        }
        DataType::List(_) => {
            let list = column.as_list::<i32>();
            let offsets: Vec<usize> = list.value_offsets().iter().map(|offset| *offset as usize).collect();
            uniform(list.values(), &offsets, before)
        }
        DataType::LargeList(_) => {
            let list = column.as_list::<i64>();
            let offsets: Vec<usize> = list.value_offsets().iter().map(|offset| *offset as usize).collect();
            uniform(list.values(), &offsets, before)
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let binary = cast(column, &DataType::Binary).map_err(|_| type_error())?;
            let binary = binary.as_binary::<i32>();
            let offsets: Vec<usize> = binary.value_offsets().iter().map(|offset| *offset as usize).collect();
            let bytes = PrimitiveArray::<UInt8Type>::new(ScalarBuffer::from(binary.values().clone()), None);
            uniform(&(Arc::new(bytes) as ArrayRef), &offsets, before)
        }
        _ => Err(type_error()),
    }
}

fn uniform(values: &ArrayRef, offsets: &[usize], before: usize) -> Result<(ArrayRef, usize), Error> {
    let (Some(start), Some(end)) = (offsets.first(), offsets.last()) else {
        return Ok((values.slice(0, 0), 0));
    };
    let width = offsets.get(1).map_or(0, |next| next - start);
    if let Some(row) = offsets.windows(2).position(|pair| pair[1] - pair[0] != width) {
        let found = offsets[row + 1] - offsets[row];
        return Err(Error::Ragged { row: before + row + 1, found, expected: width });
    }
    Ok((values.slice(*start, end - start), width))
}

fn scalar_columns(columns: &[ArrayRef], before: usize) -> Result<(Values, usize), Error> {
    let mut all = Vec::with_capacity(columns.len());
    for column in columns {
        if let Some(row) = first_null(column) {
            return Err(Error::Null { row: before + row + 1, what: "an input" });
        }
        let floats = floats(column, column.data_type())?;
        check_finite(floats.values(), 1, before)?;
        all.push(floats);
    }
    Ok((Values::Columns(all), columns.len()))
}

pub(super) fn first_null(array: &dyn Array) -> Option<usize> {
    (array.null_count() > 0).then(|| (0..array.len()).find(|row| array.is_null(*row))).flatten()
}
