//! Arithmetic of decimals with Hive's digits (HiveDecimalUtils, GenericUDFOP*): what has more than 38 of them is NULL.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, i256};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

const PRECISION_MAX: i32 = 38;
/// Digits behind the point that are kept where there are too many in all.
const SCALE_MIN: i32 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecimalOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// The function for an operator; its arguments are two decimals.
pub fn decimal_operator(operator: DecimalOperator) -> Arc<ScalarUDF> {
    static ALL: LazyLock<Vec<Arc<ScalarUDF>>> = LazyLock::new(|| {
        use DecimalOperator::{Add, Divide, Modulo, Multiply, Subtract};
        [Add, Subtract, Multiply, Divide, Modulo]
            .into_iter()
            .map(|operator| {
                let signature = Signature::any(2, Volatility::Immutable);
                Arc::new(ScalarUDF::from(Operation { operator, signature }))
            })
            .collect()
    });
    Arc::clone(&ALL[operator as usize])
}

/// The decimal that holds every value of a whole number's type; a decimal is itself. `None` for other types.
pub fn decimal_type(data_type: &DataType) -> Option<(u8, i8)> {
    match data_type {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => Some(((*precision).min(38), *scale)),
        DataType::Int8 | DataType::UInt8 => Some((3, 0)),
        DataType::Int16 | DataType::UInt16 => Some((5, 0)),
        DataType::Int32 | DataType::UInt32 => Some((10, 0)),
        DataType::Int64 => Some((19, 0)),
        DataType::UInt64 => Some((20, 0)),
        _ => None,
    }
}

fn result_type(operator: DecimalOperator, left: (u8, i8), right: (u8, i8)) -> (u8, i8) {
    let (p1, s1, p2, s2) = (i32::from(left.0), i32::from(left.1), i32::from(right.0), i32::from(right.1));
    let (precision, scale) = match operator {
        DecimalOperator::Add | DecimalOperator::Subtract => {
            let scale = s1.max(s2);
            ((p1 - s1).max(p2 - s2) + scale + 1, scale)
        }
        DecimalOperator::Multiply => (p1 + p2 + 1, s1 + s2),
        DecimalOperator::Divide => {
            let scale = SCALE_MIN.max(s1 + p2 + 1);
            (p1 - s1 + s2 + scale, scale)
        }
        DecimalOperator::Modulo => {
            let scale = s1.max(s2);
            ((p1 - s1).min(p2 - s2) + scale, scale)
        }
    };
    let (precision, scale) = match precision <= PRECISION_MAX {
        true => (precision, scale),
        // Digits before the point go first.
        false => (PRECISION_MAX, (PRECISION_MAX - (precision - scale)).max(scale.min(SCALE_MIN))),
    };
    (precision.clamp(1, PRECISION_MAX) as u8, scale as i8)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Operation {
    operator: DecimalOperator,
    signature: Signature,
}

impl ScalarUDFImpl for Operation {
    fn name(&self) -> &str {
        match self.operator {
            DecimalOperator::Add => "decimal_add",
            DecimalOperator::Subtract => "decimal_subtract",
            DecimalOperator::Multiply => "decimal_multiply",
            DecimalOperator::Divide => "decimal_divide",
            DecimalOperator::Modulo => "decimal_modulo",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2)] => {
                let (precision, scale) = result_type(self.operator, (*p1, *s1), (*p2, *s2));
                Ok(DataType::Decimal128(precision, scale))
            }
            _ => Err(DataFusionError::Internal(format!("{} takes two decimals", self.name()))),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let DataType::Decimal128(precision, scale) = *arguments.return_type() else {
            return Err(DataFusionError::Internal(format!("{} gives a decimal", self.name())));
        };
        let all_scalars = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let [left, right] = arrays.as_slice() else {
            return Err(DataFusionError::Internal(format!("{} takes two decimals", self.name())));
        };
        let scales = (scale_of(left)?, scale_of(right)?, scale);
        let (left, right) = (left.as_primitive::<Decimal128Type>(), right.as_primitive::<Decimal128Type>());
        let limit = i256::from_i128(10_i128.pow(u32::from(precision)));
        let values = left.iter().zip(right.iter()).map(|pair| match pair {
            (Some(left), Some(right)) => {
                let value = self.one(left, right, scales)?;
                (value < limit && value > limit.checked_neg()?).then(|| value.to_i128())?
            }
            _ => None,
        });
        let values: Decimal128Array = values.collect();
        let values: ArrayRef = Arc::new(values.with_precision_and_scale(precision, scale)?);
        match all_scalars {
            true => Ok(ColumnarValue::Scalar(datafusion::scalar::ScalarValue::try_from_array(&values, 0)?)),
            false => Ok(ColumnarValue::Array(values)),
        }
    }
}

