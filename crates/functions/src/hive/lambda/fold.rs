//! `aggregate(array, start, (known, x) -> next [, known -> result])`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, UInt32Array};
use datafusion::arrow::compute::{cast, interleave, take};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;

use super::{HigherOrder, HigherOrderCall, at};
use crate::hive::collection::{item_of, to_list};

static AGGREGATE: HigherOrder = HigherOrder {
    name: "aggregate",
    aliases: &["reduce"],
    syntax: "aggregate(array, start, (known, x) -> next [, known -> result])",
    description: "What a function makes of a start and of each element in turn. It gives values of the type of the start.",
    values: |given| match given {
        [list @ (DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) | DataType::Null), start] => {
            Some(vec![DataType::new_list(item_of(list), true), start.clone()])
        }
        _ => None,
    },
    parameters: |values| match values {
        [list, start] => vec![vec![start.clone(), item_of(list)], vec![start.clone()]],
        _ => Vec::new(),
    },
    result: |values, functions| {
        let start = values.get(1)?;
        match functions {
            [next, ..] if next != start && !(next.is_integer() && start.is_integer()) && !next.is_null() => None,
            [_, result] => Some(result.clone()),
            _ => Some(start.clone()),
        }
    },
    run: aggregate,
};

pub(super) static FUNCTIONS: &[&HigherOrder] = &[&AGGREGATE];

fn aggregate(call: &HigherOrderCall) -> Result<ArrayRef> {
    let lists = to_list(&call.values[0])?;
    let offsets = lists.value_offsets();
    let mut known = Arc::clone(&call.values[1]);
    let length = |row: usize| match lists.is_valid(row) {
        true => (offsets[row + 1] - offsets[row]) as usize,
        false => 0,
    };
    let longest = (0..call.rows).map(length).max().unwrap_or(0);
    // All rows that have so many elements take a step together.
    for step in 0..longest {
        let rows: Vec<u32> = (0..call.rows as u32).filter(|row| length(*row as usize) > step).collect();
        let places: Vec<u64> = rows.iter().map(|row| offsets[*row as usize] as u64 + step as u64).collect();
        let owners = UInt32Array::from(rows);
        let arguments = [take(&known, &owners, None)?, at(lists.values(), &places)?];
        let next = cast(&call.apply(0, &arguments, &owners)?, known.data_type())?;
        let mut chosen: Vec<(usize, usize)> = (0..call.rows).map(|row| (0, row)).collect();
        for (place, row) in owners.values().iter().enumerate() {
            chosen[*row as usize] = (1, place);
        }
        known = interleave(&[known.as_ref(), next.as_ref()], &chosen)?;
    }
    if call.functions.len() > 1 {
        let all = UInt32Array::from_iter_values(0..call.rows as u32);
        known = call.apply(1, &[known], &all)?;
    }
    let kept: UInt32Array = (0..call.rows).map(|row| lists.is_valid(row).then_some(row as u32)).collect();
    Ok(cast(&take(&known, &kept, None)?, call.result)?)
}
