//! Brings a column into one of the layouts that the encoders read: dictionaries and runs unpacked, times in microseconds,
//! list views as lists, oids as 64-bit integers, structs and maps as JSON text. Most columns pass through untouched.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeListArray, GenericListArray, OffsetSizeTrait};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use arrow::error::ArrowError;
use mead_common::{Diagnostic, sqlstate};

use super::{datetime, is_oid, json};
use crate::types::Scalar;

/// The column, or a copy of it in a layout that [`super::BatchEncoder`] reads. `declared` is the type that the client was
/// told of: a batch that differs from its schema is brought to it.
pub(crate) fn normalize(array: &ArrayRef, declared: &DataType, scalar: Scalar) -> Result<ArrayRef, Diagnostic> {
    let wanted = layout(declared, scalar);
    let array = if *array.data_type() == wanted {
        Arc::clone(array)
    } else {
        let options = CastOptions { safe: false, ..CastOptions::default() };
        cast_with_options(array, &wanted, &options).map_err(|error| report(error, &wanted))?
    };
    if holds_json(&wanted) { json_to_text(&array) } else { Ok(array) }
}

fn layout(data_type: &DataType, scalar: Scalar) -> DataType {
    let item = |field: &FieldRef| -> FieldRef {
        Arc::new(Field::clone(field).with_data_type(layout(field.data_type(), scalar)))
    };
    match data_type {
        DataType::Dictionary(_, values) => layout(values, scalar),
        DataType::RunEndEncoded(_, values) => layout(values.data_type(), scalar),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Duration(_) => DataType::Duration(TimeUnit::Microsecond),
        DataType::List(field) | DataType::ListView(field) => DataType::List(item(field)),
        DataType::LargeList(field) | DataType::LargeListView(field) => DataType::LargeList(item(field)),
        DataType::FixedSizeList(field, size) => DataType::FixedSizeList(item(field), *size),
        DataType::Struct(_) | DataType::Map(_, _) => json::layout(data_type),
        integer if is_oid(scalar) && integer.is_integer() => DataType::Int64,
        DataType::LargeUtf8 | DataType::Utf8View if scalar == Scalar::Jsonb => DataType::Utf8,
        other => other.clone(),
    }
}

fn holds_json(data_type: &DataType) -> bool {
    match data_type {
        DataType::Struct(_) | DataType::Map(_, _) => true,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            holds_json(item.data_type())
        }
        _ => false,
    }
}

/// Structs and maps become text wherever they are, lists stay lists.
fn json_to_text(array: &ArrayRef) -> Result<ArrayRef, Diagnostic> {
    match array.data_type() {
        DataType::List(_) => list_to_text(array.as_list::<i32>()),
        DataType::LargeList(_) => list_to_text(array.as_list::<i64>()),
        DataType::FixedSizeList(_, size) => {
            let list = array.as_fixed_size_list();
            let values = json_to_text(list.values())?;
            let rebuilt = FixedSizeListArray::try_new_with_length(
                item_of(&values),
                *size,
                values,
                list.nulls().cloned(),
                list.len(),
            );
            rebuilt.map(|list| Arc::new(list) as ArrayRef).map_err(internal)
        }
        _ => Ok(Arc::new(json::to_text(array.as_ref())?)),
    }
}

fn list_to_text<O: OffsetSizeTrait>(list: &GenericListArray<O>) -> Result<ArrayRef, Diagnostic> {
    let values = json_to_text(list.values())?;
    let rebuilt = GenericListArray::try_new(item_of(&values), list.offsets().clone(), values, list.nulls().cloned());
    rebuilt.map(|list| Arc::new(list) as ArrayRef).map_err(internal)
}

fn item_of(values: &ArrayRef) -> FieldRef {
    Arc::new(Field::new_list_field(values.data_type().clone(), true))
}

fn internal(error: ArrowError) -> Diagnostic {
    Diagnostic::internal("a list could not be rebuilt").with_source(error)
}

fn report(error: ArrowError, wanted: &DataType) -> Diagnostic {
    match wanted {
        DataType::Timestamp(_, _) => datetime::timestamp_out_of_range(),
        DataType::Duration(_) => Diagnostic::new(sqlstate::DATETIME_FIELD_OVERFLOW, "interval out of range"),
        _ => Diagnostic::new(sqlstate::DATA_EXCEPTION, format!("a value could not be sent as {wanted}"))
            .with_detail(error.to_string()),
    }
}
