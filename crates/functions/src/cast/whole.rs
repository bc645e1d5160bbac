//! Numbers as whole numbers: floats round to the nearest, halves to the even one; decimals' halves away from zero.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use datafusion::error::{DataFusionError, Result};
use mead_common::{Diagnostic, sqlstate};

use crate::error::external;
use crate::types::type_name;

/// `values`, floats or 128-bit decimals, as whole numbers of the type `to`; 22003 for those outside of its range.
pub(super) fn round(values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    match to {
        DataType::Int8 => whole::<Int8Type>(values),
        DataType::Int16 => whole::<Int16Type>(values),
        DataType::Int32 => whole::<Int32Type>(values),
        DataType::Int64 => whole::<Int64Type>(values),
        DataType::UInt8 => whole::<UInt8Type>(values),
        DataType::UInt16 => whole::<UInt16Type>(values),
        DataType::UInt32 => whole::<UInt32Type>(values),
        DataType::UInt64 => whole::<UInt64Type>(values),
        other => Err(DataFusionError::Internal(format!("{other} is no type of whole numbers"))),
    }
}

fn whole<T>(values: &ArrayRef) -> Result<ArrayRef>
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i128>,
{
    let out_of_range = || {
        let message = format!("{} out of range", type_name(&T::DATA_TYPE));
        external(Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message))
    };
    let fit = |value: i128| T::Native::try_from(value).map_err(|_| out_of_range());
    let rounded: PrimitiveArray<T> = match values.data_type() {
        DataType::Decimal128(_, scale) => {
            let scale = *scale;
            values.as_primitive::<Decimal128Type>().try_unary(|value| fit(decimal(value, scale)))?
        }
        _ => cast(values, &DataType::Float64)?.as_primitive::<Float64Type>().try_unary(|value| {
            // Saturates beyond 2^127, which is far outside of any range; NaN would become zero.
            if value.is_nan() { Err(out_of_range()) } else { fit(value.round_ties_even() as i128) }
        })?,
    };
    Ok(Arc::new(rounded))
}

/// A decimal's unscaled value without its fraction.
fn decimal(value: i128, scale: i8) -> i128 {
    let power = 10_i128.pow(u32::from(scale.unsigned_abs()));
    if scale <= 0 {
        return value.saturating_mul(power);
    }
    let (quotient, rest) = (value / power, value % power);
    if rest.unsigned_abs() * 2 >= power.unsigned_abs() { quotient + value.signum() } else { quotient }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Decimal128Array, Float64Array};

    use super::*;

    fn integers(values: ArrayRef) -> Result<Vec<Option<i32>>> {
        Ok(round(&values, &DataType::Int32)?.as_primitive::<Int32Type>().iter().collect())
    }

    #[test]
    fn halves() {
        let floats = Arc::new(Float64Array::from(vec![Some(0.5), Some(1.5), Some(2.5), Some(-2.5), None]));
        assert_eq!(integers(floats).unwrap(), [Some(0), Some(2), Some(2), Some(-2), None]);
        let decimals = Decimal128Array::from(vec![5, 15, 25, -25, 24]).with_precision_and_scale(5, 1).unwrap();
        assert_eq!(integers(Arc::new(decimals)).unwrap(), [Some(1), Some(2), Some(3), Some(-3), Some(2)]);
        let most = Decimal128Array::from(vec![i128::MAX / 2]).with_precision_and_scale(38, 38).unwrap();
        assert_eq!(integers(Arc::new(most)).unwrap(), [Some(1)]);
    }

    #[test]
    fn range() {
        for value in [2_147_483_648.0, -2_147_483_649.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(integers(Arc::new(Float64Array::from(vec![value]))).is_err(), "{value}");
        }
        assert_eq!(integers(Arc::new(Float64Array::from(vec![2_147_483_647.4]))).unwrap(), [Some(i32::MAX)]);
    }
}
