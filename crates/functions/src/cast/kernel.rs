//! A column cast to another type, as PostgreSQL casts it.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, FixedSizeBinaryBuilder, IntervalMonthDayNanoArray, ListArray, StringArray,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalUnit};
use datafusion::arrow::util::display::FormatOptions;
use datafusion::error::Result;

use mead_common::text::Interval;

use super::{array, bytea, whole};
use crate::error::external;
use crate::types::is_text;

/// True where [`cast`] does otherwise than Arrow.
pub(super) fn is_ours(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (text, DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(16)) => {
            is_text(text)
        }
        (text, DataType::List(_)) if is_text(text) => true,
        (text, DataType::Interval(IntervalUnit::MonthDayNano)) if is_text(text) => true,
        (DataType::FixedSizeBinary(16), text) => is_text(text),
        (number, whole) if whole.is_integer() => number.is_floating() || matches!(number, DataType::Decimal128(..)),
        (DataType::List(from) | DataType::FixedSizeList(from, _), DataType::List(to)) => {
            is_ours(from.data_type(), to.data_type())
        }
        _ => false,
    }
}

/// Casts `values`, whose NULLs stay.
pub(super) fn cast(values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let from = values.data_type();
    match to {
        _ if !is_ours(from, to) => arrow(values, to),
        _ if *from == DataType::FixedSizeBinary(16) => {
            let texts = values.as_fixed_size_binary().iter().map(|uuid| uuid.map(mead_common::text::uuid_text));
            arrow(&(Arc::new(StringArray::from_iter(texts)) as ArrayRef), to)
        }
        DataType::FixedSizeBinary(_) => uuids(&arrow(values, &DataType::Utf8)?),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            arrow(&bytes(&arrow(values, &DataType::Utf8)?)?, to)
        }
        DataType::Interval(_) => intervals(&arrow(values, &DataType::Utf8)?),
        DataType::List(_) if is_text(from) => array::read(arrow(values, &DataType::Utf8)?.as_string(), to),
        DataType::List(element) => {
            // A list of a fixed size is first one of any size.
            let lists = match from {
                DataType::FixedSizeList(element, _) => arrow(values, &DataType::List(Arc::clone(element)))?,
                _ => Arc::clone(values),
            };
            let lists = lists.as_list::<i32>();
            let inner = cast(lists.values(), element.data_type())?;
            let offsets = lists.offsets().clone();
            Ok(Arc::new(ListArray::try_new(Arc::clone(element), offsets, inner, lists.nulls().cloned())?))
        }
        _ => whole::round(values, to),
    }
}

fn arrow(values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: false, format_options: FormatOptions::default() };
    Ok(cast_with_options(values, to, &options)?)
}

fn bytes(texts: &ArrayRef) -> Result<ArrayRef> {
    let mut builder = BinaryBuilder::new();
    for text in texts.as_string::<i32>() {
        match text {
            Some(text) => builder.append_value(bytea::parse(text)?),
            None => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn intervals(texts: &ArrayRef) -> Result<ArrayRef> {
    let read = |text: &str| -> Result<IntervalMonthDayNano> {
        let Interval { months, days, nanoseconds } = mead_common::text::interval(text).map_err(external)?;
        Ok(IntervalMonthDayNano::new(months, days, nanoseconds))
    };
    let spans = texts.as_string::<i32>().iter().map(|text| text.map(read).transpose());
    Ok(Arc::new(IntervalMonthDayNanoArray::from(spans.collect::<Result<Vec<_>>>()?)))
}

fn uuids(texts: &ArrayRef) -> Result<ArrayRef> {
    let mut builder = FixedSizeBinaryBuilder::with_capacity(texts.len(), 16);
    for text in texts.as_string::<i32>() {
        match text {
            Some(text) => builder.append_value(mead_common::text::uuid(text).map_err(external)?)?,
            None => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}
