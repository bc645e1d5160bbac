//! Arrow arrays from values that come one after the other, for any of Hive's types.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int8Builder, Int16Builder, Int32Builder, Int64Builder, ListArray, MapArray, NullBufferBuilder, StringBuilder,
    StructArray, TimestampMicrosecondBuilder,
};
use datafusion::arrow::buffer::{OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use datafusion::error::Result;

use super::text_value;
use super::types::TextLimit;
use crate::Error;

/// The values of one column.
pub(super) enum Builder {
    Binary(BinaryBuilder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Decimal(Decimal128Builder, u8, i8),
    Float(Float32Builder),
    Double(Float64Builder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    List(Nested),
    Map(Nested),
    Struct { fields: Fields, children: Vec<Builder>, nulls: NullBufferBuilder },
    Text(StringBuilder, TextLimit),
    Timestamp(TimestampMicrosecondBuilder, Option<Arc<str>>),
}

/// Elements of lists, or keys and values of maps, and where each row's begin.
pub(super) struct Nested {
    pub field: FieldRef,
    pub offsets: Vec<i32>,
    pub nulls: NullBufferBuilder,
    /// One for a list, two for a map.
    pub children: Vec<Builder>,
    length: i32,
}

impl Nested {
    fn new(field: &FieldRef, children: Vec<Builder>) -> Self {
        Self { field: Arc::clone(field), offsets: vec![0], nulls: NullBufferBuilder::new(0), children, length: 0 }
    }

    /// Ends a row that has so many elements.
    pub fn end(&mut self, elements: usize) {
        self.length += i32::try_from(elements).unwrap_or(i32::MAX);
        self.offsets.push(self.length);
        self.nulls.append_non_null();
    }

    fn null(&mut self) {
        self.offsets.push(self.length);
        self.nulls.append_null();
    }

    fn take(&mut self) -> (OffsetBuffer<i32>, Option<datafusion::arrow::buffer::NullBuffer>) {
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        self.length = 0;
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), self.nulls.finish())
    }
}

/// How simple values are read from their text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    /// `t`, `1`, `f` and `0` are booleans too.
    pub extended_boolean: bool,
    /// The text of binary is base64 where it can be.
    pub base64: bool,
}

impl Builder {
    pub fn new(field: &Field) -> Result<Self, Error> {
        Self::of_type(field.name(), field.data_type(), TextLimit::of(field))
    }

