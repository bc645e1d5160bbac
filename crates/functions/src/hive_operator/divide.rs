//! `a / b` of what are no decimals, and `a DIV b`: a quotient by zero is NULL.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;

/// Of two double precision numbers.
pub fn divide() -> Arc<ScalarUDF> {
    static DIVIDE: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(false));
    Arc::clone(&DIVIDE)
}

/// Of two bigints, without what is left over.
pub fn divide_whole() -> Arc<ScalarUDF> {
    static DIVIDE: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf(true));
    Arc::clone(&DIVIDE)
}

fn udf(whole: bool) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Quotient { whole, signature: Signature::any(2, Volatility::Immutable) }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Quotient {
    whole: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Quotient {
    fn name(&self) -> &str {
        if self.whole { "div" } else { "divide" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(if self.whole { DataType::Int64 } else { DataType::Float64 })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let all_scalars = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let values: ArrayRef = match arrays.as_slice() {
            [left, right] if self.whole => {
                let pairs = left.as_primitive::<Int64Type>().iter().zip(right.as_primitive::<Int64Type>());
                let quotient = |(left, right): (Option<i64>, Option<i64>)| {
                    // The least bigint by -1 wraps around, as in Java.
                    right.filter(|right| *right != 0).and_then(|right| Some(left?.wrapping_div(right)))
                };
                Arc::new(pairs.map(quotient).collect::<Int64Array>())
            }
            [left, right] => {
                let pairs = left.as_primitive::<Float64Type>().iter().zip(right.as_primitive::<Float64Type>());
                let quotient = |(left, right): (Option<f64>, Option<f64>)| {
                    right.filter(|right| *right != 0.0).and_then(|right| Some(left? / right))
                };
                Arc::new(pairs.map(quotient).collect::<Float64Array>())
            }
            _ => return Err(DataFusionError::Internal(format!("{} takes two numbers", self.name()))),
        };
        match all_scalars {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?)),
            false => Ok(ColumnarValue::Array(values)),
        }
    }
}
