//! Spark's `decode(value, search, result, …, default)`; with two arguments it is that of text, which reads bytes.

use datafusion::arrow::array::{Array, ArrayRef, make_comparator};
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;

use super::SECTION;
use super::branch::compared_type;
use super::select::{select, type_of};
use crate::hive::call::Call;
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind, Planned};
use crate::hive::string::decode_charset;

static DECODE: Definition = Definition {
    name: "decode",
    arguments: &[
        ("value", Kind::Any, "A value; bytes if a charset is all that follows."),
        ("search", Kind::Any, "What it is compared with; NULL equals NULL. Or a charset."),
        ("result", Kind::Any, "The result where they are equal; the last one alone is the result where nothing is."),
    ],
    required: 2,
    variadic: true,
    result: |planned| match planned.fields.len() {
        2 => Ok(DataType::Utf8),
        count => {
            let result = type_of(planned, results(count))?;
            match (1..count - 1).step_by(2).all(|place| compared(planned.data_type(0), planned.data_type(place))) {
                true => Ok(result),
                false => Err(Planned::refuse(planned)),
            }
        }
    },
    run: decode,
    section: &SECTION,
    description: "The result that belongs to the first search value that the value equals; or the text of bytes in a charset.",
    example: "SELECT decode(2, 1, 'one', 2, 'two', 'many'); -- two",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&DECODE];

fn compared(left: &DataType, right: &DataType) -> bool {
    compared_type(left, right).is_some()
}

/// The places of results: every other one from 2, and the last where it has no search value.
fn results(count: usize) -> impl Iterator<Item = usize> {
    (2..count).step_by(2).chain((count.is_multiple_of(2)).then_some(count - 1))
}

fn decode(call: &Call) -> Result<ArrayRef> {
    let count = call.count();
    if count == 2 {
        return decode_charset(call);
    }
    let places: Vec<usize> = results(count).collect();
    let mut equal = Vec::new();
    for place in (1..count - 1).step_by(2) {
        let Some(wanted) = compared_type(&call.data_type(0), &call.data_type(place)) else { return call.nulls() };
        let value = convert(&call.array(0)?, &wanted, call.dialect, &call.zone())?;
        let search = convert(&call.array(place)?, &wanted, call.dialect, &call.zone())?;
        let compare = make_comparator(&value, &search, SortOptions::default())?;
        equal.push(move |row: usize| match (value.is_null(row), search.is_null(row)) {
            (false, false) => compare(row, row).is_eq(),
            (left, right) => left && right,
        });
    }
    let default = (places.len() > equal.len()).then(|| places.len() - 1);
    select(call, &places, |_, row| equal.iter().position(|equal| equal(row)).or(default))
}
