//! Spark's `json_array_length(json)` and `json_object_keys(json)`.

use std::sync::Arc;

use datafusion::arrow::array::{ListBuilder, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Int32Type};

use super::SECTION;
use super::value::Json;
use crate::hive::definition::{BASE, Definition, Kind, int};

const JSON: &[(&str, Kind, &str)] = &[("json", Kind::Primitive, "JSON.")];

static JSON_ARRAY_LENGTH: Definition = Definition {
    name: "json_array_length",
    arguments: JSON,
    result: int,
    run: |call| {
        let texts = call.text(0)?;
        call.primitives::<Int32Type>(|row| match Json::parse(texts.get(row)?)? {
            Json::List(items) => i32::try_from(items.len()).ok(),
            _ => None,
        })
    },
    section: &SECTION,
    description: "The number of elements of an array; NULL of all else.",
    example: "SELECT json_array_length('[1,2]'); -- 2",
    ..BASE
};

static JSON_OBJECT_KEYS: Definition = Definition {
    name: "json_object_keys",
    arguments: JSON,
    result: |_| Ok(DataType::new_list(DataType::Utf8, true)),
    run: |call| {
        let texts = call.text(0)?;
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in 0..call.rows {
            let object = texts.get(row).and_then(Json::parse);
            if let Some(Json::Object(members)) = &object {
                members.iter().for_each(|(name, _)| lists.values().append_value(name));
            }
            lists.append(matches!(object, Some(Json::Object(_))));
        }
        Ok(Arc::new(lists.finish()))
    },
    section: &SECTION,
    description: "The names of an object's members; NULL of all else.",
    example: "SELECT json_object_keys('{\"a\":1}'); -- [\"a\"]",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&JSON_ARRAY_LENGTH, &JSON_OBJECT_KEYS];
