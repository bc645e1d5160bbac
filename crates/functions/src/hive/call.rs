//! A call while it runs: arguments read as Hive converts them, and results built row by row.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryArray, BinaryBuilder, BooleanArray, Date32Array, PrimitiveArray,
    StringArray, StringBuilder, new_null_array,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};
use mead_common::{Diagnostic, Dialect, sqlstate};

use chrono::{NaiveDate, NaiveDateTime};

use super::convert::{boolean, number, temporal, text};
use super::definition::Definition;
use crate::FunctionContext;
use crate::error::external;

/// The most bytes of text or binary that one batch of results may have.
const RESULT_BYTES_MAX: usize = 1 << 30;

pub(crate) struct Call<'a> {
    pub args: &'a ScalarFunctionArgs,
    pub rows: usize,
    pub dialect: Dialect,
    pub context: &'a Arc<FunctionContext>,
    pub definition: &'static Definition,
}

/// The values of an argument; a literal is one value for all rows.
pub(crate) struct Column<T> {
    values: Vec<Option<T>>,
    same: bool,
}

impl<T: Copy> Column<T> {
    pub fn get(&self, row: usize) -> Option<T> {
        self.values.get(if self.same { 0 } else { row }).copied().flatten()
    }
}

/// The same for text.
pub(crate) struct Texts {
    values: StringArray,
    same: bool,
}

impl Texts {
    pub fn get(&self, row: usize) -> Option<&str> {
        let row = if self.same { 0 } else { row };
        self.values.is_valid(row).then(|| self.values.value(row))
    }

    pub fn literal(&self) -> Option<Option<&str>> {
        self.same.then(|| self.get(0))
    }
}

/// The same for bytes.
pub(crate) struct Bytes {
    values: BinaryArray,
    same: bool,
}

impl Bytes {
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        let row = if self.same { 0 } else { row };
        self.values.is_valid(row).then(|| self.values.value(row))
    }
}

