//! Rows as the lines that LazySimpleSerDe, OpenCSVSerde and JsonSerDe write.

use std::io::Write;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimeUnit, TimestampMicrosecondType,
};
use datafusion::error::{DataFusionError, Result};

use super::builder::to_base64;
use super::java_text::{date_text, double_text, float_text, timestamp_text};
use super::lazy_simple::Delimiters;
use super::open_csv::OpenCsv;
use super::text_value::decimal_text;

/// The text of a value that is not NULL and not nested.
pub(super) fn simple(array: &ArrayRef, row: usize, text: &mut Vec<u8>) -> Result<()> {
    let written = match array.data_type() {
        DataType::Utf8 => text.write_all(array.as_string::<i32>().value(row).as_bytes()),
        DataType::Boolean => write!(text, "{}", array.as_boolean().value(row)),
        DataType::Int8 => write!(text, "{}", array.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => write!(text, "{}", array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => write!(text, "{}", array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => write!(text, "{}", array.as_primitive::<Int64Type>().value(row)),
        DataType::Float32 => write!(text, "{}", float_text(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => write!(text, "{}", double_text(array.as_primitive::<Float64Type>().value(row))),
        DataType::Decimal128(_, scale) => {
            write!(text, "{}", decimal_text(array.as_primitive::<Decimal128Type>().value(row), *scale))
        }
        DataType::Date32 => write!(text, "{}", date_text(array.as_primitive::<Date32Type>().value(row))),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            write!(text, "{}", timestamp_text(array.as_primitive::<TimestampMicrosecondType>().value(row)))
        }
        DataType::Binary => {
            to_base64(array.as_binary::<i32>().value(row), text);
            Ok(())
        }
        other => return datafusion::common::internal_err!("a text file has no {other}"),
    };
    Ok(written?)
}

impl Delimiters {
    /// The lines of a batch.
    pub fn write(&self, batch: &RecordBatch, text: &mut Vec<u8>) -> Result<()> {
        for row in 0..batch.num_rows() {
            for (place, column) in batch.columns().iter().enumerate() {
                if place > 0 {
                    text.push(self.separators[0]);
                }
                self.value(column, row, 1, text)?;
            }
            text.push(b'\n');
        }
        Ok(())
    }

    fn value(&self, array: &ArrayRef, row: usize, level: usize, text: &mut Vec<u8>) -> Result<()> {
        if array.is_null(row) {
            text.extend_from_slice(&self.null);
            return Ok(());
        }
        let separator = |level: usize| self.separators.get(level).copied().ok_or_else(too_deep);
        match array.data_type() {
            DataType::List(_) => {
                let items = array.as_list::<i32>().value(row);
                for item in 0..items.len() {
                    if item > 0 {
                        text.push(separator(level)?);
                    }
                    self.value(&items, item, level + 1, text)?;
                }
            }
            DataType::Map(..) => {
                let entries = array.as_map().value(row);
                for entry in 0..entries.len() {
                    if entry > 0 {
                        text.push(separator(level)?);
                    }
                    self.value(entries.column(0), entry, level + 2, text)?;
                    text.push(separator(level + 1)?);
                    self.value(entries.column(1), entry, level + 2, text)?;
                }
            }
            DataType::Struct(_) => {
                for (place, field) in array.as_struct().columns().iter().enumerate() {
                    if place > 0 {
                        text.push(separator(level)?);
                    }
                    self.value(field, row, level + 1, text)?;
                }
            }
            DataType::Binary => simple(array, row, text)?,
            _ => {
                let begin = text.len();
                simple(array, row, text)?;
                self.escape_behind(begin, text);
            }
        }
        Ok(())
    }

    fn escape_behind(&self, begin: usize, text: &mut Vec<u8>) {
        let Some(escape) = self.escape else { return };
        let special =
            |byte: u8| byte == escape || byte == b'\n' || byte == b'\r' || self.separators[..8].contains(&byte);
        if !text[begin..].iter().any(|byte| special(*byte)) {
            return;
        }
        let plain = text.split_off(begin);
        for byte in plain {
            match byte {
                b'\n' => text.extend([escape, b'n']),
                b'\r' => text.extend([escape, b'r']),
                byte if special(byte) => text.extend([escape, byte]),
                byte => text.push(byte),
            }
        }
    }
}

fn too_deep() -> DataFusionError {
    DataFusionError::External(Box::new(mead_common::Diagnostic::unsupported(
        "values nested as deeply as this cannot be written to a text file",
    )))
}

impl OpenCsv {
    /// The lines of a batch, in which every value is quoted.
    pub fn write(&self, batch: &RecordBatch, text: &mut Vec<u8>) -> Result<()> {
        let mut letters = String::new();
        for row in 0..batch.num_rows() {
            for (place, column) in batch.columns().iter().enumerate() {
                if place > 0 {
                    letters.push(self.separator);
                }
                if column.is_null(row) {
                    continue;
                }
                let mut value = Vec::new();
                simple(column, row, &mut value)?;
                letters.push(self.quote);
                for letter in String::from_utf8_lossy(&value).chars() {
                    if letter == self.quote || letter == self.escape {
                        letters.push(self.escape);
                    }
                    letters.push(letter);
                }
                letters.push(self.quote);
            }
            letters.push('\n');
            text.extend_from_slice(letters.as_bytes());
            letters.clear();
        }
        Ok(())
    }
}

/// A batch as objects in lines.
pub(super) fn write_json(batch: &RecordBatch, text: &mut Vec<u8>) -> Result<()> {
    for row in 0..batch.num_rows() {
        text.push(b'{');
        for (place, (field, column)) in batch.schema().fields().iter().zip(batch.columns()).enumerate() {
            member(place, field, column, row, text)?;
        }
        text.extend(b"}\n");
    }
    Ok(())
}

fn member(place: usize, field: &Field, column: &ArrayRef, row: usize, text: &mut Vec<u8>) -> Result<()> {
    if place > 0 {
        text.push(b',');
    }
    json_text(field.name(), text);
    text.push(b':');
    json_value(column, row, text)
}

fn json_text(value: &str, text: &mut Vec<u8>) {
    text.extend(serde_json::Value::from(value).to_string().into_bytes());
}

fn json_value(array: &ArrayRef, row: usize, text: &mut Vec<u8>) -> Result<()> {
    if array.is_null(row) {
        text.extend(b"null");
        return Ok(());
    }
    match array.data_type() {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Decimal128(..) => simple(array, row, text)?,
        DataType::Float32 | DataType::Float64 => {
            let begin = text.len();
            simple(array, row, text)?;
            // JSON has no such numbers.
            if text[begin..].iter().any(|byte| matches!(byte, b'N' | b'I')) {
                let word = text.split_off(begin);
                json_text(&String::from_utf8_lossy(&word), text);
            }
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            text.push(b'[');
            for item in 0..items.len() {
                if item > 0 {
                    text.push(b',');
                }
                json_value(&items, item, text)?;
            }
            text.push(b']');
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            text.push(b'{');
            for entry in 0..entries.len() {
                if entry > 0 {
                    text.push(b',');
                }
                let mut key = Vec::new();
                simple(entries.column(0), entry, &mut key)?;
                json_text(&String::from_utf8_lossy(&key), text);
                text.push(b':');
                json_value(entries.column(1), entry, text)?;
            }
            text.push(b'}');
        }
        DataType::Struct(fields) => {
            text.push(b'{');
            for (place, (field, column)) in fields.iter().zip(array.as_struct().columns()).enumerate() {
                member(place, field, column, row, text)?;
            }
            text.push(b'}');
        }
        _ => {
            let mut value = Vec::new();
            simple(array, row, &mut value)?;
            json_text(&String::from_utf8_lossy(&value), text);
        }
    }
    Ok(())
}
