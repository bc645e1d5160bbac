//! ORC files from batches: stripes of columns, each a few streams, and a footer that tells where they are.
//!
//! Streams are compressed in blocks by Snappy. There are no indexes and no statistics; readers take that for what it is.

use std::io::Write;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, filter, is_not_null};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, FieldRef, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Schema, TimeUnit, TimestampMicrosecondType,
};
use datafusion::error::DataFusionError;
use mead_common::{Diagnostic, sqlstate};

use super::orc_encoding::{Message, bits, byte_runs, decimal, integers};
use super::types::TextLimit;
use crate::Error;

/// What a stripe may hold before it is written.
const STRIPE_BYTES: usize = 64 << 20;
/// Plain bytes of a compressed block.
const BLOCK_BYTES: usize = 256 << 10;
/// Seconds from 1970 to 2015, from where ORC counts.
const EPOCH_SECONDS: i64 = 1_420_070_400;

const PRESENT: u64 = 0;
const DATA: u64 = 1;
const LENGTH: u64 = 2;
const SECONDARY: u64 = 5;
const SNAPPY: u64 = 2;

/// See the module's documentation.
pub(super) struct OrcWriter<W> {
    output: W,
    written: u64,
    columns: Vec<Column>,
    types: Vec<Message>,
    stripes: Vec<Message>,
    stripe_rows: u64,
    rows: u64,
    has_timestamps: bool,
}

impl<W: Write> OrcWriter<W> {
    pub fn new(mut output: W, schema: &Schema) -> Result<Self, Error> {
        let mut types = vec![Message::default()];
        let mut columns = Vec::with_capacity(schema.fields().len());
        let mut root = Message::default().number(1, 12);
        for field in schema.fields() {
            root = root.number(2, types.len() as u64);
            columns.push(Column::new(field, &mut types)?);
        }
        for field in schema.fields() {
            root = root.bytes(3, field.name().as_bytes());
        }
        types[0] = root;
        output.write_all(b"ORC").map_err(io)?;
        let has_timestamps = schema.fields().iter().any(|field| has_timestamps(field.data_type()));
        Ok(Self { output, written: 3, columns, types, stripes: Vec::new(), stripe_rows: 0, rows: 0, has_timestamps })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            column.append(array)?;
        }
        self.stripe_rows += batch.num_rows() as u64;
        if self.columns.iter().map(Column::bytes).sum::<usize>() > STRIPE_BYTES {
            self.end_stripe()?;
        }
        Ok(())
    }

    /// Ends the file, and gives what it was written to.
    pub fn finish(mut self) -> Result<W, Error> {
        if self.stripe_rows > 0 {
            self.end_stripe()?;
        }
        let mut footer = Message::default().number(1, 3).number(2, self.written - 3);
        for stripe in &self.stripes {
            footer = footer.message(3, stripe);
        }
        for kind in &self.types {
            footer = footer.message(4, kind);
        }
        let footer = compressed(&footer.number(6, self.rows).0)?;
        let mut tail = Message::default()
            .number(1, footer.len() as u64)
            .number(2, SNAPPY)
            .number(3, BLOCK_BYTES as u64)
            .bytes(4, &[0, 12])
            .number(5, 0)
            // Above the versions in which the first writers had errors that readers allow for.
            .number(6, 6);
        tail = tail.bytes(8000, b"ORC");
        self.put(&footer)?;
        self.put(&tail.0)?;
        let length = u8::try_from(tail.0.len()).unwrap_or(u8::MAX);
        self.put(&[length])?;
        Ok(self.output)
    }

    fn end_stripe(&mut self) -> Result<(), Error> {
        let start = self.written;
        let mut streams = Vec::new();
        let mut encodings = vec![Message::default().number(1, 0)];
        for column in &mut self.columns {
            column.streams(&mut streams, &mut encodings);
        }
        let mut footer = Message::default();
        for (kind, column, bytes) in streams {
            let bytes = compressed(&bytes)?;
            let stream = Message::default().number(1, kind).number(2, u64::from(column)).number(3, bytes.len() as u64);
            footer = footer.message(1, &stream);
            self.put(&bytes)?;
        }
        for encoding in &encodings {
            footer = footer.message(2, encoding);
        }
        if self.has_timestamps {
            footer = footer.bytes(3, b"UTC");
        }
        let data = self.written - start;
        let footer = compressed(&footer.0)?;
        self.put(&footer)?;
        self.stripes.push(
            Message::default()
                .number(1, start)
                .number(2, 0)
                .number(3, data)
                .number(4, footer.len() as u64)
                .number(5, self.stripe_rows),
        );
        self.rows += self.stripe_rows;
        self.stripe_rows = 0;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.written += bytes.len() as u64;
        self.output.write_all(bytes).map_err(io)
    }
}

