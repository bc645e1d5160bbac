//! An argument's maps, read by row, and maps made of keys and values that are named by their places.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, MapArray, StructArray, UInt64Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::arrow::row::OwnedRow;
use datafusion::error::{DataFusionError, Result};
use mead_common::{Diagnostic, Dialect, sqlstate};

use super::list_column::keys;
use crate::error::external;
use crate::hive::call::Call;

/// The type of maps from keys to values.
pub(in crate::hive) fn map_type(key: &DataType, value: &DataType) -> DataType {
    let entries = Fields::from(vec![Field::new("key", key.clone(), false), Field::new("value", value.clone(), true)]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
}

/// The types of a map's keys and values.
pub(in crate::hive) fn entry_types(data_type: &DataType) -> Option<(DataType, DataType)> {
    let DataType::Map(entries, _) = data_type else { return None };
    match entries.data_type() {
        DataType::Struct(fields) if fields.len() == 2 => {
            Some((fields[0].data_type().clone(), fields[1].data_type().clone()))
        }
        _ => None,
    }
}

/// The maps of an argument.
pub(super) struct MapColumn {
    maps: MapArray,
}

impl MapColumn {
    /// `None` where the argument is NULL.
    pub fn read(call: &Call, index: usize) -> Result<Option<MapColumn>> {
        let array = call.array(index)?;
        Ok(matches!(array.data_type(), DataType::Map(..)).then(|| MapColumn { maps: array.as_map().clone() }))
    }

    pub fn range(&self, row: usize) -> Option<Range<usize>> {
        let offsets = self.maps.value_offsets();
        self.maps.is_valid(row).then(|| offsets[row] as usize..offsets[row + 1] as usize)
    }

    pub fn keys(&self) -> &ArrayRef {
        self.maps.keys()
    }

    pub fn values(&self) -> &ArrayRef {
        self.maps.values()
    }

    pub fn entries(&self) -> &StructArray {
        self.maps.entries()
    }
}

/// Maps that are made entry by entry. Of a key that comes twice Hive keeps the last value; Spark refuses it.
pub(super) struct MadeMaps<'a> {
    call: &'a Call<'a>,
    keys: ArrayRef,
    values: ArrayRef,
    rows: Vec<OwnedRow>,
    key_places: Vec<u64>,
    value_places: Vec<u64>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl<'a> MadeMaps<'a> {
    pub fn new(call: &'a Call<'a>, keys_: ArrayRef, values: ArrayRef) -> Result<MadeMaps<'a>> {
        let rows = keys(&keys_)?.iter().map(|row| row.owned()).collect();
        Ok(MadeMaps {
            call,
            keys: keys_,
            values,
            rows,
            key_places: Vec::new(),
            value_places: Vec::new(),
            lengths: Vec::new(),
            valid: Vec::new(),
        })
    }

    /// A map of the keys and values at these places.
    pub fn push(&mut self, entries: impl IntoIterator<Item = (usize, usize)>) -> Result<()> {
        let begin = self.key_places.len();
        let mut known: HashMap<&OwnedRow, usize> = HashMap::new();
        for (key, value) in entries {
            if self.keys.is_null(key) {
                let message = format!("keys of {} must not be NULL", self.call.definition.name);
                return Err(external(Diagnostic::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message)));
            }
            match known.get(&self.rows[key]) {
                Some(place) if self.call.dialect != Dialect::Spark => self.value_places[*place] = value as u64,
                Some(_) => {
                    return Err(self.call.invalid("a key comes twice"));
                }
                None => {
                    known.insert(&self.rows[key], self.key_places.len());
                    self.key_places.push(key as u64);
                    self.value_places.push(value as u64);
                }
            }
        }
        self.lengths.push(self.key_places.len() - begin);
        self.valid.push(true);
        Ok(())
    }

    pub fn null(&mut self) {
        self.lengths.push(0);
        self.valid.push(false);
    }

    pub fn finish(self) -> Result<ArrayRef> {
        let keys = take(&self.keys, &UInt64Array::from(self.key_places), None)?;
        let values = take(&self.values, &UInt64Array::from(self.value_places), None)?;
        build_map(keys, values, self.lengths, self.valid)
    }
}

/// Maps of so many entries each.
pub(in crate::hive) fn build_map(
    keys: ArrayRef,
    values: ArrayRef,
    lengths: Vec<usize>,
    valid: Vec<bool>,
) -> Result<ArrayRef> {
    let DataType::Map(field, _) = map_type(keys.data_type(), values.data_type()) else {
        return Err(DataFusionError::Internal("a map's type is none".to_owned()));
    };
    let DataType::Struct(fields) = field.data_type() else {
        return Err(DataFusionError::Internal("a map's entries are no structs".to_owned()));
    };
    let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(MapArray::try_new(field, offsets, entries, Some(NullBuffer::from(valid)), false)?))
}
