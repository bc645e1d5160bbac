//! `zip_with(a, b, (x, y) -> value)`, `map_zip_with(a, b, (key, x, y) -> value)`.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt64Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::error::Result;

use super::{HigherOrder, HigherOrderCall, at, owners};
use crate::hive::collection::{build_map, entry_types, item_of, keys, map_type, to_list};
use crate::hive::convert::common::common_type;

static ZIP_WITH: HigherOrder = HigherOrder {
    name: "zip_with",
    aliases: &[],
    syntax: "zip_with(array, other, (x, y) -> value)",
    description: "What a function gives for the elements at each place of two arrays; what is missing is NULL.",
    values: |given| match given {
        [left, right] if [left, right].iter().all(|given| is_list(given)) => {
            Some([left, right].map(|given| DataType::new_list(item_of(given), true)).to_vec())
        }
        _ => None,
    },
    parameters: |values| vec![values.iter().map(item_of).collect()],
    result: |_, functions| Some(DataType::new_list(functions.first()?.clone(), true)),
    run: zip_with,
};

static MAP_ZIP_WITH: HigherOrder = HigherOrder {
    name: "map_zip_with",
    aliases: &[],
    syntax: "map_zip_with(map, other, (key, x, y) -> value)",
    description: "A map of what a function gives for the values of each key in two maps; what is missing is NULL.",
    values: |given| match given {
        [left, right] => {
            let ((left_key, left), (right_key, right)) = (entry_types(left)?, entry_types(right)?);
            let key = common_type([&left_key, &right_key])?;
            Some(vec![map_type(&key, &left), map_type(&key, &right)])
        }
        _ => None,
    },
    parameters: |values| {
        let types = values.iter().filter_map(entry_types).collect::<Vec<_>>();
        match types.as_slice() {
            [(key, left), (_, right)] => vec![vec![key.clone(), left.clone(), right.clone()]],
            _ => Vec::new(),
        }
    },
    result: |values, functions| Some(map_type(&entry_types(values.first()?)?.0, functions.first()?)),
    run: map_zip_with,
};

pub(super) static FUNCTIONS: &[&HigherOrder] = &[&MAP_ZIP_WITH, &ZIP_WITH];

fn is_list(given: &DataType) -> bool {
    matches!(given, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) | DataType::Null)
}

fn zip_with(call: &HigherOrderCall) -> Result<ArrayRef> {
    let lists = [to_list(&call.values[0])?, to_list(&call.values[1])?];
    let valid: NullBuffer = (0..call.rows).map(|row| lists.iter().all(|list| list.is_valid(row))).collect();
    let length = |list: &ListArray, row: usize| (list.value_offsets()[row + 1] - list.value_offsets()[row]) as usize;
    let longest = |row: usize| match valid.is_valid(row) {
        true => length(&lists[0], row).max(length(&lists[1], row)),
        false => 0,
    };
    let lengths: Vec<usize> = (0..call.rows).map(longest).collect();
    let arguments = lists
        .iter()
        .map(|list| {
            let place = |(row, place): (usize, usize)| {
                (place < length(list, row)).then(|| list.value_offsets()[row] as u64 + place as u64)
            };
            let all = lengths.iter().enumerate().flat_map(|(row, length)| (0..*length).map(move |place| (row, place)));
            Ok(take(list.values(), &all.map(place).collect::<UInt64Array>(), None)?)
        })
        .collect::<Result<Vec<_>>>()?;
    let values = call.apply(0, &arguments, &owners(lengths.iter().copied()))?;
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), values, Some(valid))?))
}

fn map_zip_with(call: &HigherOrderCall) -> Result<ArrayRef> {
    let (left, right) = (call.values[0].as_map(), call.values[1].as_map());
    let all_keys = concat(&[left.keys().as_ref(), right.keys().as_ref()])?;
    let rows = keys(&all_keys)?;
    let behind = left.keys().len();
    let (mut key_places, mut lefts, mut rights) = (Vec::new(), Vec::new(), Vec::new());
    let (mut lengths, mut valid) = (Vec::with_capacity(call.rows), Vec::with_capacity(call.rows));
    for row in 0..call.rows {
        let begin = key_places.len();
        valid.push(left.is_valid(row) && right.is_valid(row));
        if left.is_valid(row) && right.is_valid(row) {
            let range = |offsets: &[i32]| offsets[row] as usize..offsets[row + 1] as usize;
            let mut known = HashMap::new();
            for place in range(left.value_offsets()) {
                known.insert(rows.row(place), key_places.len());
                key_places.push(place as u64);
                lefts.push(Some(place as u64));
                rights.push(None);
            }
            for place in range(right.value_offsets()) {
                match known.get(&rows.row(behind + place)) {
                    Some(at) => rights[*at] = Some(place as u64),
                    None => {
                        key_places.push((behind + place) as u64);
                        lefts.push(None);
                        rights.push(Some(place as u64));
                    }
                }
            }
        }
        lengths.push(key_places.len() - begin);
    }
    let keys = at(&all_keys, &key_places)?;
    let arguments = [
        Arc::clone(&keys),
        take(left.values(), &UInt64Array::from(lefts), None)?,
        take(right.values(), &UInt64Array::from(rights), None)?,
    ];
    let values = call.apply(0, &arguments, &owners(lengths.iter().copied()))?;
    build_map(keys, values, lengths, valid)
}
