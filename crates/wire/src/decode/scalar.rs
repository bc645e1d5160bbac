//! Values of one type to one Arrow array: a single parameter, or the elements of an array.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, FixedSizeBinaryArray, Float32Array, Float64Array, Int16Array,
    Int32Array, Int64Array, IntervalMonthDayNanoArray, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use mead_common::{Diagnostic, text};

use super::{Context, bad_text, bytea, datetime, interval, number, numeric};
use crate::types::Scalar;

/// `None` is NULL.
pub(super) fn read(
    values: &[Option<&[u8]>],
    binary: bool,
    scalar: Scalar,
    context: &Context,
) -> Result<ArrayRef, Diagnostic> {
    let array: ArrayRef = match scalar {
        Scalar::Bool => Arc::new(BooleanArray::from(each(values, |bytes| boolean(bytes, binary, context))?)),
        Scalar::Int2 => Arc::new(Int16Array::from(each(values, |bytes| {
            if binary { context.fixed(bytes).map(i16::from_be_bytes) } else { number::integer(bytes, scalar, context) }
        })?)),
        Scalar::Int4 => Arc::new(Int32Array::from(each(values, |bytes| {
            if binary { context.fixed(bytes).map(i32::from_be_bytes) } else { number::integer(bytes, scalar, context) }
        })?)),
        Scalar::Int8 => Arc::new(Int64Array::from(each(values, |bytes| {
            if binary { context.fixed(bytes).map(i64::from_be_bytes) } else { number::integer(bytes, scalar, context) }
        })?)),
        Scalar::Oid | Scalar::Regclass | Scalar::Regproc | Scalar::Regtype => {
            Arc::new(Int64Array::from(each(values, |bytes| {
                let oid =
                    if binary { context.fixed(bytes).map(u32::from_be_bytes) } else { number::oid(bytes, context) };
                oid.map(i64::from)
            })?))
        }
        Scalar::Float4 => Arc::new(Float32Array::from(each(values, |bytes| {
            if binary { context.fixed(bytes).map(f32::from_be_bytes) } else { number::float4(bytes, context) }
        })?)),
        Scalar::Float8 => Arc::new(Float64Array::from(each(values, |bytes| {
            if binary { context.fixed(bytes).map(f64::from_be_bytes) } else { number::float8(bytes, context) }
        })?)),
        Scalar::Numeric => return numeric::read(values, binary, context),
        Scalar::Bpchar | Scalar::Char | Scalar::Name | Scalar::Text | Scalar::Varchar | Scalar::Xml => {
            Arc::new(StringArray::from(each(values, |bytes| context.text(bytes))?))
        }
        Scalar::Json => Arc::new(StringArray::from(each(values, |bytes| json(bytes, context))?)),
        Scalar::Jsonb => Arc::new(StringArray::from(each(values, |bytes| match bytes {
            [1, text @ ..] if binary => json(text, context),
            _ if binary => Err(context.bad_binary()),
            text => json(text, context),
        })?)),
        Scalar::Bytea => {
            let values = each(values, |bytes| if binary { Ok(bytes.to_vec()) } else { bytea::text(bytes) })?;
            Arc::new(BinaryArray::from_iter(values))
        }
        Scalar::Uuid => {
            let values =
                each(
                    values,
                    |bytes| if binary { context.fixed::<16>(bytes) } else { text::uuid(context.text(bytes)?) },
                )?;
            let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values.into_iter(), 16);
            Arc::new(array.map_err(|error| Diagnostic::internal("uuids could not be collected").with_source(error))?)
        }
        Scalar::Date => Arc::new(Date32Array::from(each(values, |bytes| {
            if binary { datetime::date_binary(bytes, context) } else { datetime::date_text(bytes, context) }
        })?)),
        Scalar::Time => Arc::new(Time64MicrosecondArray::from(each(values, |bytes| {
            if binary { datetime::time_binary(bytes, context) } else { datetime::time_text(bytes, context) }
        })?)),
        Scalar::Timestamp => Arc::new(TimestampMicrosecondArray::from(each(values, |bytes| {
            if binary {
                datetime::timestamp_binary(bytes, context)
            } else {
                datetime::timestamp_text(bytes, false, context)
            }
        })?)),
        Scalar::Timestamptz => {
            let moments = each(values, |bytes| {
                if binary {
                    datetime::timestamp_binary(bytes, context)
                } else {
                    datetime::timestamp_text(bytes, true, context)
                }
            })?;
            Arc::new(TimestampMicrosecondArray::from(moments).with_timezone("UTC"))
        }
        Scalar::Interval => Arc::new(IntervalMonthDayNanoArray::from(each(values, |bytes| {
            if binary { interval::binary(bytes, context) } else { interval::text(bytes, context) }
        })?)),
    };
    Ok(array)
}

fn each<'a, T>(
    values: &[Option<&'a [u8]>],
    read: impl Fn(&'a [u8]) -> Result<T, Diagnostic>,
) -> Result<Vec<Option<T>>, Diagnostic> {
    values.iter().map(|value| value.map(&read).transpose()).collect()
}

fn json<'a>(bytes: &'a [u8], context: &Context) -> Result<&'a str, Diagnostic> {
    let value = context.text(bytes)?;
    text::json(value)?;
    Ok(value)
}

fn boolean(bytes: &[u8], binary: bool, context: &Context) -> Result<bool, Diagnostic> {
    if binary {
        return context.fixed::<1>(bytes).map(|[byte]| byte != 0);
    }
    let text = context.text(bytes)?;
    let word = text.trim().to_ascii_lowercase();
    let starts = |full: &str, at_least: usize| word.len() >= at_least && full.starts_with(&word);
    if starts("true", 1) || starts("yes", 1) || word == "on" || word == "1" {
        Ok(true)
    } else if starts("false", 1) || starts("no", 1) || starts("off", 2) || word == "0" {
        Ok(false)
    } else {
        Err(bad_text("boolean", text))
    }
}
