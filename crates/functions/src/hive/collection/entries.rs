//! `map_keys`, `map_values`, and Spark's functions that take maps apart and put them together.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::error::Result;

use super::SECTION;
use super::list_column::{ListColumn, Picked, item_of};
use super::map_column::{MadeMaps, MapColumn, entry_types, map_type};
use crate::hive::call::Call;
use crate::hive::convert::common::common_type;
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

const MAP: &[(&str, Kind, &str)] = &[("map", Kind::Map, "A map.")];

static MAP_KEYS: Definition = Definition {
    name: "map_keys",
    arguments: MAP,
    result: |planned| Ok(DataType::new_list(types(planned, 0).0, true)),
    run: |call| picked(call, |maps| Arc::clone(maps.keys())),
    section: &SECTION,
    description: "The keys of a map.",
    example: "SELECT map_keys(map('a', 1)); -- [\"a\"]",
    ..BASE
};

static MAP_VALUES: Definition = Definition {
    name: "map_values",
    arguments: MAP,
    result: |planned| Ok(DataType::new_list(types(planned, 0).1, true)),
    run: |call| picked(call, |maps| Arc::clone(maps.values())),
    section: &SECTION,
    description: "The values of a map.",
    example: "SELECT map_values(map('a', 1)); -- [1]",
    ..BASE
};

static MAP_ENTRIES: Definition = Definition {
    name: "map_entries",
    arguments: MAP,
    result: |planned| {
        let (key, value) = types(planned, 0);
        let entry = Fields::from(vec![Field::new("key", key, false), Field::new("value", value, true)]);
        Ok(DataType::new_list(DataType::Struct(entry), true))
    },
    run: |call| picked(call, |maps| Arc::new(maps.entries().clone())),
    section: &SECTION,
    description: "The entries of a map as structs.",
    example: "SELECT map_entries(map('a', 1)); -- [{\"key\":\"a\",\"value\":1}]",
    ..BASE
};

static MAP_FROM_ARRAYS: Definition = Definition {
    name: "map_from_arrays",
    arguments: &[("keys", Kind::List, "The keys."), ("values", Kind::List, "As many values.")],
    result: |planned| Ok(map_type(&item_of(planned.data_type(0)), &item_of(planned.data_type(1)))),
    run: |call| {
        let (keys, values) = (ListColumn::read(call, 0)?, ListColumn::read(call, 1)?);
        let mut maps = MadeMaps::new(call, Arc::clone(keys.values()), Arc::clone(values.values()))?;
        for row in 0..call.rows {
            match (keys.range(row), values.range(row)) {
                (Some(keys), Some(values)) if keys.len() == values.len() => maps.push(keys.zip(values))?,
                (Some(_), Some(_)) => return Err(call.invalid("there are not as many values as keys")),
                _ => maps.null(),
            }
        }
        maps.finish()
    },
    section: &SECTION,
    description: "A map of two arrays.",
    example: "SELECT map_from_arrays(array('a', 'b'), array(1, 2)); -- {\"a\":1,\"b\":2}",
    ..BASE
};

static MAP_FROM_ENTRIES: Definition = Definition {
    name: "map_from_entries",
    arguments: &[("entries", Kind::List, "Structs of a key and a value.")],
    result: |planned| match item_of(planned.data_type(0)) {
        DataType::Struct(fields) if fields.len() == 2 => Ok(map_type(fields[0].data_type(), fields[1].data_type())),
        _ => Err(planned.refuse()),
    },
    run: |call| {
        let entries = ListColumn::read(call, 0)?;
        let Some(structs) = entries.values().as_struct_opt() else { return call.nulls() };
        let mut maps = MadeMaps::new(call, Arc::clone(structs.column(0)), Arc::clone(structs.column(1)))?;
        for row in 0..call.rows {
            match entries.range(row) {
                // An entry that is NULL makes the map NULL.
                Some(range) if range.clone().all(|place| structs.is_valid(place)) => {
                    maps.push(range.map(|place| (place, place)))?;
                }
                _ => maps.null(),
            }
        }
        maps.finish()
    },
    section: &SECTION,
    description: "A map of an array of entries.",
    example: "SELECT map_from_entries(array(struct('a', 1))); -- {\"a\":1}",
    ..BASE
};

