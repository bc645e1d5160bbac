//! `transform`, `filter`, `exists` and `forall`: a function of each element.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListArray, UInt32Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::error::Result;

use super::{HigherOrder, HigherOrderCall, at, owners};
use crate::hive::collection::{item_of, to_list};

static TRANSFORM: HigherOrder = HigherOrder {
    name: "transform",
    aliases: &["array_transform"],
    syntax: "transform(array, x -> value) or transform(array, (x, place) -> value)",
    description: "What a function gives for each element; places count from 0.",
    values: one_list,
    parameters: element,
    result: |_, functions| Some(DataType::new_list(functions.first()?.clone(), true)),
    run: |call| {
        let elements = Elements::new(call)?;
        let values = elements.apply(call)?;
        let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(elements.lengths.iter().copied());
        Ok(Arc::new(ListArray::try_new(item, offsets, values, elements.nulls)?))
    },
};

static FILTER: HigherOrder = HigherOrder {
    name: "filter",
    aliases: &["array_filter"],
    syntax: "filter(array, x -> condition) or filter(array, (x, place) -> condition)",
    description: "The elements for which a function is true.",
    values: one_list,
    parameters: element,
    result: |values, functions| condition(functions).then(|| values.first().cloned())?,
    run: |call| {
        let elements = Elements::new(call)?;
        let kept = elements.conditions(call)?;
        let mut places = Vec::new();
        let mut lengths = Vec::with_capacity(call.rows);
        let mut begin = 0;
        for length in &elements.lengths {
            let before = places.len();
            let own = begin..begin + length;
            places.extend(own.filter(|place| kept.is_valid(*place) && kept.value(*place)).map(|place| place as u64));
            lengths.push(places.len() - before);
            begin += length;
        }
        let values = at(&elements.values, &places)?;
        let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), values, elements.nulls)?))
    },
};

static EXISTS: HigherOrder = HigherOrder {
    name: "exists",
    aliases: &["any_match"],
    syntax: "exists(array, x -> condition)",
    description: "Whether a function is true for an element; NULL if it is NULL for one and true for none.",
    values: one_list,
    parameters: element,
    result: |_, functions| condition(functions).then_some(DataType::Boolean),
    run: |call| search(call, true),
};

static FORALL: HigherOrder = HigherOrder {
    name: "forall",
    aliases: &[],
    syntax: "forall(array, x -> condition)",
    description: "Whether a function is true for all elements; NULL if it is NULL for one and false for none.",
    values: one_list,
    parameters: element,
    result: |_, functions| condition(functions).then_some(DataType::Boolean),
    run: |call| search(call, false),
};

pub(super) static FUNCTIONS: &[&HigherOrder] = &[&EXISTS, &FILTER, &FORALL, &TRANSFORM];

fn one_list(given: &[DataType]) -> Option<Vec<DataType>> {
    match given {
        [DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) | DataType::Null] => {
            Some(vec![DataType::new_list(item_of(&given[0]), true)])
        }
        _ => None,
    }
}

fn element(values: &[DataType]) -> Vec<Vec<DataType>> {
    vec![vec![values.first().map_or(DataType::Null, item_of), DataType::Int32]]
}

pub(super) fn condition(functions: &[DataType]) -> bool {
    matches!(functions, [DataType::Boolean | DataType::Null])
}

/// The elements of all rows; those that NULLs hide are left out.
struct Elements {
    values: ArrayRef,
    lengths: Vec<usize>,
    nulls: Option<NullBuffer>,
    owners: UInt32Array,
}

impl Elements {
    fn new(call: &HigherOrderCall) -> Result<Elements> {
        let lists = to_list(&call.values[0])?;
        let offsets = lists.value_offsets();
        let range = |row: usize| match lists.is_valid(row) {
            true => offsets[row] as u64..offsets[row + 1] as u64,
            false => 0..0,
        };
        let places: Vec<u64> = (0..lists.len()).flat_map(range).collect();
        let lengths: Vec<usize> = (0..lists.len()).map(|row| range(row).count()).collect();
        Ok(Elements {
            values: at(lists.values(), &places)?,
            owners: owners(lengths.iter().copied()),
            lengths,
            nulls: lists.nulls().cloned(),
        })
    }

    fn apply(&self, call: &HigherOrderCall) -> Result<ArrayRef> {
        let places: Int32Array = self.lengths.iter().flat_map(|length| 0..*length as i32).collect();
        call.apply(0, &[Arc::clone(&self.values), Arc::new(places)], &self.owners)
    }

    fn conditions(&self, call: &HigherOrderCall) -> Result<BooleanArray> {
        let found = datafusion::arrow::compute::cast(&self.apply(call)?, &DataType::Boolean)?;
        Ok(found.as_boolean().clone())
    }
}

/// Whether the function gives `wanted` for an element; for `false` the answer is turned round.
fn search(call: &HigherOrderCall, wanted: bool) -> Result<ArrayRef> {
    let elements = Elements::new(call)?;
    let found = elements.conditions(call)?;
    let mut begin = 0;
    let answers = elements.lengths.iter().enumerate().map(|(row, length)| {
        let own = begin..begin + length;
        begin += length;
        if elements.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        let mut unknown = false;
        for place in own {
            match found.is_valid(place).then(|| found.value(place)) {
                Some(value) if value == wanted => return Some(wanted),
                Some(_) => {}
                None => unknown = true,
            }
        }
        (!unknown).then_some(!wanted)
    });
    Ok(Arc::new(answers.collect::<BooleanArray>()))
}
