//! `reverse(x)` of text and arrays, and Spark's `flatten` and `shuffle`.

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::Volatility;
use rand::seq::SliceRandom;

use super::SECTION;
use super::list_column::{ListColumn, Picked, item_of, to_list};
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};

static REVERSE: Definition = Definition {
    name: "reverse",
    arguments: &[("value", Kind::Any, "A text or an array.")],
    result: |planned| match planned.data_type(0) {
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            Ok(DataType::new_list(item_of(planned.data_type(0)), true))
        }
        other if other.is_nested() => Err(planned.refuse()),
        _ => Ok(DataType::Utf8),
    },
    run: reverse,
    section: &SECTION,
    description: "The characters of a text, or the elements of an array, from last to first.",
    example: "SELECT reverse('Facebook'); -- koobecaF",
    ..BASE
};

static FLATTEN: Definition = Definition {
    name: "flatten",
    arguments: &[("array", Kind::List, "An array of arrays.")],
    result: |planned| match item_of(planned.data_type(0)) {
        DataType::Null => Ok(DataType::Null),
        inner @ (DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)) => {
            Ok(DataType::new_list(item_of(&inner), true))
        }
        _ => Err(planned.refuse()),
    },
    run: |call| {
        let outer = ListColumn::read(call, 0)?;
        if outer.item().is_null() {
            return call.nulls();
        }
        let inner = to_list(outer.values())?;
        let offsets = inner.value_offsets();
        let mut lists = Picked::default();
        for row in 0..call.rows {
            match outer.range(row) {
                Some(range) if range.clone().all(|place| inner.is_valid(place)) => {
                    lists.push(range.flat_map(|place| offsets[place] as usize..offsets[place + 1] as usize));
                }
                _ => lists.null(),
            }
        }
        lists.finish(inner.values())
    },
    section: &SECTION,
    description: "The elements of an array's arrays in one array; NULL if one of these is.",
    example: "SELECT flatten(array(array(1, 2), array(3))); -- [1,2,3]",
    ..BASE
};

static SHUFFLE: Definition = Definition {
    name: "shuffle",
    arguments: &[("array", Kind::List, "An array.")],
    result: |planned| Ok(DataType::new_list(item_of(planned.data_type(0)), true)),
    run: |call| {
        let values = ListColumn::read(call, 0)?;
        let mut lists = Picked::default();
        let mut random = rand::rng();
        for row in 0..call.rows {
            match values.range(row) {
                Some(range) => {
                    let mut places: Vec<usize> = range.collect();
                    places.shuffle(&mut random);
                    lists.push(places);
                }
                None => lists.null(),
            }
        }
        lists.finish(values.values())
    },
    section: &SECTION,
    description: "The elements in an order drawn by lot.",
    example: "SELECT shuffle(array(1, 2, 3));",
    volatility: Volatility::Volatile,
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&REVERSE];
pub(super) static SPARK: &[&Definition] = &[&FLATTEN, &SHUFFLE];

fn reverse(call: &Call) -> Result<ArrayRef> {
    if call.result_type() == &DataType::Utf8 {
        let texts = call.text(0)?;
        return call.texts(|row| Some(texts.get(row)?.chars().rev().collect::<String>()));
    }
    let values = ListColumn::read(call, 0)?;
    let mut lists = Picked::default();
    for row in 0..call.rows {
        match values.range(row) {
            Some(range) => lists.push(range.rev()),
            None => lists.null(),
        }
    }
    lists.finish(values.values())
}
