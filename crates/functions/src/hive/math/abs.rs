//! `abs(x)`, `negative(x)`, `positive(x)`: of the type of their argument.

use datafusion::arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray};
use datafusion::arrow::compute::kernels::numeric::neg_wrapping;
use datafusion::arrow::datatypes::*;
use datafusion::error::{DataFusionError, Result};
use std::sync::Arc;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind, Planned};
use crate::types::is_text;

const X: &[(&str, Kind, &str)] = &[("x", Kind::Number, "A number.")];

static ABS: Definition = Definition {
    name: "abs",
    arguments: X,
    result: number,
    run: |call| absolute(&argument(call)?),
    section: &SECTION,
    description: "The distance from 0.",
    example: "SELECT abs(-5); -- 5",
    ..BASE
};

static NEGATIVE: Definition = Definition {
    name: "negative",
    arguments: X,
    result: number,
    run: |call| Ok(neg_wrapping(&argument(call)?)?),
    section: &SECTION,
    description: "The number with the other sign.",
    example: "SELECT negative(5); -- -5",
    ..BASE
};

static POSITIVE: Definition = Definition {
    name: "positive",
    arguments: X,
    result: number,
    run: argument,
    section: &SECTION,
    description: "The number as it is.",
    example: "SELECT positive(5); -- 5",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&ABS, &NEGATIVE, &POSITIVE];

/// The type of the number; that of text is double precision.
pub(super) fn number(planned: &Planned) -> Result<DataType> {
    match planned.data_type(0) {
        DataType::Boolean => Err(planned.refuse()),
        other if is_text(other) || other.is_null() => Ok(DataType::Float64),
        other => Ok(other.clone()),
    }
}

/// The argument as a number of the result's type.
pub(super) fn argument(call: &Call) -> Result<ArrayRef> {
    convert(&call.array(0)?, call.result_type(), call.dialect, &call.zone())
}

fn absolute(values: &ArrayRef) -> Result<ArrayRef> {
    fn of<T: ArrowPrimitiveType>(values: &ArrayRef) -> Result<ArrayRef> {
        let zero = T::Native::default();
        let absolute = |value: T::Native| {
            if value.is_lt(zero) { value.neg_wrapping() } else { value.add_wrapping(zero) }
        };
        Ok(Arc::new(values.as_primitive::<T>().unary::<_, T>(absolute).with_data_type(values.data_type().clone())))
    }
    match values.data_type() {
        DataType::Int8 => of::<Int8Type>(values),
        DataType::Int16 => of::<Int16Type>(values),
        DataType::Int32 => of::<Int32Type>(values),
        DataType::Int64 => of::<Int64Type>(values),
        DataType::Float32 => of::<Float32Type>(values),
        DataType::Float64 => Ok(Arc::new(values.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::abs))),
        DataType::Decimal128(..) => of::<Decimal128Type>(values),
        DataType::Decimal256(..) => of::<Decimal256Type>(values),
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Ok(Arc::clone(values)),
        other => Err(DataFusionError::Internal(format!("abs of {other}"))),
    }
}
