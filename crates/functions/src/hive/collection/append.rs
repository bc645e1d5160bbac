//! Spark's `array_append`, `array_prepend` and `array_insert`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;

use super::SECTION;
use super::list_column::{ListColumn, Picked, item_of};
use crate::hive::call::Call;
use crate::hive::convert::common::common_type;
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

const ARRAY: (&str, Kind, &str) = ("array", Kind::List, "An array.");
const VALUE: (&str, Kind, &str) = ("value", Kind::Any, "A value.");

/// How many elements an array may grow to.
const LENGTH_MAX: usize = i32::MAX as usize - 15;

static ARRAY_APPEND: Definition = Definition {
    name: "array_append",
    arguments: &[ARRAY, VALUE],
    result: |planned| with_value(planned, 1),
    run: |call| inserted(call, 1, |_, _| Some(-1)),
    section: &SECTION,
    description: "The array with a value behind its elements.",
    example: "SELECT array_append(array(1), 2); -- [1,2]",
    ..BASE
};

static ARRAY_PREPEND: Definition = Definition {
    name: "array_prepend",
    arguments: &[ARRAY, VALUE],
    result: |planned| with_value(planned, 1),
    run: |call| inserted(call, 1, |_, _| Some(1)),
    section: &SECTION,
    description: "The array with a value before its elements.",
    example: "SELECT array_prepend(array(2), 1); -- [1,2]",
    ..BASE
};

static ARRAY_INSERT: Definition = Definition {
    name: "array_insert",
    arguments: &[
        ARRAY,
        ("place", Kind::Number, "Where it will stand, from 1; from the end where it is negative."),
        VALUE,
    ],
    result: |planned| with_value(planned, 2),
    run: |call| {
        let places = call.whole(1)?;
        inserted(call, 2, |row, _| places.get(row))
    },
    section: &SECTION,
    description: "The array with a value at a place; what is missing before it is NULL.",
    example: "SELECT array_insert(array(1, 3), 2, 2); -- [1,2,3]",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&ARRAY_APPEND, &ARRAY_INSERT, &ARRAY_PREPEND];

fn with_value(planned: &Planned, value: usize) -> Result<DataType> {
    match common_type([&item_of(planned.data_type(0)), planned.data_type(value)]) {
        Some(item) => Ok(DataType::new_list(item, true)),
        None => Err(planned.refuse()),
    }
}

fn inserted(call: &Call, value: usize, place: impl Fn(usize, usize) -> Option<i64>) -> Result<ArrayRef> {
    let item = item_of(call.result_type());
    let lists = ListColumn::read_as(call, 0, &item)?;
    let added = convert(&call.array(value)?, &item, call.dialect, &call.zone())?;
    let behind = lists.values().len();
    let values = concat(&[lists.values().as_ref(), Arc::clone(&added).as_ref()])?;
    let mut picked = Picked::default();
    for row in 0..call.rows {
        let Some(range) = lists.range(row) else {
            picked.null();
            continue;
        };
        let Some(place) = place(row, range.len()) else {
            picked.null();
            continue;
        };
        let own = behind + row;
        let far = usize::try_from(place.unsigned_abs()).unwrap_or(usize::MAX);
        if far == 0 {
            return Err(call.invalid("place 0"));
        }
        if far.max(picked.len().saturating_add(range.len())) > LENGTH_MAX {
            return Err(call.invalid(format!("place {place}")));
        }
        // Counted from the end, -1 is behind the last element.
        let (before, after) = match place > 0 {
            true => (far - 1, range.len().saturating_sub(far - 1)),
            false => (range.len().saturating_sub(far - 1), far - 1),
        };
        let count = range.len();
        let missing = (before + after).saturating_sub(count);
        if place > 0 {
            range.clone().take(before).for_each(|place| picked.pick(Some(place)));
            (0..missing).for_each(|_| picked.pick(None));
            picked.pick(Some(own));
            range.skip(before).for_each(|place| picked.pick(Some(place)));
        } else {
            range.clone().take(before).for_each(|place| picked.pick(Some(place)));
            picked.pick(Some(own));
            (0..missing).for_each(|_| picked.pick(None));
            range.skip(before).for_each(|place| picked.pick(Some(place)));
        }
        picked.end();
    }
    picked.finish(&values)
}
