//! `str_to_map(text [, between entries [, between key and value]])`.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use super::map_column::{MadeMaps, map_type};
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};
use crate::hive::string::{Regexes, parts};

static STR_TO_MAP: Definition = Definition {
    name: "str_to_map",
    arguments: &[
        ("text", Kind::Primitive, "Entries."),
        ("between_entries", Kind::Primitive, "A regular expression for what divides entries: `,` if it is not given."),
        (
            "between_parts",
            Kind::Primitive,
            "What divides keys from values: `:` if it is not given (in Hive `:` too, as an expression).",
        ),
    ],
    required: 1,
    result: |_| Ok(map_type(&DataType::Utf8, &DataType::Utf8)),
    run: str_to_map,
    section: &SECTION,
    description: "A map out of a text. An entry without a value has NULL.",
    example: "SELECT str_to_map('a:1,b:2'); -- {\"a\":\"1\",\"b\":\"2\"}",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&STR_TO_MAP];

fn str_to_map(call: &Call) -> Result<ArrayRef> {
    let (texts, between_entries, between_parts) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let mut regexes = Regexes::default();
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let mut rows = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let divider = |index: usize, given: Option<&str>, default: &str| match call.has(index) {
            true => given.map(str::to_owned),
            false => Some(default.to_owned()),
        };
        let entries = divider(1, between_entries.get(row), ",");
        let inner = divider(2, between_parts.get(row), ":");
        let (Some(text), Some(entries), Some(inner)) = (texts.get(row), entries, inner) else {
            rows.push(None);
            continue;
        };
        let begin = keys.len();
        let mut found: Vec<&str> = parts(regexes.get(&entries)?, text, -1);
        // Java's split drops what is empty at the end, unless that is all.
        if call.dialect != Dialect::Spark {
            while found.len() > 1 && found.last().is_some_and(|last| last.is_empty()) {
                found.pop();
            }
        }
        for entry in found {
            let pair = parts(regexes.get(&inner)?, entry, 2);
            keys.push(pair.first().copied().unwrap_or_default().to_owned());
            values.push(pair.get(1).map(|value| (*value).to_owned()));
        }
        rows.push(Some(begin..keys.len()));
    }
    let keys: ArrayRef = Arc::new(StringArray::from_iter_values(keys));
    let values: ArrayRef = Arc::new(values.into_iter().collect::<StringArray>());
    let mut maps = MadeMaps::new(call, keys, values)?;
    for row in rows {
        match row {
            Some(range) => maps.push(range.map(|place| (place, place)))?,
            None => maps.null(),
        }
    }
    maps.finish()
}