static MAP_CONCAT: Definition = Definition {
    name: "map_concat",
    arguments: &[("map", Kind::Map, "A map.")],
    required: 0,
    variadic: true,
    result: |planned| {
        if planned.fields.is_empty() {
            return Ok(map_type(&DataType::Utf8, &DataType::Utf8));
        }
        let (key, value) =
            merged(planned.fields.iter().map(|field| field.data_type())).ok_or_else(|| planned.refuse())?;
        Ok(map_type(&key, &value))
    },
    run: map_concat,
    section: &SECTION,
    description: "The entries of all maps in one.",
    example: "SELECT map_concat(map('a', 1), map('b', 2)); -- {\"a\":1,\"b\":2}",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&MAP_KEYS, &MAP_VALUES];
pub(super) static SPARK: &[&Definition] = &[&MAP_CONCAT, &MAP_ENTRIES, &MAP_FROM_ARRAYS, &MAP_FROM_ENTRIES];

fn types(planned: &Planned, index: usize) -> (DataType, DataType) {
    entry_types(planned.data_type(index)).unwrap_or((DataType::Null, DataType::Null))
}

fn picked(call: &Call, part: impl Fn(&MapColumn) -> ArrayRef) -> Result<ArrayRef> {
    let Some(maps) = MapColumn::read(call, 0)? else { return call.nulls() };
    let mut lists = Picked::default();
    for row in 0..call.rows {
        match maps.range(row) {
            Some(range) => lists.push(range),
            None => lists.null(),
        }
    }
    lists.finish(&part(&maps))
}

fn merged<'a>(types: impl Iterator<Item = &'a DataType>) -> Option<(DataType, DataType)> {
    let entries: Vec<(DataType, DataType)> =
        types.filter(|given| !given.is_null()).map(entry_types).collect::<Option<_>>()?;
    Some((common_type(entries.iter().map(|(key, _)| key))?, common_type(entries.iter().map(|(_, value)| value))?))
}

fn map_concat(call: &Call) -> Result<ArrayRef> {
    let given = (0..call.count()).map(|index| call.array(index)).collect::<Result<Vec<_>>>()?;
    let Some((key, value)) = entry_types(call.result_type()) else { return call.nulls() };
    if given.iter().any(|maps| maps.data_type().is_null()) {
        return call.nulls();
    }
    let (mut keys, mut values, mut starts) = (Vec::new(), Vec::new(), vec![0]);
    for maps in &given {
        let maps = maps.as_map();
        keys.push(convert(maps.keys(), &key, call.dialect, &call.zone())?);
        values.push(convert(maps.values(), &value, call.dialect, &call.zone())?);
        starts.push(starts.last().copied().unwrap_or(0) + maps.keys().len());
    }
    let joined = |parts: &[ArrayRef], data_type: &DataType| -> Result<ArrayRef> {
        match parts.is_empty() {
            true => Ok(datafusion::arrow::array::new_empty_array(data_type)),
            false => Ok(concat(&parts.iter().map(|part| part.as_ref()).collect::<Vec<_>>())?),
        }
    };
    let mut made = MadeMaps::new(call, joined(&keys, &key)?, joined(&values, &value)?)?;
    for row in 0..call.rows {
        if given.iter().any(|maps| maps.is_null(row)) {
            made.null();
            continue;
        }
        let entries = given.iter().zip(&starts).flat_map(|(maps, start)| {
            let offsets = maps.as_map().value_offsets();
            (offsets[row] as usize..offsets[row + 1] as usize).map(move |place| (start + place, start + place))
        });
        made.push(entries.collect::<Vec<_>>())?;
    }
    made.finish()
}
