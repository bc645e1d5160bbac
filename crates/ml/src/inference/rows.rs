//! Columns as rows of floats, some at a time: copied where they lie as floats, converted a chunk at a time where not.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type, UInt8Type};

use super::input::{check_width, convert, row_values, wrong_arity};
use crate::Error;
use crate::dataset::is_nested;
use crate::model::TensorSpec;

/// The rows of a model with one input.
pub(super) struct Rows<'a> {
    spec: &'a TensorSpec,
    parts: Parts,
    pub width: usize,
}

enum Parts {
    /// All values, row by row.
    Whole(ArrayRef),
    /// A column for each value of a row.
    Columns(Vec<ArrayRef>),
}

impl<'a> Rows<'a> {
    /// `columns` have `rows` rows, none of them NULL.
    pub(super) fn new(spec: &'a TensorSpec, columns: &[ArrayRef], rows: usize) -> Result<Self, Error> {
        if let Some(column) = columns.iter().find(|column| column.len() != rows) {
            return Err(Error::Arity(format!("an input has {} rows, {rows} are expected", column.len())));
        }
        let (parts, width) = match columns {
            [column] if is_nested(column.data_type()) => {
                let (values, width) = row_values(spec, column)?;
                (Parts::Whole(values), width)
            }
            [column] => (Parts::Whole(column.clone()), 1),
            [_, _, ..] if columns.iter().all(|column| !is_nested(column.data_type())) => {
                (Parts::Columns(columns.to_vec()), columns.len())
            }
            _ => return Err(wrong_arity(std::slice::from_ref(spec), columns.len())),
        };
        // What cannot be converted is an error before its width is.
        match &parts {
            Parts::Whole(values) => drop(convert(&values.slice(0, 0), spec)?),
            Parts::Columns(columns) => {
                for column in columns {
                    convert(&column.slice(0, 0), spec)?;
                }
            }
        }
        check_width(spec, width)?;
        Ok(Self { spec, parts, width })
    }

    /// Rows from `start` on, as many as `floats` has room for.
    pub(super) fn copy(&self, start: usize, floats: &mut [f32]) -> Result<(), Error> {
        match &self.parts {
            Parts::Whole(values) => {
                let values = values.slice(start * self.width, floats.len());
                match values.data_type() {
                    DataType::UInt8 => {
                        for (float, byte) in floats.iter_mut().zip(values.as_primitive::<UInt8Type>().values()) {
                            *float = f32::from(*byte);
                        }
                    }
                    _ => floats.copy_from_slice(convert(&values, self.spec)?.as_primitive::<Float32Type>().values()),
                }
            }
            Parts::Columns(columns) => {
                let rows = floats.len() / self.width;
                for (place, column) in columns.iter().enumerate() {
                    let values = convert(&column.slice(start, rows), self.spec)?;
                    let values = values.as_primitive::<Float32Type>().values();
                    for (float, value) in floats.iter_mut().skip(place).step_by(self.width).zip(values) {
                        *float = *value;
                    }
                }
            }
        }
        Ok(())
    }
}