fn io(error: std::io::Error) -> Error {
    Error::DataFusion(DataFusionError::IoError(error))
}

/// Blocks, each behind its length and whether it is compressed.
fn compressed(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut output = Vec::with_capacity(bytes.len() / 2 + 8);
    let mut encoder = snap::raw::Encoder::new();
    for block in bytes.chunks(BLOCK_BYTES) {
        let packed = encoder.compress_vec(block).map_err(|error| io(std::io::Error::other(error)))?;
        let (body, is_original) = if packed.len() < block.len() { (packed.as_slice(), 0) } else { (block, 1) };
        let header = (body.len() as u32) << 1 | is_original;
        output.extend_from_slice(&header.to_le_bytes()[..3]);
        output.extend_from_slice(body);
    }
    Ok(output)
}

fn has_timestamps(data_type: &DataType) -> bool {
    match data_type {
        DataType::Timestamp(_, None) => true,
        DataType::List(item) => has_timestamps(item.data_type()),
        DataType::Map(entries, _) => has_timestamps(entries.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_timestamps(field.data_type())),
        _ => false,
    }
}

/// What one column, or what is below it, has for the stripe.
struct Column {
    id: u32,
    data_type: DataType,
    present: Vec<bool>,
    has_nulls: bool,
    values: Values,
    children: Vec<Column>,
}

enum Values {
    Bits(Vec<bool>),
    /// Written as they are.
    Bytes(Vec<u8>),
    Tiny(Vec<u8>),
    Integers(Vec<i64>),
    /// Bytes, and the length of each value.
    Texts(Vec<u8>, Vec<i64>),
    /// Varints, and the scale of each.
    Decimals(Vec<u8>, Vec<i64>),
    /// Seconds and nanoseconds.
    Timestamps(Vec<i64>, Vec<i64>),
    Lengths(Vec<i64>),
    None,
}

