//! Values of any type as values of another.

use std::sync::Arc;

use chrono_tz::Tz;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, MapArray, StructArray,
    TimestampMicrosecondArray, new_null_array,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::Result;
use mead_common::Dialect;

use super::{boolean, number, temporal, text};
use crate::types::{is_binary, is_text};

/// The array as one of another type; what does not fit is NULL.
pub(crate) fn convert(array: &ArrayRef, to: &DataType, dialect: Dialect, zone: &Tz) -> Result<ArrayRef> {
    let from = array.data_type();
    if from == to {
        return Ok(Arc::clone(array));
    }
    if from.is_null() {
        return Ok(new_null_array(to, array.len()));
    }
    let safe = CastOptions { safe: true, ..CastOptions::default() };
    let arrow = |array: &ArrayRef| Ok(cast_with_options(array, to, &safe)?);
    match to {
        DataType::Utf8 if !from.is_nested() => Ok(Arc::new(text::texts(array, zone)?)),
        DataType::LargeUtf8 | DataType::Utf8View if !from.is_nested() => {
            arrow(&(Arc::new(text::texts(array, zone)?) as ArrayRef))
        }
        DataType::Boolean => Ok(Arc::new(boolean::booleans(array, dialect)?.into_iter().collect::<BooleanArray>())),
        DataType::Float32 | DataType::Float64 if !from.is_nested() => {
            arrow(&(Arc::new(number::doubles(array)?.into_iter().collect::<Float64Array>()) as ArrayRef))
        }
        to if to.is_integer() && !from.is_nested() => {
            arrow(&(Arc::new(number::wholes(array)?.into_iter().collect::<Int64Array>()) as ArrayRef))
        }
        DataType::Date32 if !from.is_nested() => {
            let dates = temporal::dates(array, zone)?.into_iter().map(|date| date.map(temporal::days));
            Ok(Arc::new(dates.collect::<Date32Array>()))
        }
        DataType::Timestamp(unit, None) if is_text(from) || (from.is_temporal() && *unit != TimeUnit::Nanosecond) => {
            let instants = temporal::timestamps(array, zone)?.into_iter();
            let micros = instants.map(|instant| instant.map(|instant| instant.and_utc().timestamp_micros()));
            arrow(&(Arc::new(micros.collect::<TimestampMicrosecondArray>()) as ArrayRef))
        }
        to if is_binary(to) && !from.is_nested() => arrow(&(Arc::new(text::bytes(array, zone)?) as ArrayRef)),
        DataType::List(item) => match from {
            DataType::List(_) => {
                let lists = array.as_list::<i32>();
                let values = convert(lists.values(), item.data_type(), dialect, zone)?;
                let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
                Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, nulls)?))
            }
            _ => arrow(array),
        },
        DataType::Struct(fields) => match from {
            DataType::Struct(given) if given.len() == fields.len() => {
                let values = array.as_struct();
                let columns = values.columns().iter().zip(fields);
                let columns = columns.map(|(column, field)| convert(column, field.data_type(), dialect, zone));
                let columns = columns.collect::<Result<Vec<_>>>()?;
                let (length, nulls) = (values.len(), values.nulls().cloned());
                Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, length)?))
            }
            _ => arrow(array),
        },
        DataType::Map(entries, ordered) => match from {
            DataType::Map(..) => {
                let maps = array.as_map();
                let given: ArrayRef = Arc::new(maps.entries().clone());
                let converted = convert(&given, entries.data_type(), dialect, zone)?;
                let (offsets, nulls) = (maps.offsets().clone(), maps.nulls().cloned());
                let converted = converted.as_struct().clone();
                Ok(Arc::new(MapArray::try_new(Arc::clone(entries), offsets, converted, nulls, *ordered)?))
            }
            _ => arrow(array),
        },
        _ => arrow(array),
    }
}
