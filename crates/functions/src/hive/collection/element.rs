//! Hive's `index(collection, key)`, and Spark's `element_at`, `try_element_at` and `get`.

use datafusion::arrow::array::{Array, ArrayRef, UInt64Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;

use super::SECTION;
use super::list_column::{ListColumn, item_of, keys};
use super::map_column::{MapColumn, entry_types};
use crate::hive::call::Call;
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

const COLLECTION: (&str, Kind, &str) = ("collection", Kind::Any, "An array or a map.");

static INDEX: Definition = Definition {
    name: "index",
    arguments: &[COLLECTION, ("place", Kind::Primitive, "A place from 0, or a key.")],
    result: value_type,
    run: |call| element(call, |place, length| usize::try_from(place).ok().filter(|place| *place < length)),
    section: &SECTION,
    description: "The element at a place, or the value of a key; NULL where there is none.",
    example: "SELECT index(array('a', 'b'), 1); -- b",
    ..BASE
};

static ELEMENT_AT: Definition = Definition {
    name: "element_at",
    aliases: &["try_element_at"],
    arguments: &[
        COLLECTION,
        ("place", Kind::Primitive, "A place from 1, from the end where it is negative; or a key."),
    ],
    result: value_type,
    run: |call| {
        let zero = call.whole(1)?;
        if matches!(item_of(&call.data_type(0)), DataType::Null) || MapColumn::read(call, 0)?.is_some() {
            // A key may be 0.
        } else if (0..call.rows).any(|row| zero.get(row) == Some(0)) {
            return Err(call.invalid("place 0"));
        }
        element(call, |place, length| match place {
            0 => None,
            1.. => usize::try_from(place - 1).ok().filter(|place| *place < length),
            _ => length.checked_sub(usize::try_from(place.unsigned_abs()).ok()?),
        })
    },
    section: &SECTION,
    description: "The element at a place, or the value of a key; NULL where there is none.",
    example: "SELECT element_at(array(1, 2, 3), -1); -- 3",
    ..BASE
};

static GET: Definition = Definition {
    name: "get",
    arguments: &[("array", Kind::List, "An array."), ("place", Kind::Number, "A place from 0.")],
    description: "The element at a place; NULL where there is none.",
    example: "SELECT get(array(1, 2, 3), 0); -- 1",
    ..INDEX_BASE
};

const INDEX_BASE: Definition = Definition {
    result: value_type,
    run: |call| element(call, |place, length| usize::try_from(place).ok().filter(|place| *place < length)),
    section: &SECTION,
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&INDEX];
pub(super) static SPARK: &[&Definition] = &[&ELEMENT_AT, &GET];

fn value_type(planned: &Planned) -> Result<DataType> {
    match planned.data_type(0) {
        DataType::Null => Ok(DataType::Null),
        given @ DataType::Map(..) => entry_types(given).map(|(_, value)| value).ok_or_else(|| planned.refuse()),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => Ok(item_of(planned.data_type(0))),
        _ => Err(planned.refuse()),
    }
}

/// `find` settles which of so many elements a place means.
fn element(call: &Call, find: impl Fn(i64, usize) -> Option<usize>) -> Result<ArrayRef> {
    if let Some(maps) = MapColumn::read(call, 0)? {
        let sought = convert(&call.array(1)?, maps.keys().data_type(), call.dialect, &call.zone())?;
        let (rows, wanted) = (keys(maps.keys())?, keys(&sought)?);
        let places = (0..call.rows).map(|row| {
            let mut range = maps.range(row).filter(|_| sought.is_valid(row))?;
            range.find(|place| rows.row(*place) == wanted.row(row)).map(|place| place as u64)
        });
        return Ok(take(maps.values(), &places.collect::<UInt64Array>(), None)?);
    }
    let lists = ListColumn::read(call, 0)?;
    let sought = call.whole(1)?;
    let places = (0..call.rows).map(|row| {
        let range = lists.range(row)?;
        find(sought.get(row)?, range.len()).map(|place| (range.start + place) as u64)
    });
    Ok(take(lists.values(), &places.collect::<UInt64Array>(), None)?)
}