impl Column {
    /// Adds the column's type, and those below it, to the list.
    fn new(field: &FieldRef, types: &mut Vec<Message>) -> Result<Self, Error> {
        let id = types.len();
        types.push(Message::default());
        let kind = |kind: u64| Message::default().number(1, kind);
        let mut children = Vec::new();
        let (values, message) = match field.data_type() {
            DataType::Boolean => (Values::Bits(Vec::new()), kind(0)),
            DataType::Int8 => (Values::Tiny(Vec::new()), kind(1)),
            DataType::Int16 => (Values::Integers(Vec::new()), kind(2)),
            DataType::Int32 => (Values::Integers(Vec::new()), kind(3)),
            DataType::Int64 => (Values::Integers(Vec::new()), kind(4)),
            DataType::Float32 => (Values::Bytes(Vec::new()), kind(5)),
            DataType::Float64 => (Values::Bytes(Vec::new()), kind(6)),
            DataType::Utf8 => {
                let message = match TextLimit::of(field) {
                    TextLimit::None => kind(7),
                    TextLimit::Varchar(length) => kind(16).number(4, length as u64),
                    TextLimit::Char(length) => kind(17).number(4, length as u64),
                };
                (Values::Texts(Vec::new(), Vec::new()), message)
            }
            DataType::Binary => (Values::Texts(Vec::new(), Vec::new()), kind(8)),
            DataType::Date32 => (Values::Integers(Vec::new()), kind(15)),
            DataType::Decimal128(precision, scale) if *scale >= 0 => {
                let message = kind(14).number(5, u64::from(*precision)).number(6, u64::from(scale.unsigned_abs()));
                (Values::Decimals(Vec::new(), Vec::new()), message)
            }
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                (Values::Timestamps(Vec::new(), Vec::new()), kind(if zone.is_some() { 18 } else { 9 }))
            }
            DataType::List(item) => {
                let message = kind(10).number(2, types.len() as u64);
                children.push(Self::new(item, types)?);
                (Values::Lengths(Vec::new()), message)
            }
            DataType::Map(entries, _) => {
                let DataType::Struct(fields) = entries.data_type() else { return Err(unsupported(field)) };
                let mut message = kind(11);
                for field in fields {
                    message = message.number(2, types.len() as u64);
                    children.push(Self::new(field, types)?);
                }
                (Values::Lengths(Vec::new()), message)
            }
            DataType::Struct(fields) => {
                let mut message = kind(12);
                for field in fields {
                    message = message.number(2, types.len() as u64);
                    children.push(Self::new(field, types)?);
                }
                for field in fields {
                    message = message.bytes(3, field.name().as_bytes());
                }
                (Values::None, message)
            }
            _ => return Err(unsupported(field)),
        };
        types[id] = message;
        let id = u32::try_from(id).unwrap_or(u32::MAX);
        let data_type = field.data_type().clone();
        Ok(Self { id, data_type, present: Vec::new(), has_nulls: false, values, children })
    }

    fn append(&mut self, array: &ArrayRef) -> Result<(), Error> {
        let arrow = |error| Error::from(DataFusionError::from(error));
        let mut array = match array.data_type() == &self.data_type {
            true => Arc::clone(array),
            false => cast(array, &self.data_type).map_err(arrow)?,
        };
        if array.null_count() > 0 {
            let present = is_not_null(&array).map_err(arrow)?;
            self.present.extend(present.values().iter());
            self.has_nulls = true;
            array = filter(&array, &present).map_err(arrow)?;
        } else {
            self.present.resize(self.present.len() + array.len(), true);
        }
        self.append_present(&array)
    }

    /// Values of which none is NULL.
    fn append_present(&mut self, array: &ArrayRef) -> Result<(), Error> {
        match (&mut self.values, &self.data_type) {
            (Values::Bits(bits), _) => bits.extend(array.as_boolean().values().iter()),
            (Values::Tiny(bytes), _) => {
                bytes.extend(array.as_primitive::<Int8Type>().values().iter().map(|value| value.cast_unsigned()));
            }
            (Values::Integers(numbers), DataType::Int16) => {
                numbers.extend(array.as_primitive::<Int16Type>().values().iter().map(|value| i64::from(*value)));
            }
            (Values::Integers(numbers), DataType::Int32) => {
                numbers.extend(array.as_primitive::<Int32Type>().values().iter().map(|value| i64::from(*value)));
            }
            (Values::Integers(numbers), DataType::Date32) => {
                numbers.extend(array.as_primitive::<Date32Type>().values().iter().map(|value| i64::from(*value)));
            }
            (Values::Integers(numbers), _) => numbers.extend(array.as_primitive::<Int64Type>().values().iter()),
            (Values::Bytes(bytes), DataType::Float32) => {
                bytes.extend(array.as_primitive::<Float32Type>().values().iter().flat_map(|value| value.to_le_bytes()));
            }
            (Values::Bytes(bytes), _) => {
                bytes.extend(array.as_primitive::<Float64Type>().values().iter().flat_map(|value| value.to_le_bytes()));
            }
            (Values::Texts(bytes, lengths), DataType::Utf8) => {
                for text in array.as_string::<i32>().iter().flatten() {
                    bytes.extend_from_slice(text.as_bytes());
                    lengths.push(text.len() as i64);
                }
            }
            (Values::Texts(bytes, lengths), _) => {
                for value in array.as_binary::<i32>().iter().flatten() {
                    bytes.extend_from_slice(value);
                    lengths.push(value.len() as i64);
                }
            }
            (Values::Decimals(bytes, scales), DataType::Decimal128(_, scale)) => {
                for value in array.as_primitive::<Decimal128Type>().values() {
                    decimal(*value, bytes);
                    scales.push(i64::from(*scale));
                }
            }
            (Values::Decimals(..), _) => {}
            (Values::Timestamps(seconds, nanoseconds), _) => {
                for value in array.as_primitive::<TimestampMicrosecondType>().values() {
                    let (second, nanosecond) = timestamp(*value)?;
                    seconds.push(second);
                    nanoseconds.push(nanosecond);
                }
            }
            (Values::Lengths(lengths), DataType::List(_)) => {
                let lists = array.as_list::<i32>();
                lengths.extend(lists.offsets().lengths().map(|length| length as i64));
                let (start, length) = extent(lists.offsets());
                if let [child] = self.children.as_mut_slice() {
                    child.append(&lists.values().slice(start, length))?;
                }
            }
            (Values::Lengths(lengths), _) => {
                let maps = array.as_map();
                lengths.extend(maps.offsets().lengths().map(|length| length as i64));
                let (start, length) = extent(maps.offsets());
                for (child, column) in self.children.iter_mut().zip(maps.entries().columns()) {
                    child.append(&column.slice(start, length))?;
                }
            }
            (Values::None, _) => {
                for (child, column) in self.children.iter_mut().zip(array.as_struct().columns()) {
                    child.append(column)?;
                }
            }
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        let own = match &self.values {
            Values::Bits(bits) => bits.len(),
            Values::Bytes(bytes) | Values::Tiny(bytes) => bytes.len(),
            Values::Integers(numbers) | Values::Lengths(numbers) => 8 * numbers.len(),
            Values::Texts(bytes, numbers) | Values::Decimals(bytes, numbers) => bytes.len() + 8 * numbers.len(),
            Values::Timestamps(seconds, nanoseconds) => 8 * (seconds.len() + nanoseconds.len()),
            Values::None => 0,
        };
        self.present.len() + own + self.children.iter().map(Column::bytes).sum::<usize>()
    }

    /// Takes the streams of the stripe: kind, column, bytes.
    fn streams(&mut self, streams: &mut Vec<(u64, u32, Vec<u8>)>, encodings: &mut Vec<Message>) {
        encodings.push(Message::default().number(1, 0));
        let present = std::mem::take(&mut self.present);
        if std::mem::take(&mut self.has_nulls) {
            streams.push((PRESENT, self.id, bits(&present)));
        }
        let mut add = |kind: u64, bytes: Vec<u8>| streams.push((kind, self.id, bytes));
        match &mut self.values {
            Values::Bits(values) => add(DATA, bits(&std::mem::take(values))),
            Values::Bytes(bytes) => add(DATA, std::mem::take(bytes)),
            Values::Tiny(bytes) => add(DATA, byte_runs(&std::mem::take(bytes))),
            Values::Integers(numbers) => add(DATA, integers(&std::mem::take(numbers), true)),
            Values::Texts(bytes, lengths) => {
                add(DATA, std::mem::take(bytes));
                add(LENGTH, integers(&std::mem::take(lengths), false));
            }
            Values::Decimals(bytes, scales) => {
                add(DATA, std::mem::take(bytes));
                add(SECONDARY, integers(&std::mem::take(scales), true));
            }
            Values::Timestamps(seconds, nanoseconds) => {
                add(DATA, integers(&std::mem::take(seconds), true));
                add(SECONDARY, integers(&std::mem::take(nanoseconds), false));
            }
            Values::Lengths(lengths) => add(LENGTH, integers(&std::mem::take(lengths), false)),
            Values::None => {}
        }
        for child in &mut self.children {
            child.streams(streams, encodings);
        }
    }
}