    fn of_type(column: &str, data_type: &DataType, limit: TextLimit) -> Result<Self, Error> {
        let inner = |field: &FieldRef| Self::of_type(column, field.data_type(), TextLimit::of(field));
        Ok(match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int8 => Self::Int8(Int8Builder::new()),
            DataType::Int16 => Self::Int16(Int16Builder::new()),
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float32 => Self::Float(Float32Builder::new()),
            DataType::Float64 => Self::Double(Float64Builder::new()),
            DataType::Decimal128(precision, scale) => {
                Self::Decimal(Decimal128Builder::new().with_data_type(data_type.clone()), *precision, *scale)
            }
            DataType::Utf8 => Self::Text(StringBuilder::new(), limit),
            DataType::Binary => Self::Binary(BinaryBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                Self::Timestamp(TimestampMicrosecondBuilder::new(), zone.clone())
            }
            DataType::List(item) => Self::List(Nested::new(item, vec![inner(item)?])),
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => {
                    Self::Map(Nested::new(entries, fields.iter().map(inner).collect::<Result<_, _>>()?))
                }
                _ => return Err(Error::ManagedType { column: column.to_owned(), data_type: data_type.to_string() }),
            },
            DataType::Struct(fields) => Self::Struct {
                fields: fields.clone(),
                children: fields.iter().map(inner).collect::<Result<_, _>>()?,
                nulls: NullBufferBuilder::new(0),
            },
            other => return Err(Error::ManagedType { column: column.to_owned(), data_type: other.to_string() }),
        })
    }

    pub fn null(&mut self) {
        match self {
            Self::Binary(values) => values.append_null(),
            Self::Boolean(values) => values.append_null(),
            Self::Date(values) => values.append_null(),
            Self::Decimal(values, ..) => values.append_null(),
            Self::Float(values) => values.append_null(),
            Self::Double(values) => values.append_null(),
            Self::Int8(values) => values.append_null(),
            Self::Int16(values) => values.append_null(),
            Self::Int32(values) => values.append_null(),
            Self::Int64(values) => values.append_null(),
            Self::List(nested) | Self::Map(nested) => nested.null(),
            Self::Struct { children, nulls, .. } => {
                children.iter_mut().for_each(Builder::null);
                nulls.append_null();
            }
            Self::Text(values, _) => values.append_null(),
            Self::Timestamp(values, _) => values.append_null(),
        }
    }

    /// A simple value by its text; of a nested type it is NULL.
    pub fn text(&mut self, text: &str, reading: Reading) {
        match self {
            Self::Text(values, limit) => values.append_value(limit.cut(text)),
            Self::Binary(values) => match reading.base64.then(|| base64(text)).flatten() {
                Some(bytes) => values.append_value(bytes),
                None => values.append_value(text.as_bytes()),
            },
            Self::Boolean(values) => values.append_option(text_value::boolean(text, reading.extended_boolean)),
            Self::Date(values) => values.append_option(text_value::date(text)),
            Self::Decimal(values, precision, scale) => {
                values.append_option(text_value::decimal(text, *precision, *scale));
            }
            Self::Float(values) => values.append_option(text_value::double(text).map(|value| value as f32)),
            Self::Double(values) => values.append_option(text_value::double(text)),
            Self::Int8(values) => values.append_option(text_value::whole(text).and_then(|value| value.try_into().ok())),
            Self::Int16(values) => {
                values.append_option(text_value::whole(text).and_then(|value| value.try_into().ok()))
            }
            Self::Int32(values) => {
                values.append_option(text_value::whole(text).and_then(|value| value.try_into().ok()))
            }
            Self::Int64(values) => values.append_option(text_value::whole(text)),
            Self::Timestamp(values, _) => values.append_option(text_value::timestamp(text)),
            Self::List(_) | Self::Map(_) | Self::Struct { .. } => self.null(),
        }
    }

    /// True where a text is a value of this type.
    pub fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Int8(_) => text_value::whole(text).is_some_and(|value| i8::try_from(value).is_ok()),
            Self::Int16(_) => text_value::whole(text).is_some_and(|value| i16::try_from(value).is_ok()),
            Self::Int32(_) => text_value::whole(text).is_some_and(|value| i32::try_from(value).is_ok()),
            Self::Int64(_) => text_value::whole(text).is_some(),
            Self::Float(_) | Self::Double(_) => text_value::double(text).is_some(),
            Self::Boolean(_) => text_value::boolean(text, true).is_some(),
            Self::Date(_) => text_value::date(text).is_some(),
            Self::Timestamp(..) => text_value::timestamp(text).is_some(),
            Self::Decimal(_, precision, scale) => text_value::decimal(text, *precision, *scale).is_some(),
            _ => true,
        }
    }

    /// The values so far, as an array; the builder is empty afterwards.
    pub fn finish(&mut self) -> Result<ArrayRef> {
        Ok(match self {
            Self::Binary(values) => Arc::new(values.finish()),
            Self::Boolean(values) => Arc::new(values.finish()),
            Self::Date(values) => Arc::new(values.finish()),
            Self::Decimal(values, ..) => Arc::new(values.finish()),
            Self::Float(values) => Arc::new(values.finish()),
            Self::Double(values) => Arc::new(values.finish()),
            Self::Int8(values) => Arc::new(values.finish()),
            Self::Int16(values) => Arc::new(values.finish()),
            Self::Int32(values) => Arc::new(values.finish()),
            Self::Int64(values) => Arc::new(values.finish()),
            Self::Text(values, _) => Arc::new(values.finish()),
            Self::Timestamp(values, zone) => {
                let values = values.finish();
                match zone {
                    Some(zone) => Arc::new(values.with_timezone(Arc::clone(zone))),
                    None => Arc::new(values),
                }
            }
            Self::List(nested) => {
                let items = nested.children[0].finish()?;
                let (offsets, nulls) = nested.take();
                Arc::new(ListArray::try_new(Arc::clone(&nested.field), offsets, items, nulls)?)
            }
            Self::Map(nested) => {
                let arrays = nested.children.iter_mut().map(Builder::finish).collect::<Result<Vec<_>>>()?;
                let (offsets, nulls) = nested.take();
                let DataType::Struct(fields) = nested.field.data_type() else {
                    return datafusion::common::internal_err!("the entries of a map are structs");
                };
                let entries = StructArray::try_new(fields.clone(), arrays, None)?;
                Arc::new(MapArray::try_new(Arc::clone(&nested.field), offsets, entries, nulls, false)?)
            }
            Self::Struct { fields, children, nulls } => {
                let arrays = children.iter_mut().map(Builder::finish).collect::<Result<Vec<_>>>()?;
                let nulls = nulls.finish();
                if arrays.is_empty() {
                    return datafusion::common::internal_err!("a struct has fields");
                }
                Arc::new(StructArray::try_new(fields.clone(), arrays, nulls)?)
            }
        })
    }
}

/// Bytes of a text that is base64 throughout; `None` for any other.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    let body = text.trim_end_matches('=');
    if text.len() - body.len() > 2 || (text.len() != body.len() && !text.len().is_multiple_of(4)) {
        return None;
    }
    for byte in body.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// Base64 of bytes, as LazySimpleSerDe writes binary.
pub(super) fn to_base64(bytes: &[u8], text: &mut Vec<u8>) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().chain([&0, &0]).take(3).fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        for place in 0..4 {
            text.push(match place <= chunk.len() {
                true => LETTERS[(group >> (18 - 6 * place) & 63) as usize],
                false => b'=',
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_comes_back() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", b"\x00\xff\x7f\x80"] {
            let mut text = Vec::new();
            to_base64(bytes, &mut text);
            assert_eq!(base64(std::str::from_utf8(&text).unwrap()).unwrap(), bytes);
        }
        assert_eq!(base64("a b"), None);
    }
}
