//! Spark's `to_json(value)`: structs, maps and arrays as JSON. Members that are NULL are left out.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;

use super::SECTION;
use super::value::Json;
use crate::hive::convert::text;
use crate::hive::definition::{BASE, Definition, Kind};
use crate::types::is_text;

static TO_JSON: Definition = Definition {
    name: "to_json",
    arguments: &[("value", Kind::Any, "A struct, a map or an array.")],
    result: |planned| match planned.data_type(0).is_nested() || planned.data_type(0).is_null() {
        true => Ok(DataType::Utf8),
        false => Err(planned.refuse()),
    },
    run: |call| {
        let values = call.array(0)?;
        let zone = call.zone();
        let known = values.logical_nulls();
        let mut rows = Vec::with_capacity(call.rows);
        for row in 0..call.rows {
            let null = known.as_ref().is_some_and(|nulls| nulls.is_null(row));
            rows.push(if null { None } else { json(&values, row, &zone)?.plain() });
        }
        call.texts(|row| rows.get(row)?.as_deref())
    },
    section: &SECTION,
    description: "A value as JSON.",
    example: "SELECT to_json(named_struct('a', 1)); -- {\"a\":1}",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&TO_JSON];

fn json(values: &ArrayRef, row: usize, zone: &chrono_tz::Tz) -> Result<Json> {
    if values.is_null(row) || values.data_type().is_null() {
        return Ok(Json::Null);
    }
    let list = |items: ArrayRef| -> Result<Json> {
        let items = (0..items.len()).map(|place| json(&items, place, zone));
        Ok(Json::List(items.collect::<Result<_>>()?))
    };
    Ok(match values.data_type() {
        DataType::List(_) => list(values.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => list(values.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(..) => list(values.as_fixed_size_list().value(row))?,
        DataType::Struct(fields) => {
            let mut members = Vec::new();
            for (field, column) in fields.iter().zip(values.as_struct().columns()) {
                if column.is_valid(row) && !column.data_type().is_null() {
                    members.push((field.name().clone(), json(column, row, zone)?));
                }
            }
            Json::Object(members)
        }
        DataType::Map(..) => {
            let entries = values.as_map().value(row);
            let names = text::texts(entries.column(0), zone)?;
            let mut members = Vec::new();
            for place in 0..entries.len() {
                members.push((names.value(place).to_owned(), json(entries.column(1), place, zone)?));
            }
            Json::Object(members)
        }
        DataType::Boolean => Json::Boolean(values.as_boolean().value(row)),
        other => {
            let texts = text::texts(&values.slice(row, 1), zone)?;
            let text = texts.value(0).to_owned();
            match other.is_numeric() && !is_text(other) && !text.contains(['N', 'I']) {
                true => Json::Number(text),
                false => Json::Text(text),
            }
        }
    })
}
