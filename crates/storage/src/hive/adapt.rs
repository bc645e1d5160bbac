//! Columns of a file as the table declares them: by name within structs, cast where the type has changed, cut where the
//! declared type is shorter.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, StringArray, StructArray, new_null_array,
};
use datafusion::arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::util::display::FormatOptions;
use datafusion::error::DataFusionError;
use mead_common::{Diagnostic, sqlstate};

use super::types::TextLimit;
use crate::Error;

/// Values that have no counterpart in the new type become NULL, as in Hive.
const CAST: CastOptions<'static> = CastOptions { safe: true, format_options: FormatOptions::new() };

/// `array`, read from a file, as a column of the table.
pub(super) fn adapt(array: &ArrayRef, field: &Field) -> Result<ArrayRef, Error> {
    adapt_to(array, field.data_type(), TextLimit::of(field), field.name())
}

/// A batch whose texts are as long as `declared` columns of these names allow.
pub(crate) fn cut_texts(batch: &RecordBatch, declared: &Schema) -> Result<RecordBatch, Error> {
    let limit = |field: &Field| declared.field_with_name(field.name()).map_or(TextLimit::None, TextLimit::of);
    let schema = batch.schema();
    if schema.fields().iter().all(|field| limit(field) == TextLimit::None) {
        return Ok(batch.clone());
    }
    let columns = schema.fields().iter().zip(batch.columns());
    let cut = columns.map(|(field, array)| adapt_to(array, array.data_type(), limit(field), field.name()));
    let cut = cut.collect::<Result<Vec<_>, _>>()?;
    let batch = RecordBatch::try_new(schema, cut);
    Ok(batch.map_err(DataFusionError::from)?)
}

fn adapt_to(array: &ArrayRef, to: &DataType, limit: TextLimit, column: &str) -> Result<ArrayRef, Error> {
    if array.data_type() == to && limit == TextLimit::None {
        return Ok(Arc::clone(array));
    }
    let arrow = |error| Error::from(DataFusionError::from(error));
    match (array.data_type(), to) {
        (DataType::Null, _) => Ok(new_null_array(to, array.len())),
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let structs = array.as_struct();
            let mut columns = Vec::with_capacity(fields.len());
            for field in fields {
                let place = structs.fields().iter().position(|own| own.name().eq_ignore_ascii_case(field.name()));
                columns.push(match place {
                    Some(place) => adapt_to(structs.column(place), field.data_type(), TextLimit::of(field), column)?,
                    None => new_null_array(field.data_type(), array.len()),
                });
            }
            let adapted =
                StructArray::try_new_with_length(fields.clone(), columns, structs.nulls().cloned(), array.len());
            Ok(Arc::new(adapted.map_err(arrow)?))
        }
        (DataType::List(_), DataType::List(item)) => {
            let lists: &ListArray = array.as_list();
            let values = adapt_to(lists.values(), item.data_type(), TextLimit::of(item), column)?;
            let adapted = ListArray::try_new(Arc::clone(item), lists.offsets().clone(), values, lists.nulls().cloned());
            Ok(Arc::new(adapted.map_err(arrow)?))
        }
        (DataType::Map(..), DataType::Map(entries, sorted)) => {
            let maps = array.as_map();
            let DataType::Struct(fields) = entries.data_type() else {
                return Err(no_cast(column, array.data_type(), to));
            };
            let [key, value] = fields.as_ref() else { return Err(no_cast(column, array.data_type(), to)) };
            let columns = vec![
                adapt_to(maps.keys(), key.data_type(), TextLimit::of(key), column)?,
                adapt_to(maps.values(), value.data_type(), TextLimit::of(value), column)?,
            ];
            let kept = StructArray::try_new(fields.clone(), columns, None).map_err(arrow)?;
            let adapted =
                MapArray::try_new(Arc::clone(entries), maps.offsets().clone(), kept, maps.nulls().cloned(), *sorted);
            Ok(Arc::new(adapted.map_err(arrow)?))
        }
        (from, to) if from.is_nested() || to.is_nested() || !can_cast_types(from, to) => Err(no_cast(column, from, to)),
        (_, to) => {
            let cast = cast_with_options(array, to, &CAST).map_err(arrow)?;
            Ok(match limit {
                TextLimit::None => cast,
                limit => {
                    let texts: &StringArray = cast.as_string();
                    Arc::new(texts.iter().map(|text| text.map(|text| limit.cut(text))).collect::<StringArray>())
                }
            })
        }
    }
}

fn no_cast(column: &str, from: &DataType, to: &DataType) -> Error {
    let name = |data_type: &DataType| super::hive_type_name(&Field::new("", data_type.clone(), true));
    let message = format!("column \"{column}\" is {} in the file, and {} in the table", name(from), name(to));
    Diagnostic::new(sqlstate::DATATYPE_MISMATCH, message).into()
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Int32Array, Int64Array};
    use datafusion::arrow::datatypes::Fields;

    use super::*;
    use crate::hive::hive_field;

    #[test]
    fn types_widen_and_texts_are_cut() {
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None]));
        let wide = adapt(&numbers, &hive_field("a", "bigint").unwrap()).unwrap();
        assert_eq!(wide.as_ref(), &Int64Array::from(vec![Some(7), None]) as &dyn Array);
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["abc  ", "x"]));
        let cut = adapt(&texts, &hive_field("a", "char(4)").unwrap()).unwrap();
        assert_eq!(cut.as_ref(), &StringArray::from(vec!["abc", "x"]) as &dyn Array);
        let report = adapt(&texts, &hive_field("a", "array<int>").unwrap()).unwrap_err().to_string();
        assert!(report.contains("\"a\"") && report.contains("array<int>"), "{report}");
    }

    #[test]
    fn a_struct_without_a_field_has_null_there() {
        let inner = Fields::from(vec![Field::new("X", DataType::Int32, true)]);
        let structs: ArrayRef =
            Arc::new(StructArray::new(inner, vec![Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef], None));
        let adapted = adapt(&structs, &hive_field("s", "struct<x:bigint,y:string>").unwrap()).unwrap();
        let adapted = adapted.as_struct();
        assert_eq!(adapted.column(0).as_ref(), &Int64Array::from(vec![1, 2]) as &dyn Array);
        assert_eq!(adapted.column(1).null_count(), 2);
    }
}
