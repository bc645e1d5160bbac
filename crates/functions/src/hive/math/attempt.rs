//! Spark's `try_add`, `try_subtract`, `try_multiply` and `try_divide`: NULL where the result does not fit, or of a division
//! by 0.

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::*;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::convert::common::numeric_type;
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

const PAIR: &[(&str, Kind, &str)] = &[("a", Kind::Number, "A number."), ("b", Kind::Number, "A number.")];

const TRY: Definition = Definition { arguments: PAIR, result: number, section: &SECTION, ..BASE };

static TRY_ADD: Definition = Definition {
    name: "try_add",
    run: |call| attempt(call, |a, b| a.checked_add(b), |a, b| a + b),
    description: "The sum; NULL if it is too large.",
    example: "SELECT try_add(2147483647, 1); -- NULL",
    ..TRY
};

static TRY_SUBTRACT: Definition = Definition {
    name: "try_subtract",
    run: |call| attempt(call, |a, b| a.checked_sub(b), |a, b| a - b),
    description: "The difference; NULL if it is too large.",
    example: "SELECT try_subtract(-2147483647, 2); -- NULL",
    ..TRY
};

static TRY_MULTIPLY: Definition = Definition {
    name: "try_multiply",
    run: |call| attempt(call, |a, b| a.checked_mul(b), |a, b| a * b),
    description: "The product; NULL if it is too large.",
    example: "SELECT try_multiply(2147483647, 2); -- NULL",
    ..TRY
};

static TRY_DIVIDE: Definition = Definition {
    name: "try_divide",
    result: |planned| number(planned).map(|_| DataType::Float64),
    run: |call| {
        let (left, right) = (call.double(0)?, call.double(1)?);
        call.primitives::<Float64Type>(|row| {
            let (left, right) = (left.get(row)?, right.get(row)?);
            (right != 0.0).then(|| left / right)
        })
    },
    description: "The quotient; NULL of a division by 0.",
    example: "SELECT try_divide(1, 0); -- NULL",
    ..TRY
};

pub(super) static SPARK: &[&Definition] = &[&TRY_ADD, &TRY_DIVIDE, &TRY_MULTIPLY, &TRY_SUBTRACT];

/// Whole numbers and floats. Decimals are refused: the operators do as much for them.
fn number(planned: &Planned) -> Result<DataType> {
    match numeric_type([planned.data_type(0), planned.data_type(1)]) {
        Some(DataType::Null) => Ok(DataType::Float64),
        Some(found) if found.is_decimal() => Err(planned.refuse()),
        Some(found) => Ok(found),
        None => Err(planned.refuse()),
    }
}

fn attempt(call: &Call, whole: fn(i128, i128) -> Option<i128>, float: fn(f64, f64) -> f64) -> Result<ArrayRef> {
    if call.result_type().is_floating() {
        let (left, right) = (call.double(0)?, call.double(1)?);
        let found = call.primitives::<Float64Type>(|row| Some(float(left.get(row)?, right.get(row)?)))?;
        return Ok(cast(&found, call.result_type())?);
    }
    let argument = |index| -> Result<ArrayRef> {
        let values = convert(&call.array(index)?, call.result_type(), call.dialect, &call.zone())?;
        Ok(cast(&values, &DataType::Int64)?)
    };
    let (left, right) = (argument(0)?, argument(1)?);
    let (left, right) = (left.as_primitive::<Int64Type>(), right.as_primitive::<Int64Type>());
    let (least, most) = match call.result_type() {
        DataType::Int8 => (i64::from(i8::MIN), i64::from(i8::MAX)),
        DataType::Int16 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        DataType::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let mut pairs = left.iter().zip(right.iter());
    let found = call.primitives::<Int64Type>(|_| {
        let (left, right) = pairs.next()?;
        let value = i64::try_from(whole(i128::from(left?), i128::from(right?))?).ok()?;
        (least..=most).contains(&value).then_some(value)
    })?;
    Ok(cast(&found, call.result_type())?)
}