fn scale_of(array: &ArrayRef) -> Result<i8> {
    match array.data_type() {
        DataType::Decimal128(_, scale) => Ok(*scale),
        other => Err(DataFusionError::Internal(format!("{other} is no decimal"))),
    }
}

impl Operation {
    /// The value at the result's scale; `None` where it cannot be.
    fn one(&self, left: i128, right: i128, (s1, s2, scale): (i8, i8, i8)) -> Option<i256> {
        let (left, right) = (i256::from_i128(left), i256::from_i128(right));
        let widest = s1.max(s2);
        match self.operator {
            DecimalOperator::Add | DecimalOperator::Subtract => {
                let (left, right) = (rescale(left, s1, widest)?, rescale(right, s2, widest)?);
                let sum = match self.operator {
                    DecimalOperator::Add => left.checked_add(right)?,
                    _ => left.checked_sub(right)?,
                };
                rescale(sum, widest, scale)
            }
            DecimalOperator::Multiply => rescale(left.checked_mul(right)?, s1.checked_add(s2)?, scale),
            DecimalOperator::Divide => {
                if right == i256::ZERO {
                    return None;
                }
                // left / 10^s1 / (right / 10^s2) * 10^scale
                let shift = i32::from(scale) - i32::from(s1) + i32::from(s2);
                match shift >= 0 {
                    true => divided(left.checked_mul(power(shift)?)?, right),
                    false => divided(left, right.checked_mul(power(-shift)?)?),
                }
            }
            DecimalOperator::Modulo => {
                if right == i256::ZERO {
                    return None;
                }
                let (left, right) = (rescale(left, s1, widest)?, rescale(right, s2, widest)?);
                rescale(left.checked_rem(right)?, widest, scale)
            }
        }
    }
}

fn power(exponent: i32) -> Option<i256> {
    i256::from_i128(10).checked_pow(u32::try_from(exponent).ok()?)
}

fn rescale(value: i256, from: i8, to: i8) -> Option<i256> {
    let shift = i32::from(to) - i32::from(from);
    match shift >= 0 {
        true => value.checked_mul(power(shift)?),
        false => divided(value, power(-shift)?),
    }
}

/// Rounded half away from zero.
fn divided(value: i256, by: i256) -> Option<i256> {
    let quotient = value.checked_div(by)?;
    let rest = value.checked_rem(by)?.wrapping_abs();
    let twice = rest.checked_mul(i256::from_i128(2))?;
    if twice < by.wrapping_abs() {
        return Some(quotient);
    }
    let away = i256::from_i128(if (value < i256::ZERO) == (by < i256::ZERO) { 1 } else { -1 });
    quotient.checked_add(away)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_hives_digits() {
        use DecimalOperator::*;
        assert_eq!(result_type(Divide, (3, 2), (10, 0)), (14, 13));
        assert_eq!(result_type(Multiply, (10, 2), (10, 3)), (21, 5));
        assert_eq!(result_type(Add, (10, 2), (12, 5)), (14, 5));
        assert_eq!(result_type(Multiply, (38, 18), (38, 18)), (38, 6));
        assert_eq!(result_type(Modulo, (10, 2), (5, 3)), (5, 3));
    }

    #[test]
    fn quotients_are_rounded_half_up() {
        let operation = |operator| Operation { operator, signature: Signature::any(2, Volatility::Immutable) };
        let divide = operation(DecimalOperator::Divide);
        // 1.00 / 3 at 6 places, 2 / 3, -2 / 3, and by zero.
        assert_eq!(divide.one(100, 3, (2, 0, 6)), Some(i256::from_i128(333_333)));
        assert_eq!(divide.one(2, 3, (0, 0, 6)), Some(i256::from_i128(666_667)));
        assert_eq!(divide.one(-2, 3, (0, 0, 6)), Some(i256::from_i128(-666_667)));
        assert_eq!(divide.one(1, 0, (0, 0, 6)), None);
        assert_eq!(operation(DecimalOperator::Modulo).one(-750, 2, (2, 0, 2)), Some(i256::from_i128(-150)));
    }
}
