//! Spark's `slice(array, start, length)`.

use datafusion::arrow::datatypes::DataType;

use super::SECTION;
use super::list_column::{ListColumn, Picked, item_of};
use crate::hive::definition::{BASE, Definition, Kind};

static SLICE: Definition = Definition {
    name: "slice",
    arguments: &[
        ("array", Kind::List, "An array."),
        ("start", Kind::Number, "A place from 1, from the end where it is negative."),
        ("length", Kind::Number, "How many elements."),
    ],
    result: |planned| Ok(DataType::new_list(item_of(planned.data_type(0)), true)),
    run: |call| {
        let (lists, starts, lengths) = (ListColumn::read(call, 0)?, call.whole(1)?, call.whole(2)?);
        let mut picked = Picked::default();
        for row in 0..call.rows {
            let (Some(range), Some(start), Some(length)) = (lists.range(row), starts.get(row), lengths.get(row)) else {
                picked.null();
                continue;
            };
            if start == 0 {
                return Err(call.invalid("start 0"));
            }
            let Ok(length) = usize::try_from(length) else { return Err(call.invalid("a negative length")) };
            let count = range.len();
            let place = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
            let first =
                if start > 0 { Some(place - 1).filter(|first| *first < count) } else { count.checked_sub(place) };
            picked.push(match first {
                Some(first) => range.start + first..range.start + first.saturating_add(length).min(count),
                None => 0..0,
            });
        }
        picked.finish(lists.values())
    },
    section: &SECTION,
    description: "So many elements of an array from a place on.",
    example: "SELECT slice(array(1, 2, 3, 4), 2, 2); -- [2,3]",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&SLICE];
