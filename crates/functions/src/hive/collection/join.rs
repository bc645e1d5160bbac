//! Spark's `array_join(array, separator [, null])`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::error::Result;

use super::SECTION;
use super::list_column::{ListColumn, item_of};
use crate::hive::call::Call;
use crate::hive::convert::text;
use crate::hive::definition::{BASE, Definition, Kind};

static ARRAY_JOIN: Definition = Definition {
    name: "array_join",
    arguments: &[
        ("array", Kind::List, "An array."),
        ("separator", Kind::Primitive, "What stands between two elements."),
        ("null", Kind::Primitive, "What stands for NULL, which is passed over otherwise."),
    ],
    required: 2,
    result: |planned| match item_of(planned.data_type(0)).is_nested() {
        true => Err(planned.refuse()),
        false => Ok(datafusion::arrow::datatypes::DataType::Utf8),
    },
    run: array_join,
    section: &SECTION,
    description: "The elements as text, with a separator between them.",
    example: "SELECT array_join(array('a', 'b'), '-'); -- a-b",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&ARRAY_JOIN];

fn array_join(call: &Call) -> Result<ArrayRef> {
    let lists = ListColumn::read(call, 0)?;
    let (separators, nulls) = (call.text(1)?, call.text(2)?);
    let texts = text::texts(&Arc::clone(lists.values()), &call.zone())?;
    call.texts(|row| {
        let (range, separator) = (lists.range(row)?, separators.get(row)?);
        let null = nulls.get(row);
        if call.has(2) && null.is_none() {
            return None;
        }
        let parts: Vec<&str> =
            range.filter_map(|place| if texts.is_valid(place) { Some(texts.value(place)) } else { null }).collect();
        Some(parts.join(separator))
    })
}