impl Call<'_> {
    pub fn count(&self) -> usize {
        self.args.args.len()
    }

    pub fn has(&self, index: usize) -> bool {
        index < self.count()
    }

    pub fn data_type(&self, index: usize) -> DataType {
        self.args.args.get(index).map_or(DataType::Null, ColumnarValue::data_type)
    }

    /// An argument as it is, and whether it is one value for all rows. One that is not given is NULL.
    pub fn raw(&self, index: usize) -> Result<(ArrayRef, bool)> {
        Ok(match self.args.args.get(index) {
            Some(ColumnarValue::Array(array)) => (Arc::clone(array), false),
            Some(ColumnarValue::Scalar(value)) => (value.to_array()?, true),
            None => (new_null_array(&DataType::Null, 1), true),
        })
    }

    /// An argument with a value for each row.
    pub fn array(&self, index: usize) -> Result<ArrayRef> {
        match self.args.args.get(index) {
            Some(argument) => argument.to_array(self.rows),
            None => Ok(new_null_array(&DataType::Null, self.rows)),
        }
    }

    pub fn text(&self, index: usize) -> Result<Texts> {
        let (array, same) = self.raw(index)?;
        Ok(Texts { values: text::texts(&array, &self.zone())?, same })
    }

    pub fn bytes(&self, index: usize) -> Result<Bytes> {
        let (array, same) = self.raw(index)?;
        Ok(Bytes { values: text::bytes(&array, &self.zone())?, same })
    }

    pub fn double(&self, index: usize) -> Result<Column<f64>> {
        let (array, same) = self.raw(index)?;
        Ok(Column { values: number::doubles(&array)?, same })
    }

    pub fn whole(&self, index: usize) -> Result<Column<i64>> {
        let (array, same) = self.raw(index)?;
        Ok(Column { values: number::wholes(&array)?, same })
    }

    pub fn boolean(&self, index: usize) -> Result<Column<bool>> {
        let (array, same) = self.raw(index)?;
        Ok(Column { values: boolean::booleans(&array, self.dialect)?, same })
    }

    pub fn date(&self, index: usize) -> Result<Column<NaiveDate>> {
        let (array, same) = self.raw(index)?;
        Ok(Column { values: temporal::dates(&array, &self.zone())?, same })
    }

    pub fn timestamp(&self, index: usize) -> Result<Column<NaiveDateTime>> {
        let (array, same) = self.raw(index)?;
        Ok(Column { values: temporal::timestamps(&array, &self.zone())?, same })
    }

    /// The zone in which this session reads and shows instants.
    pub fn zone(&self) -> chrono_tz::Tz {
        self.args
            .config_options
            .execution
            .time_zone
            .as_deref()
            .and_then(|name| name.parse().ok())
            .unwrap_or(chrono_tz::UTC)
    }

    pub fn nulls(&self) -> Result<ArrayRef> {
        Ok(new_null_array(self.args.return_field.data_type(), self.rows))
    }

    pub fn result_type(&self) -> &DataType {
        self.args.return_field.data_type()
    }

    pub fn texts<S: AsRef<str>>(&self, mut row: impl FnMut(usize) -> Option<S>) -> Result<ArrayRef> {
        self.try_texts(|index| Ok(row(index)))
    }

    pub fn try_texts<S: AsRef<str>>(&self, mut row: impl FnMut(usize) -> Result<Option<S>>) -> Result<ArrayRef> {
        let mut builder = StringBuilder::new();
        for index in 0..self.rows {
            match row(index)? {
                Some(value) => {
                    self.bound(builder.values_slice().len(), value.as_ref().len())?;
                    builder.append_value(value);
                }
                None => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    pub fn binaries<S: AsRef<[u8]>>(&self, mut row: impl FnMut(usize) -> Option<S>) -> Result<ArrayRef> {
        let mut builder = BinaryBuilder::new();
        for index in 0..self.rows {
            match row(index) {
                Some(value) => {
                    self.bound(builder.values_slice().len(), value.as_ref().len())?;
                    builder.append_value(value);
                }
                None => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    /// Refuses results that are larger than an array can be.
    pub fn bound(&self, length: usize, more: usize) -> Result<()> {
        if length.saturating_add(more) > RESULT_BYTES_MAX {
            let message = format!("results of {} are too large", self.definition.name);
            let hint = format!("a batch of rows may have {RESULT_BYTES_MAX} bytes of them");
            return Err(external(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message).with_hint(hint)));
        }
        Ok(())
    }

    pub fn primitives<P: ArrowPrimitiveType>(&self, row: impl FnMut(usize) -> Option<P::Native>) -> Result<ArrayRef> {
        let values: PrimitiveArray<P> = (0..self.rows).map(row).collect();
        Ok(Arc::new(values))
    }

    pub fn try_primitives<P: ArrowPrimitiveType>(
        &self,
        row: impl FnMut(usize) -> Result<Option<P::Native>>,
    ) -> Result<ArrayRef> {
        let values: PrimitiveArray<P> = (0..self.rows).map(row).collect::<Result<_>>()?;
        Ok(Arc::new(values))
    }

    pub fn booleans(&self, row: impl FnMut(usize) -> Option<bool>) -> Result<ArrayRef> {
        let values: BooleanArray = (0..self.rows).map(row).collect();
        Ok(Arc::new(values))
    }

    pub fn dates(&self, mut row: impl FnMut(usize) -> Option<NaiveDate>) -> Result<ArrayRef> {
        let values: Date32Array = (0..self.rows).map(|index| row(index).map(temporal::days)).collect();
        Ok(Arc::new(values))
    }

    /// Timestamps in the unit of the result's type.
    pub fn timestamps(&self, mut row: impl FnMut(usize) -> Option<NaiveDateTime>) -> Result<ArrayRef> {
        let nanoseconds = matches!(self.result_type(), DataType::Timestamp(TimeUnit::Nanosecond, _));
        let values: PrimitiveArray<datafusion::arrow::datatypes::Int64Type> = (0..self.rows)
            .map(|index| {
                let instant = row(index)?.and_utc();
                if nanoseconds { instant.timestamp_nanos_opt() } else { Some(instant.timestamp_micros()) }
            })
            .collect();
        let unit = if nanoseconds { TimeUnit::Nanosecond } else { TimeUnit::Microsecond };
        Ok(cast(&values, &DataType::Timestamp(unit, None))?)
    }

    /// A report of something that this function does not do.
    pub fn unsupported(&self, what: impl std::fmt::Display) -> datafusion::error::DataFusionError {
        external(Diagnostic::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("{what} is not supported in {}", self.definition.name),
        ))
    }

    /// A report of a value that cannot be used.
    pub fn invalid(&self, what: impl std::fmt::Display) -> datafusion::error::DataFusionError {
        external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, format!("{what} in {}", self.definition.name)))
    }
}
