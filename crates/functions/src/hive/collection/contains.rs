//! `array_contains(array, value)`, and Spark's `array_position`, `arrays_overlap` and `map_contains_key`.

use std::collections::HashSet;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use super::list_column::{ListColumn, item_of, keys};
use super::map_column::{MapColumn, entry_types};
use crate::hive::call::Call;
use crate::hive::convert::common::common_type;
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

const ARRAY: (&str, Kind, &str) = ("array", Kind::List, "An array.");

static ARRAY_CONTAINS: Definition = Definition {
    name: "array_contains",
    arguments: &[ARRAY, ("value", Kind::Any, "What is looked for.")],
    result: |planned| comparable(planned).map(|_| DataType::Boolean),
    run: array_contains,
    section: &SECTION,
    description: "True if an element equals the value. Hive says false of NULL; Spark says NULL of it, and where the value is not found among NULLs.",
    example: "SELECT array_contains(array(1, 2, 3), 2); -- true",
    ..BASE
};

static ARRAY_POSITION: Definition = Definition {
    name: "array_position",
    arguments: &[ARRAY, ("value", Kind::Any, "What is looked for.")],
    result: |planned| comparable(planned).map(|_| DataType::Int64),
    run: |call| {
        let (lists, rows, values, sought) = pair(call)?;
        call.primitives::<Int64Type>(|row| {
            let mut range = lists.range(row)?;
            let found = |place| rows.row(place) == sought.row(row);
            values.is_valid(row).then(|| range.position(found).map_or(0, |place| place as i64 + 1))
        })
    },
    section: &SECTION,
    description: "The place of the first element that equals the value, from 1; 0 if there is none.",
    example: "SELECT array_position(array(3, 2, 1), 1); -- 3",
    ..BASE
};

static ARRAYS_OVERLAP: Definition = Definition {
    name: "arrays_overlap",
    arguments: &[ARRAY, ("other", Kind::List, "An array.")],
    result: |planned| match common_type([planned.data_type(0), planned.data_type(1)]) {
        Some(_) => Ok(DataType::Boolean),
        None => Err(planned.refuse()),
    },
    run: overlap,
    section: &SECTION,
    description: "True if the arrays have an element in common that is not NULL; NULL if only NULLs could be.",
    example: "SELECT arrays_overlap(array(1, 2), array(2, 3)); -- true",
    ..BASE
};

static MAP_CONTAINS_KEY: Definition = Definition {
    name: "map_contains_key",
    arguments: &[("map", Kind::Map, "A map."), ("key", Kind::Any, "What is looked for.")],
    result: |planned| match entry_types(planned.data_type(0)) {
        Some((key, _)) if common_type([&key, planned.data_type(1)]).is_none() => Err(planned.refuse()),
        _ => Ok(DataType::Boolean),
    },
    run: |call| {
        let Some(maps) = MapColumn::read(call, 0)? else { return call.nulls() };
        let sought = convert(&call.array(1)?, maps.keys().data_type(), call.dialect, &call.zone())?;
        let (rows, wanted) = (keys(maps.keys())?, keys(&sought)?);
        call.booleans(|row| {
            let mut range = maps.range(row)?;
            sought.is_valid(row).then(|| range.any(|place| rows.row(place) == wanted.row(row)))
        })
    },
    section: &SECTION,
    description: "True if the map has the key.",
    example: "SELECT map_contains_key(map('a', 1), 'a'); -- true",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&ARRAY_CONTAINS];
pub(super) static SPARK: &[&Definition] = &[&ARRAYS_OVERLAP, &ARRAY_POSITION, &MAP_CONTAINS_KEY];

fn comparable(planned: &Planned) -> Result<DataType> {
    common_type([&item_of(planned.data_type(0)), planned.data_type(1)]).ok_or_else(|| planned.refuse())
}

type Sought = (ListColumn, datafusion::arrow::row::Rows, ArrayRef, datafusion::arrow::row::Rows);

/// The lists, their elements to compare, the values, and these to compare.
fn pair(call: &Call) -> Result<Sought> {
    let wanted = common_type([&item_of(&call.data_type(0)), &call.data_type(1)]).unwrap_or(DataType::Utf8);
    let lists = ListColumn::read_as(call, 0, &wanted)?;
    let values = convert(&call.array(1)?, &wanted, call.dialect, &call.zone())?;
    let (rows, sought) = (keys(lists.values())?, keys(&values)?);
    Ok((lists, rows, values, sought))
}

fn array_contains(call: &Call) -> Result<ArrayRef> {
    let (lists, rows, values, sought) = pair(call)?;
    let spark = call.dialect == Dialect::Spark;
    call.booleans(|row| {
        let unknown = (!spark).then_some(false);
        let Some(range) = lists.range(row).filter(|_| values.is_valid(row)) else { return unknown };
        let mut nulls = false;
        for place in range {
            if rows.row(place) == sought.row(row) {
                return Some(true);
            }
            nulls |= lists.values().is_null(place);
        }
        if nulls { unknown } else { Some(false) }
    })
}

fn overlap(call: &Call) -> Result<ArrayRef> {
    let wanted = common_type([&item_of(&call.data_type(0)), &item_of(&call.data_type(1))]).unwrap_or(DataType::Utf8);
    let (left, right) = (ListColumn::read_as(call, 0, &wanted)?, ListColumn::read_as(call, 1, &wanted)?);
    let (left_rows, right_rows) = (keys(left.values())?, keys(right.values())?);
    call.booleans(|row| {
        let (lefts, rights) = (left.range(row)?, right.range(row)?);
        let some = !lefts.is_empty() && !rights.is_empty();
        let mut nulls = false;
        let mut known = HashSet::new();
        for place in lefts {
            match left.values().is_null(place) {
                true => nulls = true,
                false => drop(known.insert(left_rows.row(place))),
            }
        }
        for place in rights {
            match right.values().is_null(place) {
                true => nulls = true,
                false if known.contains(&right_rows.row(place)) => return Some(true),
                false => {}
            }
        }
        if nulls && some { None } else { Some(false) }
    })
}
