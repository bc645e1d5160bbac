//! `greatest(…)`, `least(…)`: NULL in Hive if one of the values is; Spark passes over NULLs.

use datafusion::arrow::array::{Array, ArrayRef, make_comparator};
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use super::select::{select, type_of};
use crate::hive::call::Call;
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind, Planned};
use crate::types::is_text;

const VALUES: &[(&str, Kind, &str)] = &[("value", Kind::Primitive, "A value."), ("other", Kind::Primitive, "A value.")];

static GREATEST: Definition = Definition {
    name: "greatest",
    arguments: VALUES,
    variadic: true,
    result: extreme_type,
    run: |call| extreme(call, true),
    section: &SECTION,
    description: "The greatest value. In Hive it is NULL if one of them is; Spark passes over NULLs.",
    example: "SELECT greatest(2, 3, 1); -- 3",
    ..BASE
};

static LEAST: Definition = Definition {
    name: "least",
    arguments: VALUES,
    variadic: true,
    result: extreme_type,
    run: |call| extreme(call, false),
    section: &SECTION,
    description: "The least value. In Hive it is NULL if one of them is; Spark passes over NULLs.",
    example: "SELECT least(2, 3, 1); -- 1",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&GREATEST, &LEAST];

fn extreme_type(planned: &Planned) -> Result<DataType> {
    match planned.fields.iter().any(|field| is_text(field.data_type())) {
        true => Ok(DataType::Utf8),
        false => type_of(planned, 0..planned.fields.len()),
    }
}

fn extreme(call: &Call, greatest: bool) -> Result<ArrayRef> {
    let places: Vec<usize> = (0..call.count()).collect();
    let values = places
        .iter()
        .map(|place| convert(&call.array(*place)?, call.result_type(), call.dialect, &call.zone()))
        .collect::<Result<Vec<_>>>()?;
    // How the value of one place stands to that of another, for each pair.
    let compare = values
        .iter()
        .map(|left| {
            let pairs = values.iter().map(|right| Ok(make_comparator(left, right, SortOptions::default())?));
            pairs.collect::<Result<Vec<_>>>()
        })
        .collect::<Result<Vec<_>>>()?;
    select(call, &places, |values, row| {
        let mut best: Option<usize> = None;
        for (place, value) in values.iter().enumerate() {
            if value.is_null(row) {
                match call.dialect {
                    Dialect::Spark => continue,
                    _ => return None,
                }
            }
            let better = best.is_none_or(|best| {
                let order = compare[place][best](row, row);
                if greatest { order.is_gt() } else { order.is_lt() }
            });
            if better {
                best = Some(place);
            }
        }
        best
    })
}
