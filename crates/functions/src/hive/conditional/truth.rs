//! `istrue(x)`, `isfalse(x)`, `isnottrue(x)`, `isnotfalse(x)`: never NULL.

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, boolean};
use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;

const TRUTH: Definition = Definition {
    arguments: &[("condition", Kind::Boolean, "A condition.")],
    result: boolean,
    section: &SECTION,
    ..BASE
};

static IS_TRUE: Definition = Definition {
    name: "istrue",
    run: |call| is(call, true, true),
    description: "Whether a condition is true; false for NULL.",
    example: "SELECT istrue(NULL); -- false",
    ..TRUTH
};

static IS_FALSE: Definition = Definition {
    name: "isfalse",
    run: |call| is(call, false, true),
    description: "Whether a condition is false; false for NULL.",
    example: "SELECT isfalse(NULL); -- false",
    ..TRUTH
};

static IS_NOT_TRUE: Definition = Definition {
    name: "isnottrue",
    run: |call| is(call, true, false),
    description: "Whether a condition is not true; true for NULL.",
    example: "SELECT isnottrue(NULL); -- true",
    ..TRUTH
};

static IS_NOT_FALSE: Definition = Definition {
    name: "isnotfalse",
    run: |call| is(call, false, false),
    description: "Whether a condition is not false; true for NULL.",
    example: "SELECT isnotfalse(NULL); -- true",
    ..TRUTH
};

pub(super) static FUNCTIONS: &[&Definition] = &[&IS_FALSE, &IS_NOT_FALSE, &IS_NOT_TRUE, &IS_TRUE];

fn is(call: &Call, wanted: bool, answer: bool) -> Result<ArrayRef> {
    let conditions = call.boolean(0)?;
    call.booleans(|row| Some((conditions.get(row) == Some(wanted)) == answer))
}
