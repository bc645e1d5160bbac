//! Arrow columns to DataRow messages.
//!
//! A [`BatchEncoder`] looks at each column's type once; a value then costs one `match` and no allocation. What Postgres
//! has no layout for is brought to one that it has, a whole column at a time, by [`normalize`].

mod bytea;
mod datetime;
mod float;
mod integer;
mod interval;
mod json;
mod list;
mod normalize;
mod numeric;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, LargeBinaryArray,
    LargeStringArray, PrimitiveArray, StringArray, StringViewArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType, Time64MicrosecondType,
    TimeUnit, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use bytes::{BufMut, BytesMut};
use mead_common::{Diagnostic, sqlstate};

use crate::calendar::Zone;
use crate::types::Scalar;

use list::ListEncoder;
pub(crate) use normalize::normalize;

/// The session's settings that change how values look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) zone: Zone,
    /// `bytea_output = 'escape'`.
    pub(crate) bytea_escape: bool,
    /// Floats as Java prints them, which Hive's and Spark's dialects do: `6.0`.
    pub(crate) java_floats: bool,
}

/// How one column of a result goes out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnFormat {
    pub(crate) scalar: Scalar,
    pub(crate) binary: bool,
}

/// The columns of one batch, ready to be written row by row.
pub(crate) struct BatchEncoder<'a> {
    columns: Vec<(ColumnEncoder<'a>, bool)>,
}

impl<'a> BatchEncoder<'a> {
    /// `columns` must have been brought into form by [`normalize`].
    pub(crate) fn new(columns: &'a [ArrayRef], formats: &[ColumnFormat], style: Style) -> Result<Self, Diagnostic> {
        let columns = columns
            .iter()
            .zip(formats)
            .map(|(array, format)| Ok((ColumnEncoder::new(array.as_ref(), format.scalar, style)?, format.binary)))
            .collect::<Result<_, Diagnostic>>()?;
        Ok(Self { columns })
    }

    /// Appends one DataRow message. On an error nothing is left of it.
    pub(crate) fn put_row(&mut self, row: usize, out: &mut BytesMut) -> Result<(), Diagnostic> {
        let start = out.len();
        let result = self.put_fields(row, out);
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    fn put_fields(&mut self, row: usize, out: &mut BytesMut) -> Result<(), Diagnostic> {
        out.put_u8(b'D');
        let length_at = out.len();
        out.put_i32(0);
        out.put_i16(self.columns.len() as i16);
        for (column, binary) in &mut self.columns {
            column.put_field(row, *binary, out)?;
        }
        set_length(length_at, out.len() - length_at, out)
    }
}

/// Writes a length that is known only after what it counts.
fn set_length(at: usize, length: usize, out: &mut BytesMut) -> Result<(), Diagnostic> {
    let length = i32::try_from(length)
        .map_err(|_| Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "a row is too long for one message"))?;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// One column, its type looked at.
pub(crate) struct ColumnEncoder<'a> {
    values: Values<'a>,
    nulls: Option<&'a NullBuffer>,
}

