//! Spark's `array_repeat(value, count)`.

use datafusion::arrow::datatypes::DataType;

use super::SECTION;
use super::list_column::Picked;
use crate::hive::definition::{BASE, Definition, Kind};

/// How many elements a batch of results may have.
const ELEMENTS_MAX: usize = i32::MAX as usize - 15;

static ARRAY_REPEAT: Definition = Definition {
    name: "array_repeat",
    arguments: &[("value", Kind::Any, "A value."), ("count", Kind::Number, "How often.")],
    result: |planned| Ok(DataType::new_list(planned.data_type(0).clone(), true)),
    run: |call| {
        let (values, counts) = (call.array(0)?, call.whole(1)?);
        let mut picked = Picked::default();
        for row in 0..call.rows {
            let Some(count) = counts.get(row) else {
                picked.null();
                continue;
            };
            let count = usize::try_from(count).unwrap_or(0);
            if picked.len().saturating_add(count) > ELEMENTS_MAX {
                return Err(call.invalid(format!("count {count}")));
            }
            picked.push(std::iter::repeat_n(row, count));
        }
        picked.finish(&values)
    },
    section: &SECTION,
    description: "An array that has a value so many times.",
    example: "SELECT array_repeat('x', 2); -- [\"x\",\"x\"]",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&ARRAY_REPEAT];
