//! `elt(n, …)`, `field(value, …)`: one out of several values by its place, and the place of a value.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Int32Type;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, int};

static ELT: Definition = Definition {
    name: "elt",
    arguments: &[
        ("n", Kind::Number, "Which value, from 1; NULL comes of a number beyond them."),
        ("value", Kind::Primitive, "The values."),
    ],
    variadic: true,
    run: |call| {
        let places = call.whole(0)?;
        let values = (1..call.count()).map(|index| call.text(index)).collect::<Result<Vec<_>>>()?;
        call.texts(|row| {
            let place = usize::try_from(places.get(row)?).ok()?.checked_sub(1)?;
            values.get(place)?.get(row).map(str::to_owned)
        })
    },
    section: &SECTION,
    description: "The n-th of the values, as text.",
    example: "SELECT elt(2, 'face', 'book'); -- book",
    ..BASE
};

static FIELD: Definition = Definition {
    name: "field",
    arguments: &[
        ("value", Kind::Primitive, "A value; NULL is equal to none."),
        ("candidate", Kind::Primitive, "The values to compare it with."),
    ],
    variadic: true,
    result: int,
    run: field,
    section: &SECTION,
    description: "The place of the first candidate that is equal to a value, from 1; 0 if none is.",
    example: "SELECT field('b', 'a', 'b', 'c'); -- 2",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&ELT, &FIELD];

/// Numbers are compared as numbers, all else as text.
fn field(call: &Call) -> Result<ArrayRef> {
    if call.data_type(0).is_numeric() {
        let values = (0..call.count()).map(|index| call.double(index)).collect::<Result<Vec<_>>>()?;
        return call.primitives::<Int32Type>(|row| {
            let wanted = values[0].get(row);
            let place = wanted.and_then(|wanted| values[1..].iter().position(|value| value.get(row) == Some(wanted)));
            Some(place.map_or(0, |place| place as i32 + 1))
        });
    }
    let values = (0..call.count()).map(|index| call.text(index)).collect::<Result<Vec<_>>>()?;
    call.primitives::<Int32Type>(|row| {
        let wanted = values[0].get(row);
        let place = wanted.and_then(|wanted| values[1..].iter().position(|value| value.get(row) == Some(wanted)));
        Some(place.map_or(0, |place| place as i32 + 1))
    })
}