/// Where the elements of lists begin, and how many there are.
fn extent(offsets: &[i32]) -> (usize, usize) {
    let bound = |offset: Option<&i32>| offset.map_or(0, |offset| usize::try_from(*offset).unwrap_or(0));
    let start = bound(offsets.first());
    (start, bound(offsets.last()).saturating_sub(start))
}

/// A timestamp's seconds from 2015 and its nanoseconds, of which trailing zeros are counted in the last three bits.
fn timestamp(micros: i64) -> Result<(i64, i64), Error> {
    let (mut seconds, nanoseconds) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000) * 1_000);
    // The format counts these from the second after, and so has no place for the last second before 1970 (ORC-763).
    if seconds < 0 && nanoseconds > 999_999 {
        if seconds == -1 {
            let text = super::java_text::timestamp_text(micros);
            let message = format!("timestamp \"{text}\" cannot be kept in an ORC file");
            return Err(Diagnostic::new(sqlstate::DATETIME_FIELD_OVERFLOW, message)
                .with_detail("the format has no fractions of the last second before 1970")
                .into());
        }
        seconds += 1;
    }
    let (mut kept, mut zeros) = (nanoseconds, 0);
    if nanoseconds != 0 && nanoseconds % 100 == 0 {
        kept /= 100;
        zeros = 1;
        while kept % 10 == 0 && zeros < 7 {
            kept /= 10;
            zeros += 1;
        }
    }
    Ok((seconds - EPOCH_SECONDS, kept << 3 | zeros))
}

fn unsupported(field: &Field) -> Error {
    Error::ManagedType { column: field.name().clone(), data_type: field.data_type().to_string() }
}
