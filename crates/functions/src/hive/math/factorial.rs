//! `factorial(n)`

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, bigint};

static FACTORIAL: Definition = Definition {
    name: "factorial",
    arguments: &[("n", Kind::Number, "A whole number from 0 to 20; of others the factorial is NULL.")],
    result: bigint,
    run,
    section: &SECTION,
    description: "The product of the whole numbers from 1 to n.",
    example: "SELECT factorial(5); -- 120",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&FACTORIAL];

fn run(call: &Call) -> Result<ArrayRef> {
    let values = call.whole(0)?;
    call.primitives::<Int64Type>(|row| {
        let value = values.get(row)?;
        (0..=20).contains(&value).then(|| (1..=value).product())
    })
}
