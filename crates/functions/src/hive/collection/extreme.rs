//! Spark's `array_max(array)` and `array_min(array)`.

use datafusion::arrow::array::{Array, ArrayRef, UInt64Array};
use datafusion::arrow::compute::take;
use datafusion::error::Result;

use super::SECTION;
use super::list_column::{ListColumn, item_of, keys};
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};

const ARRAY: &[(&str, Kind, &str)] = &[("array", Kind::List, "An array.")];

static ARRAY_MAX: Definition = Definition {
    name: "array_max",
    arguments: ARRAY,
    result: |planned| Ok(item_of(planned.data_type(0))),
    run: |call| extreme(call, true),
    section: &SECTION,
    description: "The greatest element; NULLs are passed over.",
    example: "SELECT array_max(array(1, 3, 2)); -- 3",
    ..BASE
};

static ARRAY_MIN: Definition = Definition {
    name: "array_min",
    arguments: ARRAY,
    result: |planned| Ok(item_of(planned.data_type(0))),
    run: |call| extreme(call, false),
    section: &SECTION,
    description: "The least element; NULLs are passed over.",
    example: "SELECT array_min(array(2, 1, 3)); -- 1",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&ARRAY_MAX, &ARRAY_MIN];

fn extreme(call: &Call, greatest: bool) -> Result<ArrayRef> {
    let lists = ListColumn::read(call, 0)?;
    let rows = keys(lists.values())?;
    let places = (0..call.rows).map(|row| {
        let known = lists.range(row)?.filter(|place| lists.values().is_valid(*place));
        let found = match greatest {
            true => known.max_by(|left, right| rows.row(*left).cmp(&rows.row(*right))),
            false => known.min_by(|left, right| rows.row(*left).cmp(&rows.row(*right))),
        };
        found.map(|place| place as u64)
    });
    Ok(take(lists.values(), &places.collect::<UInt64Array>(), None)?)
}
