//! `map_filter`, `transform_keys` and `transform_values`: a function of each entry.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use mead_common::{Diagnostic, sqlstate};

use super::elements::condition;
use super::{HigherOrder, HigherOrderCall, at, owners};
use crate::error::external;
use crate::hive::collection::{build_map, entry_types, keys, map_type};

static MAP_FILTER: HigherOrder = HigherOrder {
    name: "map_filter",
    aliases: &[],
    syntax: "map_filter(map, (key, value) -> condition)",
    description: "The entries for which a function is true.",
    values: one_map,
    parameters: entry,
    result: |values, functions| condition(functions).then(|| values.first().cloned())?,
    run: |call| {
        let entries = Entries::new(call)?;
        let kept = cast(&entries.apply(call)?, &DataType::Boolean)?;
        let kept = kept.as_boolean();
        let (mut places, mut lengths, mut begin) = (Vec::new(), Vec::new(), 0);
        for length in &entries.lengths {
            let before = places.len();
            let own = begin..begin + length;
            places.extend(own.filter(|place| kept.is_valid(*place) && kept.value(*place)).map(|place| place as u64));
            lengths.push(places.len() - before);
            begin += length;
        }
        build_map(at(&entries.keys, &places)?, at(&entries.values, &places)?, lengths, entries.valid)
    },
};

static TRANSFORM_KEYS: HigherOrder = HigherOrder {
    name: "transform_keys",
    aliases: &[],
    syntax: "transform_keys(map, (key, value) -> key)",
    description: "The map with other keys.",
    values: one_map,
    parameters: entry,
    result: |values, functions| Some(map_type(functions.first()?, &entry_types(values.first()?)?.1)),
    run: |call| {
        let entries = Entries::new(call)?;
        let made = entries.apply(call)?;
        if made.null_count() > 0 {
            let message = "keys of transform_keys must not be NULL";
            return Err(external(Diagnostic::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message)));
        }
        let rows = keys(&made)?;
        let mut known = HashSet::new();
        for (place, owner) in entries.owners.values().iter().enumerate() {
            if !known.insert((*owner, rows.row(place))) {
                let message = "a key comes twice in transform_keys";
                return Err(external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message)));
            }
        }
        build_map(made, entries.values, entries.lengths, entries.valid)
    },
};

static TRANSFORM_VALUES: HigherOrder = HigherOrder {
    name: "transform_values",
    aliases: &[],
    syntax: "transform_values(map, (key, value) -> value)",
    description: "The map with other values.",
    values: one_map,
    parameters: entry,
    result: |values, functions| Some(map_type(&entry_types(values.first()?)?.0, functions.first()?)),
    run: |call| {
        let entries = Entries::new(call)?;
        let made = entries.apply(call)?;
        build_map(entries.keys, made, entries.lengths, entries.valid)
    },
};

pub(super) static FUNCTIONS: &[&HigherOrder] = &[&MAP_FILTER, &TRANSFORM_KEYS, &TRANSFORM_VALUES];

fn one_map(given: &[DataType]) -> Option<Vec<DataType>> {
    match given {
        [map @ DataType::Map(..)] => Some(vec![map.clone()]),
        _ => None,
    }
}

fn entry(values: &[DataType]) -> Vec<Vec<DataType>> {
    values.first().and_then(entry_types).map(|(key, value)| vec![vec![key, value]]).unwrap_or_default()
}

/// The entries of all rows; those that NULLs hide are left out.
struct Entries {
    keys: ArrayRef,
    values: ArrayRef,
    lengths: Vec<usize>,
    valid: Vec<bool>,
    owners: UInt32Array,
}

impl Entries {
    fn new(call: &HigherOrderCall) -> Result<Entries> {
        let maps = call.values[0].as_map();
        let offsets = maps.value_offsets();
        let range = |row: usize| match maps.is_valid(row) {
            true => offsets[row] as u64..offsets[row + 1] as u64,
            false => 0..0,
        };
        let places: Vec<u64> = (0..maps.len()).flat_map(range).collect();
        let lengths: Vec<usize> = (0..maps.len()).map(|row| range(row).count()).collect();
        Ok(Entries {
            keys: at(maps.keys(), &places)?,
            values: at(maps.values(), &places)?,
            owners: owners(lengths.iter().copied()),
            lengths,
            valid: (0..maps.len()).map(|row| maps.is_valid(row)).collect(),
        })
    }

    fn apply(&self, call: &HigherOrderCall) -> Result<ArrayRef> {
        call.apply(0, &[Arc::clone(&self.keys), Arc::clone(&self.values)], &self.owners)
    }
}
