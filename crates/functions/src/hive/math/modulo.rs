//! `pmod(a, b)`, `mod(a, b)`: what is left of a division; NULL of one by 0.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::*;
use datafusion::error::{DataFusionError, Result};

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::convert::common::numeric_type;
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

const PAIR: &[(&str, Kind, &str)] =
    &[("a", Kind::Number, "What is divided."), ("b", Kind::Number, "By what; NULL comes of 0.")];

static PMOD: Definition = Definition {
    name: "pmod",
    arguments: PAIR,
    result,
    run: |call| run(call, true),
    section: &SECTION,
    description: "What is left of a division, with the sign of b.",
    example: "SELECT pmod(-9, 4); -- 3",
    ..BASE
};

static MOD: Definition = Definition {
    name: "mod",
    arguments: PAIR,
    result,
    run: |call| run(call, false),
    section: &SECTION,
    description: "What is left of a division, with the sign of a.",
    example: "SELECT mod(-9, 4); -- -1",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&MOD, &PMOD];

fn result(planned: &Planned) -> Result<DataType> {
    match numeric_type([planned.data_type(0), planned.data_type(1)]) {
        Some(DataType::Null) => Ok(DataType::Int32),
        Some(found) => Ok(found),
        None => Err(planned.refuse()),
    }
}

fn run(call: &Call, positive: bool) -> Result<ArrayRef> {
    let argument = |index| convert(&call.array(index)?, call.result_type(), call.dialect, &call.zone());
    let (left, right) = (argument(0)?, argument(1)?);
    match call.result_type() {
        DataType::Int8 => of::<Int8Type>(&left, &right, positive),
        DataType::Int16 => of::<Int16Type>(&left, &right, positive),
        DataType::Int32 => of::<Int32Type>(&left, &right, positive),
        DataType::Int64 => of::<Int64Type>(&left, &right, positive),
        DataType::Float32 => of::<Float32Type>(&left, &right, positive),
        DataType::Float64 => of::<Float64Type>(&left, &right, positive),
        DataType::Decimal128(..) => of::<Decimal128Type>(&left, &right, positive),
        other => Err(DataFusionError::Internal(format!("modulo of {other}"))),
    }
}

fn of<T: ArrowPrimitiveType>(left: &ArrayRef, right: &ArrayRef, positive: bool) -> Result<ArrayRef> {
    let (a, b) = (left.as_primitive::<T>(), right.as_primitive::<T>());
    let row = |(a, b): (Option<T::Native>, Option<T::Native>)| {
        let (a, b) = (a?, b?);
        if b.is_zero() {
            return None;
        }
        let rest = a.mod_wrapping(b);
        Some(if positive && rest.is_lt(T::Native::default()) { rest.add_wrapping(b).mod_wrapping(b) } else { rest })
    };
    let values: PrimitiveArray<T> = a.iter().zip(b.iter()).map(row).collect();
    Ok(Arc::new(values.with_data_type(left.data_type().clone())))
}
