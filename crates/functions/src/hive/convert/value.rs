//! Values of any type as values of another.

use std::sync::Arc;

use chrono_tz::Tz;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, ListArray, MapArray, StringArray, StructArray,
    TimestampMicrosecondArray, new_null_array,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::Result;
use mead_common::Dialect;

use super::{boolean, decimal, nested, number, temporal, text};
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
        to if is_text(to) => {
            let texts: ArrayRef = Arc::new(texts(array, dialect, zone)?);
            if *to == DataType::Utf8 { Ok(texts) } else { arrow(&texts) }
        }
        DataType::Boolean => Ok(Arc::new(boolean::booleans(array, dialect)?.into_iter().collect::<BooleanArray>())),
        DataType::Float32 | DataType::Float64 if is_text(from) && dialect == Dialect::Spark => {
            let texts = text::texts(array, zone)?;
            let parse = |text| number::parse_double(text).or_else(|| number::parse_special(text));
            let doubles = texts.iter().map(|text| text.and_then(parse)).collect::<Float64Array>();
            arrow(&(Arc::new(doubles) as ArrayRef))
        }
        DataType::Float32 | DataType::Float64 if !from.is_nested() => {
            arrow(&(Arc::new(number::doubles(array)?.into_iter().collect::<Float64Array>()) as ArrayRef))
        }
        to if to.is_integer() && !from.is_nested() => number::integers(array, to),
        DataType::Decimal128(precision, scale) if !from.is_nested() => decimal::decimals(array, *precision, *scale),
        DataType::Timestamp(..) if from.is_numeric() => arrow(&instants(array, dialect)?),
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

/// Hive writes TRUE and FALSE, and has no text of values that hold others; Spark's cast of these is its own.
fn texts(array: &ArrayRef, dialect: Dialect, zone: &Tz) -> Result<StringArray> {
    match array.data_type() {
        DataType::Boolean if dialect == Dialect::Hive => {
            let word = |value: bool| if value { "TRUE" } else { "FALSE" };
            Ok(array.as_boolean().iter().map(|value| value.map(word)).collect())
        }
        other if other.is_nested() && dialect == Dialect::Spark => nested::as_cast(array, zone),
        other if other.is_nested() => nested::shown(array, dialect, zone),
        _ => text::texts(array, zone),
    }
}

/// A number as a timestamp: Hive counts milliseconds where the number is whole, and seconds where it is not; Spark always
/// counts seconds.
fn instants(array: &ArrayRef, dialect: Dialect) -> Result<ArrayRef> {
    let instants: TimestampMicrosecondArray = if array.data_type().is_integer() {
        let factor = if dialect == Dialect::Hive { 1_000 } else { 1_000_000 };
        number::wholes(array)?.into_iter().map(|value| value?.checked_mul(factor)).collect()
    } else {
        let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
        number::doubles(array)?
            .into_iter()
            .map(|value| finite(value).map(|value| (value * 1e6).round() as i64))
            .collect()
    };
    Ok(Arc::new(instants))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Int32Array;
    use datafusion::arrow::datatypes::{Int8Type, TimestampMicrosecondType};

    use super::*;

    fn converted(array: ArrayRef, to: &DataType, dialect: Dialect) -> ArrayRef {
        convert(&array, to, dialect, &chrono_tz::UTC).unwrap()
    }

    #[test]
    fn what_does_not_fit_is_null() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["12", " 1.9 ", "300", "x", ""]));
        let tiny = converted(texts, &DataType::Int8, Dialect::Hive);
        let tiny: Vec<_> = tiny.as_primitive::<Int8Type>().iter().collect();
        assert_eq!(tiny, [Some(12), Some(1), None, None, None]);
    }

    #[test]
    fn each_dialect_counts_time_in_its_own_unit() {
        let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
        let one = || Arc::new(Int32Array::from(vec![1])) as ArrayRef;
        let micros =
            |dialect| converted(one(), &timestamp, dialect).as_primitive::<TimestampMicrosecondType>().value(0);
        assert_eq!(micros(Dialect::Hive), 1_000);
        assert_eq!(micros(Dialect::Spark), 1_000_000);
    }

    #[test]
    fn hive_shouts_its_booleans() {
        let yes = || Arc::new(BooleanArray::from(vec![true])) as ArrayRef;
        assert_eq!(converted(yes(), &DataType::Utf8, Dialect::Hive).as_string::<i32>().value(0), "TRUE");
        assert_eq!(converted(yes(), &DataType::Utf8, Dialect::Spark).as_string::<i32>().value(0), "true");
    }
}
