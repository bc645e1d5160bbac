//! Structs and maps as JSON text, a column at a time.

use std::sync::Arc;

use arrow::array::{Array, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::json::writer::{EncoderOptions, make_encoder};
use mead_common::Diagnostic;

/// One JSON text per row. NULL stays NULL; a member that is NULL is written as `null`.
pub(super) fn to_text(array: &dyn Array) -> Result<StringArray, Diagnostic> {
    let field: FieldRef = Arc::new(Field::new("value", array.data_type().clone(), true));
    let options = EncoderOptions::default().with_explicit_nulls(true);
    let mut encoder = make_encoder(&field, array, &options).map_err(|error| {
        Diagnostic::unsupported(format!("type {} cannot be sent as json", array.data_type()))
            .with_detail(error.to_string())
    })?;
    let mut texts = StringBuilder::with_capacity(array.len(), 0);
    let mut text = Vec::new();
    for row in 0..array.len() {
        if encoder.is_null(row) {
            texts.append_null();
            continue;
        }
        text.clear();
        encoder.encode(row, &mut text);
        match std::str::from_utf8(&text) {
            Ok(text) => texts.append_value(text),
            Err(error) => return Err(Diagnostic::internal("json text is not UTF-8").with_source(error)),
        }
    }
    Ok(texts.finish())
}

/// The type to bring a value to before it becomes JSON: names of members are text, so keys of maps are.
pub(super) fn layout(data_type: &DataType) -> DataType {
    let inner =
        |field: &FieldRef| -> FieldRef { Arc::new(Field::clone(field).with_data_type(layout(field.data_type()))) };
    match data_type {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::List(field) => DataType::List(inner(field)),
        DataType::LargeList(field) => DataType::LargeList(inner(field)),
        DataType::FixedSizeList(field, size) => DataType::FixedSizeList(inner(field), *size),
        DataType::Map(entries, sorted) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                let key = match fields[0].data_type() {
                    DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Arc::clone(&fields[0]),
                    _ => Arc::new(Field::clone(&fields[0]).with_data_type(DataType::Utf8)),
                };
                let members = DataType::Struct(vec![key, inner(&fields[1])].into());
                DataType::Map(Arc::new(Field::clone(entries).with_data_type(members)), *sorted)
            }
            _ => data_type.clone(),
        },
        other => other.clone(),
    }
}
