//! Arrays, maps and structs as text: as results show them, and as Spark casts them.

use std::fmt::Write;

use chrono_tz::Tz;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::error::{DataFusionError, Result};
use mead_common::Dialect;

use super::text;
use crate::types::is_text;

/// How a value that holds others is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// `["a",null]`, `{"a":1}` (SerDeUtils.getJSONString, HiveResult.toHiveString).
    Shown(Dialect),
    /// `[a, null]`, `{a -> 1}`, `{1, x}` (Spark's Cast).
    Cast,
}

/// Values of any type as a client sees them in a result; `zone` is the session's, by name.
pub fn shown_text(array: &ArrayRef, dialect: Dialect, zone: Option<&str>) -> Result<StringArray> {
    let zone = zone.and_then(|name| name.parse().ok()).unwrap_or(chrono_tz::UTC);
    shown(array, dialect, &zone)
}

pub(super) fn shown(array: &ArrayRef, dialect: Dialect, zone: &Tz) -> Result<StringArray> {
    whole(array, Form::Shown(dialect), zone)
}

/// Values of any type as Spark casts them to text.
pub(super) fn as_cast(array: &ArrayRef, zone: &Tz) -> Result<StringArray> {
    whole(array, Form::Cast, zone)
}

fn whole(array: &ArrayRef, form: Form, zone: &Tz) -> Result<StringArray> {
    match array.data_type() {
        DataType::Dictionary(_, values) => whole(&cast(array, values)?, form, zone),
        DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => {
            whole(&cast(array, &DataType::List(std::sync::Arc::clone(item)))?, form, zone)
        }
        DataType::List(_) => lists(array, form, zone),
        DataType::Map(..) => maps(array, form, zone),
        DataType::Struct(fields) => {
            let names: Vec<&Field> = fields.iter().map(AsRef::as_ref).collect();
            structs(array, &names, form, zone)
        }
        _ => text::texts(array, zone),
    }
}

/// Values inside of others: text stands in quotes.
fn inside(array: &ArrayRef, form: Form, zone: &Tz) -> Result<StringArray> {
    let texts = whole(array, form, zone)?;
    let quoted = match (form, array.data_type()) {
        (Form::Cast, _) => false,
        (Form::Shown(_), other) if is_text(other) => true,
        (Form::Shown(Dialect::Hive), other) => {
            matches!(other, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
        }
        _ => false,
    };
    if !quoted {
        return Ok(texts);
    }
    let mut out = StringBuilder::with_capacity(texts.len(), texts.value_data().len() + 2 * texts.len());
    for value in &texts {
        match value {
            // Spark puts what stands in the text between quotes as it is.
            Some(value) if matches!(form, Form::Shown(Dialect::Spark)) => out.append_value(format!("\"{value}\"")),
            Some(value) => out.append_value(quote(value)),
            None => out.append_null(),
        }
    }
    Ok(out.finish())
}

/// SerDeUtils.escapeString
fn quote(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for letter in value.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn value_or_null(texts: &StringArray, index: usize) -> &str {
    if texts.is_valid(index) { texts.value(index) } else { "null" }
}

/// One text for each row that is not NULL, written by `row` at its place.
fn built(array: &ArrayRef, mut row: impl FnMut(usize, &mut String)) -> StringArray {
    let mut out = StringBuilder::with_capacity(array.len(), array.len() * 16);
    let mut text = String::new();
    for index in 0..array.len() {
        if array.is_null(index) {
            out.append_null();
            continue;
        }
        text.clear();
        row(index, &mut text);
        out.append_value(&text);
    }
    out.finish()
}

fn lists(array: &ArrayRef, form: Form, zone: &Tz) -> Result<StringArray> {
    let lists = array.as_list::<i32>();
    let items = inside(lists.values(), form, zone)?;
    let between = if matches!(form, Form::Cast) { ", " } else { "," };
    let offsets = lists.value_offsets();
    Ok(built(array, |row, text| {
        text.push('[');
        let (start, end) = (offsets[row] as usize, offsets[row + 1] as usize);
        for index in start..end {
            text.push_str(if index > start { between } else { "" });
            text.push_str(value_or_null(&items, index));
        }
        text.push(']');
    }))
}

fn maps(array: &ArrayRef, form: Form, zone: &Tz) -> Result<StringArray> {
    let maps = array.as_map();
    let (keys, values) = (inside(maps.keys(), form, zone)?, inside(maps.values(), form, zone)?);
    let (between, arrow) = if matches!(form, Form::Cast) { (", ", " -> ") } else { (",", ":") };
    let offsets = maps.value_offsets();
    Ok(built(array, |row, text| {
        text.push('{');
        let (start, end) = (offsets[row] as usize, offsets[row + 1] as usize);
        for index in start..end {
            text.push_str(if index > start { between } else { "" });
            text.push_str(value_or_null(&keys, index));
            text.push_str(arrow);
            text.push_str(value_or_null(&values, index));
        }
        text.push('}');
    }))
}

fn structs(array: &ArrayRef, fields: &[&Field], form: Form, zone: &Tz) -> Result<StringArray> {
    let columns = array.as_struct().columns();
    if columns.len() != fields.len() {
        return Err(DataFusionError::Internal("a struct has other columns than its type".to_owned()));
    }
    let members: Vec<StringArray> = columns.iter().map(|column| inside(column, form, zone)).collect::<Result<_>>()?;
    Ok(built(array, |row, text| {
        text.push('{');
        for (place, (member, field)) in members.iter().zip(fields).enumerate() {
            match form {
                Form::Cast => text.push_str(if place > 0 { ", " } else { "" }),
                Form::Shown(_) => {
                    text.push_str(if place > 0 { ",\"" } else { "\"" });
                    text.push_str(field.name());
                    text.push_str("\":");
                }
            }
            text.push_str(value_or_null(member, row));
        }
        text.push('}');
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Date32Array, Int32Array, ListArray, StructArray};
    use datafusion::arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn values_in_values_are_quoted_as_each_dialect_does() {
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![Some(1), None]),
            None,
            Some(vec![]),
        ]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a\"\n"), None, Some("")]));
        let dates: ArrayRef = Arc::new(Date32Array::from(vec![0, 1, 2]));
        let number: ArrayRef = Arc::new(Int32Array::from(vec![7, 8, 9]));
        let row: ArrayRef = Arc::new(StructArray::from(vec![
            (Arc::new(Field::new("l", list.data_type().clone(), true)), list),
            (Arc::new(Field::new("t", DataType::Utf8, true)), texts),
            (Arc::new(Field::new("d", DataType::Date32, true)), dates),
            (Arc::new(Field::new("n", DataType::Int32, true)), number),
        ]));
        let hive = shown(&row, Dialect::Hive, &chrono_tz::UTC).unwrap();
        assert_eq!(hive.value(0), "{\"l\":[1,null],\"t\":\"a\\\"\\n\",\"d\":\"1970-01-01\",\"n\":7}");
        assert_eq!(hive.value(1), "{\"l\":null,\"t\":null,\"d\":\"1970-01-02\",\"n\":8}");
        let spark = shown(&row, Dialect::Spark, &chrono_tz::UTC).unwrap();
        assert_eq!(spark.value(2), "{\"l\":[],\"t\":\"\",\"d\":1970-01-03,\"n\":9}");
        assert_eq!(as_cast(&row, &chrono_tz::UTC).unwrap().value(1), "{null, null, 1970-01-02, 8}");
    }
}
