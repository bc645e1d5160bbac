//! Arithmetic of intervals that DataFusion has not: an interval times a number, and how long it is.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, AsArray, Decimal128Array, IntervalMonthDayNanoArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const DAY: i128 = 86_400_000_000_000;
/// Parts that a factor is cut into.
const PARTS: f64 = 1e9;

/// An interval times a double precision number.
pub fn interval_multiply() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(Operation::Multiply));
    Arc::clone(&FUNCTION)
}

/// An interval by a double precision number; NULL by 0.
pub fn interval_divide() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(Operation::Divide));
    Arc::clone(&FUNCTION)
}

/// The nanoseconds of an interval, with 30 days in a month: what intervals are compared by.
pub fn interval_length() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(Operation::Length));
    Arc::clone(&FUNCTION)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Multiply,
    Divide,
    Length,
}

fn udf(operation: Operation) -> Arc<ScalarUDF> {
    let arguments = if operation == Operation::Length { 1 } else { 2 };
    let signature = Signature::any(arguments, Volatility::Immutable);
    Arc::new(ScalarUDF::from(OfInterval { operation, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OfInterval {
    operation: Operation,
    signature: Signature,
}

impl ScalarUDFImpl for OfInterval {
    fn name(&self) -> &str {
        match self.operation {
            Operation::Multiply => "interval_multiply",
            Operation::Divide => "interval_divide",
            Operation::Length => "interval_length",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.operation {
            Operation::Length => DataType::Decimal128(38, 0),
            _ => INTERVAL,
        })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let all_scalars = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let Some(intervals) = arrays.first() else {
            return Err(DataFusionError::Internal(format!("{} takes an interval", self.name())));
        };
        let intervals = cast(intervals, &INTERVAL)?;
        let intervals = intervals.as_primitive::<IntervalMonthDayNanoType>();
        let values: ArrayRef = match (self.operation, arrays.get(1)) {
            (Operation::Length, _) => {
                let lengths: Decimal128Array = intervals.iter().map(|value| value.map(length)).collect();
                Arc::new(lengths.with_precision_and_scale(38, 0)?)
            }
            (operation, Some(factors)) => {
                let factors = factors.as_primitive::<Float64Type>();
                let scaled: IntervalMonthDayNanoArray = intervals
                    .iter()
                    .zip(factors)
                    .map(|(interval, factor)| scaled(interval?, factor?, operation == Operation::Divide))
                    .collect();
                Arc::new(scaled)
            }
            _ => return Err(DataFusionError::Internal(format!("{} takes a number", self.name()))),
        };
        match all_scalars {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?)),
            false => Ok(ColumnarValue::Array(values)),
        }
    }
}

fn length(interval: IntervalMonthDayNano) -> i128 {
    i128::from(interval.months) * 30 * DAY + i128::from(interval.days) * DAY + i128::from(interval.nanoseconds)
}

/// Months stay months, days and what is shorter are one number. `None` where the result is too long, and by 0.
fn scaled(interval: IntervalMonthDayNano, factor: f64, divide: bool) -> Option<IntervalMonthDayNano> {
    if !factor.is_finite() || (divide && factor == 0.0) {
        return None;
    }
    let part = |value: i128| {
        let (upper, lower) = match (divide, factor.fract() == 0.0 && factor.abs() < 9e15) {
            (false, true) => return value.checked_mul(factor as i128),
            (false, false) => (value.checked_mul((factor * PARTS) as i128)?, PARTS as i128),
            (true, true) => (value, factor as i128),
            (true, false) => (value.checked_mul(PARTS as i128)?, (factor * PARTS) as i128),
        };
        // Rounded half away from zero.
        let (quotient, rest) = (upper.checked_div(lower)?, upper.checked_rem(lower)?);
        let away = if (upper < 0) == (lower < 0) { 1 } else { -1 };
        Some(if rest.unsigned_abs() * 2 >= lower.unsigned_abs() { quotient + away } else { quotient })
    };
    let months = i32::try_from(part(i128::from(interval.months))?).ok()?;
    let rest = part(i128::from(interval.days) * DAY + i128::from(interval.nanoseconds))?;
    let days = i32::try_from(rest / DAY).ok()?;
    let nanoseconds = i64::try_from(rest % DAY).ok()?;
    Some(IntervalMonthDayNano { months, days, nanoseconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(months: i32, days: i32, nanoseconds: i64) -> IntervalMonthDayNano {
        IntervalMonthDayNano { months, days, nanoseconds }
    }

    #[test]
    fn parts_are_scaled_each_for_itself() {
        assert_eq!(scaled(interval(13, 0, 0), 3.0, false), Some(interval(39, 0, 0)));
        assert_eq!(scaled(interval(0, 1, 0), 1.5, false), Some(interval(0, 1, DAY as i64 / 2)));
        assert_eq!(scaled(interval(13, 0, 0), 2.0, true), Some(interval(7, 0, 0)));
        assert_eq!(scaled(interval(0, 3, 0), 2.0, true), Some(interval(0, 1, DAY as i64 / 2)));
        assert_eq!(scaled(interval(0, 3, 0), 0.0, true), None);
        assert_eq!(scaled(interval(i32::MAX, 0, 0), 2.0, false), None);
        assert_eq!(scaled(interval(1, 0, 0), f64::NAN, false), None);
    }

    #[test]
    fn a_day_is_24_hours() {
        assert_eq!(length(interval(0, 1, 0)), length(interval(0, 0, DAY as i64)));
        assert_eq!(length(interval(1, 0, 0)), length(interval(0, 30, 0)));
    }
}
