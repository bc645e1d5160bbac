//! `size(x)`, and Spark's `cardinality` and `array_size`.

use datafusion::arrow::datatypes::Int32Type;

use super::SECTION;
use super::list_column::ListColumn;
use super::map_column::MapColumn;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, Planned, int};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;

const COLLECTION: &[(&str, Kind, &str)] = &[("collection", Kind::Any, "An array or a map.")];

const SIZE: Definition = Definition {
    name: "size",
    arguments: COLLECTION,
    result: of_collection,
    run: |call| size(call, Some(-1)),
    section: &SECTION,
    description: "The number of elements or entries; -1 of NULL.",
    example: "SELECT size(array(1, 2)); -- 2",
    ..BASE
};

static CARDINALITY: Definition = Definition { name: "cardinality", ..SIZE };

static ARRAY_SIZE: Definition = Definition {
    name: "array_size",
    arguments: &[("array", Kind::List, "An array.")],
    result: int,
    run: |call| size(call, None),
    section: &SECTION,
    description: "The number of elements; NULL of NULL.",
    example: "SELECT array_size(array(1, 2)); -- 2",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&SIZE];
pub(super) static SPARK: &[&Definition] = &[&ARRAY_SIZE, &CARDINALITY];

fn of_collection(planned: &Planned) -> Result<DataType> {
    match planned.data_type(0) {
        DataType::Null
        | DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::Map(..) => Ok(DataType::Int32),
        _ => Err(planned.refuse()),
    }
}

fn size(call: &Call, of_null: Option<i32>) -> Result<ArrayRef> {
    if let Some(maps) = MapColumn::read(call, 0)? {
        return call.primitives::<Int32Type>(|row| maps.range(row).map(|range| range.len() as i32).or(of_null));
    }
    let lists = ListColumn::read(call, 0)?;
    call.primitives::<Int32Type>(|row| lists.range(row).map(|range| range.len() as i32).or(of_null))
}