enum Values<'a> {
    Null,
    Boolean(&'a BooleanArray),
    Int8(&'a PrimitiveArray<Int8Type>),
    Int16(&'a PrimitiveArray<Int16Type>),
    Int32(&'a PrimitiveArray<Int32Type>),
    Int64(&'a PrimitiveArray<Int64Type>),
    UInt8(&'a PrimitiveArray<UInt8Type>),
    UInt16(&'a PrimitiveArray<UInt16Type>),
    UInt32(&'a PrimitiveArray<UInt32Type>),
    UInt64(&'a PrimitiveArray<UInt64Type>),
    /// An integer column that the client knows as oid or one of its aliases.
    Oid(&'a PrimitiveArray<Int64Type>),
    Float16(&'a PrimitiveArray<Float16Type>),
    Float32(&'a PrimitiveArray<Float32Type>),
    Float64(&'a PrimitiveArray<Float64Type>),
    JavaFloat32(&'a PrimitiveArray<Float32Type>),
    JavaFloat64(&'a PrimitiveArray<Float64Type>),
    Decimal32(&'a PrimitiveArray<Decimal32Type>, i8),
    Decimal64(&'a PrimitiveArray<Decimal64Type>, i8),
    Decimal128(&'a PrimitiveArray<Decimal128Type>, i8),
    Decimal256(&'a PrimitiveArray<Decimal256Type>, i8),
    Utf8(&'a StringArray),
    LargeUtf8(&'a LargeStringArray),
    Utf8View(&'a StringViewArray),
    /// jsonb: a version byte stands before the text in binary.
    Jsonb(&'a StringArray),
    Binary(&'a BinaryArray, Style),
    LargeBinary(&'a LargeBinaryArray, Style),
    BinaryView(&'a BinaryViewArray, Style),
    FixedSizeBinary(&'a FixedSizeBinaryArray, Style),
    Uuid(&'a FixedSizeBinaryArray),
    Date32(&'a PrimitiveArray<Date32Type>),
    Date64(&'a PrimitiveArray<Date64Type>),
    Time(&'a PrimitiveArray<Time64MicrosecondType>),
    Timestamp(&'a PrimitiveArray<TimestampMicrosecondType>),
    Timestamptz(&'a PrimitiveArray<TimestampMicrosecondType>, Style),
    YearMonth(&'a PrimitiveArray<IntervalYearMonthType>),
    DayTime(&'a PrimitiveArray<IntervalDayTimeType>),
    MonthDayNano(&'a PrimitiveArray<IntervalMonthDayNanoType>),
    Duration(&'a PrimitiveArray<DurationMicrosecondType>),
    List(Box<ListEncoder<'a>>),
}

impl<'a> ColumnEncoder<'a> {
    fn new(array: &'a dyn Array, scalar: Scalar, style: Style) -> Result<Self, Diagnostic> {
        let values = match array.data_type() {
            DataType::Null => Values::Null,
            DataType::Boolean => Values::Boolean(array.as_boolean()),
            DataType::Int8 => Values::Int8(array.as_primitive()),
            DataType::Int16 => Values::Int16(array.as_primitive()),
            DataType::Int32 => Values::Int32(array.as_primitive()),
            DataType::Int64 if is_oid(scalar) => Values::Oid(array.as_primitive()),
            DataType::Int64 => Values::Int64(array.as_primitive()),
            DataType::UInt8 => Values::UInt8(array.as_primitive()),
            DataType::UInt16 => Values::UInt16(array.as_primitive()),
            DataType::UInt32 => Values::UInt32(array.as_primitive()),
            DataType::UInt64 => Values::UInt64(array.as_primitive()),
            DataType::Float16 => Values::Float16(array.as_primitive()),
            DataType::Float32 if style.java_floats => Values::JavaFloat32(array.as_primitive()),
            DataType::Float64 if style.java_floats => Values::JavaFloat64(array.as_primitive()),
            DataType::Float32 => Values::Float32(array.as_primitive()),
            DataType::Float64 => Values::Float64(array.as_primitive()),
            DataType::Decimal32(_, scale) => Values::Decimal32(array.as_primitive(), *scale),
            DataType::Decimal64(_, scale) => Values::Decimal64(array.as_primitive(), *scale),
            DataType::Decimal128(_, scale) => Values::Decimal128(array.as_primitive(), *scale),
            DataType::Decimal256(_, scale) => Values::Decimal256(array.as_primitive(), *scale),
            DataType::Utf8 if scalar == Scalar::Jsonb => Values::Jsonb(array.as_string()),
            DataType::Utf8 => Values::Utf8(array.as_string()),
            DataType::LargeUtf8 => Values::LargeUtf8(array.as_string()),
            DataType::Utf8View => Values::Utf8View(array.as_string_view()),
            DataType::Binary => Values::Binary(array.as_binary(), style),
            DataType::LargeBinary => Values::LargeBinary(array.as_binary(), style),
            DataType::BinaryView => Values::BinaryView(array.as_binary_view(), style),
            DataType::FixedSizeBinary(_) if scalar == Scalar::Uuid => Values::Uuid(array.as_fixed_size_binary()),
            DataType::FixedSizeBinary(_) => Values::FixedSizeBinary(array.as_fixed_size_binary(), style),
            DataType::Date32 => Values::Date32(array.as_primitive()),
            DataType::Date64 => Values::Date64(array.as_primitive()),
            DataType::Time64(TimeUnit::Microsecond) => Values::Time(array.as_primitive()),
            DataType::Timestamp(TimeUnit::Microsecond, None) => Values::Timestamp(array.as_primitive()),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Values::Timestamptz(array.as_primitive(), style),
            DataType::Interval(IntervalUnit::YearMonth) => Values::YearMonth(array.as_primitive()),
            DataType::Interval(IntervalUnit::DayTime) => Values::DayTime(array.as_primitive()),
            DataType::Interval(IntervalUnit::MonthDayNano) => Values::MonthDayNano(array.as_primitive()),
            DataType::Duration(TimeUnit::Microsecond) => Values::Duration(array.as_primitive()),
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _) => {
                Values::List(Box::new(ListEncoder::new(array, scalar, style)?))
            }
            other => return Err(Diagnostic::internal(format!("a column of type {other} reached the encoder"))),
        };
        Ok(Self { values, nulls: array.nulls() })
    }

    fn is_null(&self, row: usize) -> bool {
        matches!(self.values, Values::Null) || self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }

    /// Appends length and value, or the length -1 for NULL.
    fn put_field(&mut self, row: usize, binary: bool, out: &mut BytesMut) -> Result<(), Diagnostic> {
        if self.is_null(row) {
            out.put_i32(-1);
            return Ok(());
        }
        let length_at = out.len();
        out.put_i32(0);
        if binary {
            self.put_binary(row, out)?;
        } else {
            self.put_text(row, out)?;
        }
        set_length(length_at, out.len() - length_at - 4, out)
    }

    fn put_text(&mut self, row: usize, out: &mut BytesMut) -> Result<(), Diagnostic> {
        match &mut self.values {
            Values::Null => {}
            Values::Boolean(array) => out.put_u8(if array.value(row) { b't' } else { b'f' }),
            Values::Int8(array) => integer::put_text(array.value(row), out),
            Values::Int16(array) => integer::put_text(array.value(row), out),
            Values::Int32(array) => integer::put_text(array.value(row), out),
            Values::Int64(array) | Values::Oid(array) => integer::put_text(array.value(row), out),
            Values::UInt8(array) => integer::put_text(array.value(row), out),
            Values::UInt16(array) => integer::put_text(array.value(row), out),
            Values::UInt32(array) => integer::put_text(array.value(row), out),
            Values::UInt64(array) => integer::put_text(array.value(row), out),
            Values::Float16(array) => float::put_text_4(array.value(row).to_f32(), out),
            Values::Float32(array) => float::put_text_4(array.value(row), out),
            Values::Float64(array) => float::put_text_8(array.value(row), out),
            Values::JavaFloat32(array) => out.put_slice(mead_engine::float_text(array.value(row)).as_bytes()),
            Values::JavaFloat64(array) => out.put_slice(mead_engine::double_text(array.value(row)).as_bytes()),
            Values::Decimal32(array, scale) => numeric::put_text(array.value(row).into(), *scale, out),
            Values::Decimal64(array, scale) => numeric::put_text(array.value(row).into(), *scale, out),
            Values::Decimal128(array, scale) => numeric::put_text(array.value(row), *scale, out),
            Values::Decimal256(array, scale) => numeric::put_text_256(array.value(row), *scale, out),
            Values::Utf8(array) | Values::Jsonb(array) => out.put_slice(array.value(row).as_bytes()),
            Values::LargeUtf8(array) => out.put_slice(array.value(row).as_bytes()),
            Values::Utf8View(array) => out.put_slice(array.value(row).as_bytes()),
            Values::Binary(array, style) => bytea::put_text(array.value(row), *style, out),
            Values::LargeBinary(array, style) => bytea::put_text(array.value(row), *style, out),
            Values::BinaryView(array, style) => bytea::put_text(array.value(row), *style, out),
            Values::FixedSizeBinary(array, style) => bytea::put_text(array.value(row), *style, out),
            Values::Uuid(array) => bytea::put_uuid_text(array.value(row), out),
            Values::Date32(array) => return datetime::put_date_text(array.value(row), out),
            Values::Date64(array) => return datetime::put_date_text(datetime::days_of(array.value(row))?, out),
            Values::Time(array) => return datetime::put_time_text(array.value(row), out),
            Values::Timestamp(array) => return datetime::put_timestamp_text(array.value(row), None, out),
            Values::Timestamptz(array, style) => {
                return datetime::put_timestamp_text(array.value(row), Some(style.zone), out);
            }
            Values::YearMonth(array) => interval::Span::from(array.value(row)).put_text(out),
            Values::DayTime(array) => interval::Span::from(array.value(row)).put_text(out),
            Values::MonthDayNano(array) => interval::Span::from(array.value(row)).put_text(out),
            Values::Duration(array) => interval::Span::of_microseconds(array.value(row)).put_text(out),
            Values::List(encoder) => return encoder.put_text(row, out),
        }
        Ok(())
    }

    fn put_binary(&mut self, row: usize, out: &mut BytesMut) -> Result<(), Diagnostic> {
        match &mut self.values {
            Values::Null => {}
            Values::Boolean(array) => out.put_u8(u8::from(array.value(row))),
            Values::Int8(array) => out.put_i16(array.value(row).into()),
            Values::Int16(array) => out.put_i16(array.value(row)),
            Values::Int32(array) => out.put_i32(array.value(row)),
            Values::Int64(array) => out.put_i64(array.value(row)),
            Values::Oid(array) => return integer::put_oid(array.value(row), out),
            Values::UInt8(array) => out.put_i16(array.value(row).into()),
            Values::UInt16(array) => out.put_i32(array.value(row).into()),
            Values::UInt32(array) => out.put_i64(array.value(row).into()),
            Values::UInt64(array) => numeric::put_binary(array.value(row).into(), 0, out),
            Values::Float16(array) => out.put_f32(array.value(row).to_f32()),
            Values::Float32(array) | Values::JavaFloat32(array) => out.put_f32(array.value(row)),
            Values::Float64(array) | Values::JavaFloat64(array) => out.put_f64(array.value(row)),
            Values::Decimal32(array, scale) => numeric::put_binary(array.value(row).into(), *scale, out),
            Values::Decimal64(array, scale) => numeric::put_binary(array.value(row).into(), *scale, out),
            Values::Decimal128(array, scale) => numeric::put_binary(array.value(row), *scale, out),
            Values::Decimal256(array, scale) => numeric::put_binary_256(array.value(row), *scale, out),
            Values::Utf8(array) => out.put_slice(array.value(row).as_bytes()),
            Values::LargeUtf8(array) => out.put_slice(array.value(row).as_bytes()),
            Values::Utf8View(array) => out.put_slice(array.value(row).as_bytes()),
            Values::Jsonb(array) => {
                out.put_u8(1);
                out.put_slice(array.value(row).as_bytes());
            }
            Values::Binary(array, _) => out.put_slice(array.value(row)),
            Values::LargeBinary(array, _) => out.put_slice(array.value(row)),
            Values::BinaryView(array, _) => out.put_slice(array.value(row)),
            Values::FixedSizeBinary(array, _) | Values::Uuid(array) => out.put_slice(array.value(row)),
            Values::Date32(array) => return datetime::put_date_binary(array.value(row), out),
            Values::Date64(array) => return datetime::put_date_binary(datetime::days_of(array.value(row))?, out),
            Values::Time(array) => out.put_i64(array.value(row)),
            Values::Timestamp(array) | Values::Timestamptz(array, _) => {
                return datetime::put_timestamp_binary(array.value(row), out);
            }
            Values::YearMonth(array) => interval::Span::from(array.value(row)).put_binary(out),
            Values::DayTime(array) => interval::Span::from(array.value(row)).put_binary(out),
            Values::MonthDayNano(array) => interval::Span::from(array.value(row)).put_binary(out),
            Values::Duration(array) => interval::Span::of_microseconds(array.value(row)).put_binary(out),
            Values::List(encoder) => return encoder.put_binary(row, out),
        }
        Ok(())
    }

    /// True if the text form of an element may need quotes in an array.
    fn may_need_quotes(&self) -> bool {
        !matches!(
            self.values,
            Values::Null
                | Values::Boolean(_)
                | Values::Int8(_)
                | Values::Int16(_)
                | Values::Int32(_)
                | Values::Int64(_)
                | Values::UInt8(_)
                | Values::UInt16(_)
                | Values::UInt32(_)
                | Values::UInt64(_)
                | Values::Oid(_)
                | Values::Float16(_)
                | Values::Float32(_)
                | Values::Float64(_)
                | Values::JavaFloat32(_)
                | Values::JavaFloat64(_)
                | Values::Decimal32(..)
                | Values::Decimal64(..)
                | Values::Decimal128(..)
                | Values::Decimal256(..)
                | Values::Uuid(_)
                | Values::Time(_)
        )
    }
}

fn is_oid(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::Oid | Scalar::Regclass | Scalar::Regproc | Scalar::Regtype)
}

#[cfg(test)]
mod tests;
