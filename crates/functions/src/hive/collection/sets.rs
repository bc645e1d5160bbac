//! Spark's functions that see arrays as sets, and those that leave elements out.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;

use super::SECTION;
use super::list_column::{ListColumn, Picked, item_of, keys};
use crate::hive::call::Call;
use crate::hive::convert::common::common_type;
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

const ARRAY: (&str, Kind, &str) = ("array", Kind::List, "An array.");
const TWO: &[(&str, Kind, &str)] = &[ARRAY, ("other", Kind::List, "Another.")];

static ARRAY_DISTINCT: Definition = Definition {
    name: "array_distinct",
    arguments: &[ARRAY],
    result: |planned| Ok(DataType::new_list(item_of(planned.data_type(0)), true)),
    run: |call| {
        let lists = ListColumn::read(call, 0)?;
        let rows = keys(lists.values())?;
        let mut picked = Picked::default();
        for row in 0..call.rows {
            let Some(range) = lists.range(row) else {
                picked.null();
                continue;
            };
            let mut known = HashSet::new();
            picked.push(range.filter(|place| known.insert(rows.row(*place))));
        }
        picked.finish(lists.values())
    },
    section: &SECTION,
    description: "The elements, each once.",
    example: "SELECT array_distinct(array(1, 2, 1)); -- [1,2]",
    ..BASE
};

static ARRAY_UNION: Definition = Definition {
    name: "array_union",
    arguments: TWO,
    result: two_type,
    run: |call| combined(call, |_| true, true),
    section: &SECTION,
    description: "The elements of both arrays, each once.",
    example: "SELECT array_union(array(1, 2), array(2, 3)); -- [1,2,3]",
    ..BASE
};

static ARRAY_INTERSECT: Definition = Definition {
    name: "array_intersect",
    arguments: TWO,
    result: two_type,
    run: |call| combined(call, |there| there, false),
    section: &SECTION,
    description: "The elements that both arrays have, each once.",
    example: "SELECT array_intersect(array(1, 2), array(2, 3)); -- [2]",
    ..BASE
};

static ARRAY_EXCEPT: Definition = Definition {
    name: "array_except",
    arguments: TWO,
    result: two_type,
    run: |call| combined(call, |there| !there, false),
    section: &SECTION,
    description: "The elements of the first array that the other has not, each once.",
    example: "SELECT array_except(array(1, 2), array(2, 3)); -- [1]",
    ..BASE
};

static ARRAY_REMOVE: Definition = Definition {
    name: "array_remove",
    arguments: &[ARRAY, ("value", Kind::Any, "What is left out.")],
    result: |planned| match common_type([&item_of(planned.data_type(0)), planned.data_type(1)]) {
        Some(item) => Ok(DataType::new_list(item, true)),
        None => Err(planned.refuse()),
    },
    run: |call| {
        let item = item_of(call.result_type());
        let lists = ListColumn::read_as(call, 0, &item)?;
        let values = convert(&call.array(1)?, &item, call.dialect, &call.zone())?;
        let (rows, sought) = (keys(lists.values())?, keys(&values)?);
        let mut picked = Picked::default();
        for row in 0..call.rows {
            match lists.range(row).filter(|_| values.is_valid(row)) {
                Some(range) => picked.push(range.filter(|place| rows.row(*place) != sought.row(row))),
                None => picked.null(),
            }
        }
        picked.finish(lists.values())
    },
    section: &SECTION,
    description: "The array without the elements that equal a value.",
    example: "SELECT array_remove(array(1, 2, 1), 1); -- [2]",
    ..BASE
};

static ARRAY_COMPACT: Definition = Definition {
    name: "array_compact",
    arguments: &[ARRAY],
    result: |planned| Ok(DataType::new_list(item_of(planned.data_type(0)), true)),
    run: |call| {
        let lists = ListColumn::read(call, 0)?;
        let mut picked = Picked::default();
        for row in 0..call.rows {
            match lists.range(row) {
                Some(range) => picked.push(range.filter(|place| lists.values().is_valid(*place))),
                None => picked.null(),
            }
        }
        picked.finish(lists.values())
    },
    section: &SECTION,
    description: "The array without its NULLs.",
    example: "SELECT array_compact(array(1, NULL, 2)); -- [1,2]",
    ..BASE
};

pub(super) static SPARK: &[&Definition] =
    &[&ARRAY_COMPACT, &ARRAY_DISTINCT, &ARRAY_EXCEPT, &ARRAY_INTERSECT, &ARRAY_REMOVE, &ARRAY_UNION];

fn two_type(planned: &Planned) -> Result<DataType> {
    match common_type([&item_of(planned.data_type(0)), &item_of(planned.data_type(1))]) {
        Some(item) => Ok(DataType::new_list(item, true)),
        None => Err(planned.refuse()),
    }
}

/// Elements of the first array, and where `both` of the second, each once. `keep` is asked whether an element stays, and told
/// whether the second array has it.
fn combined(call: &Call, keep: impl Fn(bool) -> bool, both: bool) -> Result<ArrayRef> {
    let item = item_of(call.result_type());
    let (left, right) = (ListColumn::read_as(call, 0, &item)?, ListColumn::read_as(call, 1, &item)?);
    let values = concat(&[left.values().as_ref(), right.values().as_ref()])?;
    let rows = keys(&Arc::clone(&values))?;
    let behind = left.values().len();
    let mut picked = Picked::default();
    for row in 0..call.rows {
        let (Some(lefts), Some(rights)) = (left.range(row), right.range(row)) else {
            picked.null();
            continue;
        };
        let rights = rights.start + behind..rights.end + behind;
        let there: HashSet<_> = rights.clone().map(|place| rows.row(place)).collect();
        let all = lefts.chain(if both { rights } else { 0..0 });
        let mut known = HashSet::new();
        picked.push(all.filter(|place| keep(there.contains(&rows.row(*place))) && known.insert(rows.row(*place))));
    }
    picked.finish(&values)
}
