//! Spark's `from_json(json, schema)`.

use std::sync::Arc;

use chrono_tz::Tz;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, StringArray, StructArray, new_null_array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::error::Result;
use mead_common::{Diagnostic, Dialect, sqlstate};

use super::SECTION;
use super::schema;
use super::value::Json;
use crate::error::external;
use crate::hive::collection::{build_map, entry_types};
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind};
use crate::types::is_text;

static FROM_JSON: Definition = Definition {
    name: "from_json",
    arguments: &[
        ("json", Kind::Primitive, "JSON."),
        ("schema", Kind::Primitive, "A type, or members with their types: a literal."),
    ],
    result: |planned| {
        let Some(text) = planned.literal(1) else {
            let message = "the schema of from_json must be a literal";
            return Err(external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message)));
        };
        match schema::parse(text) {
            Some(found) if found.is_nested() => Ok(found),
            _ => {
                let message = format!("invalid schema \"{text}\" in from_json");
                let hint = "write members with their types, such as a INT, b STRING; or an array, a map or a struct";
                Err(external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message).with_hint(hint)))
            }
        }
    },
    run: |call| {
        let texts = call.text(0)?;
        let values: Vec<Option<Json>> = (0..call.rows).map(|row| Json::parse(texts.get(row)?)).collect();
        let values: Vec<Option<&Json>> = values.iter().map(Option::as_ref).collect();
        let own: Vec<bool> = (0..call.rows).map(|row| texts.get(row).is_some()).collect();
        let built = build(&values, call.result_type(), call.dialect, &call.zone())?;
        // Of what is no JSON a struct has members, which are all NULL.
        match call.result_type() {
            DataType::Struct(fields) => with_broken(&built, &own, fields),
            _ => Ok(built),
        }
    },
    section: &SECTION,
    description: "JSON as a value of a type; what does not fit is NULL.",
    example: "SELECT from_json('{\"a\":1}', 'a INT').a; -- 1",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&FROM_JSON];

fn with_broken(built: &ArrayRef, given: &[bool], fields: &Fields) -> Result<ArrayRef> {
    let columns = built.as_struct().columns().to_vec();
    let nulls = NullBuffer::from(given.to_vec());
    Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, Some(nulls), built.len())?))
}

/// Values of a type; `None`, null and what does not fit are NULL.
fn build(values: &[Option<&Json>], data_type: &DataType, dialect: Dialect, zone: &Tz) -> Result<ArrayRef> {
    match data_type {
        DataType::List(item) => {
            let lists: Vec<Option<&Vec<Json>>> = values
                .iter()
                .map(|value| if let Some(Json::List(items)) = value { Some(items) } else { None })
                .collect();
            let items: Vec<Option<&Json>> = lists.iter().flatten().flat_map(|items| items.iter().map(Some)).collect();
            let items = build(&items, item.data_type(), dialect, zone)?;
            let offsets = OffsetBuffer::from_lengths(lists.iter().map(|list| list.map_or(0, |items| items.len())));
            let nulls: NullBuffer = lists.iter().map(Option::is_some).collect();
            Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, items, Some(nulls))?))
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().map(|field| {
                let members: Vec<Option<&Json>> =
                    values.iter().map(|value| value.and_then(|value| value.member(field.name()))).collect();
                build(&members, field.data_type(), dialect, zone)
            });
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let nulls: NullBuffer = values.iter().map(|value| matches!(value, Some(Json::Object(_)))).collect();
            Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, Some(nulls), values.len())?))
        }
        DataType::Map(..) => {
            let Some((key, value)) = entry_types(data_type) else { return Ok(new_null_array(data_type, values.len())) };
            let (mut names, mut items, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for given in values {
                let before = names.len();
                if let Some(Json::Object(members)) = given {
                    for (place, (name, item)) in members.iter().enumerate() {
                        // Of a name that comes twice the last value stays.
                        if !members[place + 1..].iter().any(|(later, _)| later == name) {
                            names.push(name.as_str());
                            items.push(Some(item));
                        }
                    }
                }
                lengths.push(names.len() - before);
                valid.push(matches!(given, Some(Json::Object(_))));
            }
            let names: ArrayRef = Arc::new(StringArray::from(names));
            build_map(convert(&names, &key, dialect, zone)?, build(&items, &value, dialect, zone)?, lengths, valid)
        }
        DataType::Boolean => Ok(Arc::new(
            values
                .iter()
                .map(|value| if let Some(Json::Boolean(value)) = value { Some(*value) } else { None })
                .collect::<BooleanArray>(),
        )),
        other => {
            let text = |value: &Option<&Json>| match value {
                Some(value) if is_text(other) => value.plain(),
                Some(Json::Number(digits)) if other.is_numeric() => {
                    let whole = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
                    (whole || !other.is_integer()).then(|| digits.clone())
                }
                Some(Json::Text(text)) if !other.is_numeric() => Some(text.clone()),
                _ => None,
            };
            let texts: ArrayRef = Arc::new(values.iter().map(text).collect::<StringArray>());
            convert(&texts, other, dialect, zone)
        }
    }
}
