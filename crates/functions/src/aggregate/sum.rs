//! sum(x): DataFusion's function, but whole numbers and decimals are summed in 128 bits and never wrap around.
//!
//! As in PostgreSQL the sum of smallint and integer is bigint, and that of bigint is numeric.

use std::sync::Arc;

use datafusion::arrow::array::ArrowPrimitiveType;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int32Type, Int64Type, UInt64Type};
use datafusion::error::Result;
use datafusion::functions_aggregate::sum::Sum as Inner;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};
use mead_common::{Diagnostic, sqlstate};

use super::total::{Distinct, Groups, Total};
use crate::error::external;
use crate::types::type_name;

/// `sum(number)`
pub(crate) fn function() -> AggregateUDF {
    sum(None)
}

/// The sum as a value of one type, whatever the type of what is summed; 22003 where it does not fit.
pub fn sum_as(result: DataType) -> Arc<AggregateUDF> {
    Arc::new(sum(Some(result)))
}

/// The function whose result stays of the type `result`, if it is this one and not fixed yet: rules of the optimizer sum sums.
pub fn freeze_sum(function: &AggregateUDF, result: &DataType) -> Option<Arc<AggregateUDF>> {
    let inner: &dyn std::any::Any = function.inner().as_ref();
    let is_open = inner.downcast_ref::<Sum>().is_some_and(|sum| sum.result.is_none());
    is_open.then(|| sum_as(result.clone()))
}

fn sum(result: Option<DataType>) -> AggregateUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    AggregateUDF::from(Sum { inner: Inner::new(), result, signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    inner: Inner,
    result: Option<DataType>,
    signature: Signature,
}

/// Calls `$make::<T>` for the type of the values, or `$other` for one that is DataFusion's.
macro_rules! for_type {
    ($args:expr, $make:ident, $other:expr) => {
        match $args.expr_fields[0].data_type() {
            DataType::Int32 => $make::<Int32Type>(&$args),
            DataType::Int64 => $make::<Int64Type>(&$args),
            DataType::UInt64 => $make::<UInt64Type>(&$args),
            DataType::Decimal128(..) => $make::<Decimal128Type>(&$args),
            _ => $other,
        }
    };
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let one = |given: &DataType| match given {
            DataType::Int8 | DataType::Int16 | DataType::UInt8 | DataType::UInt16 => DataType::Int32,
            DataType::UInt32 => DataType::Int64,
            DataType::Float16 | DataType::Float32 => DataType::Float64,
            DataType::Null => DataType::Int32,
            other => other.clone(),
        };
        Ok(given.iter().map(one).collect())
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        if let Some(result) = &self.result {
            return Ok(result.clone());
        }
        match given {
            [DataType::Int32] => Ok(DataType::Int64),
            [DataType::Int64 | DataType::UInt64] => Ok(DataType::Decimal128(38, 0)),
            [number] if number.is_numeric() => self.inner.return_type(given),
            [DataType::Interval(_) | DataType::Duration(_)] => self.inner.return_type(given),
            _ => {
                let types: Vec<String> = given.iter().map(type_name).collect();
                let message = format!("function sum({}) does not exist", types.join(", "));
                Err(external(Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, message)))
            }
        }
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        for_type!(args, single, self.inner.accumulator(args))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let scale = match args.input_fields[0].data_type() {
            DataType::Int32 | DataType::Int64 | DataType::UInt64 => 0,
            DataType::Decimal128(_, scale) => *scale,
            _ => return self.inner.state_fields(args),
        };
        let state = DataType::Decimal128(38, scale);
        let state = if args.is_distinct { DataType::new_list(state, true) } else { state };
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "sum"), state, true))])
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        for_type!(args, groups, self.inner.create_groups_accumulator(args))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        for_type!(args, single, self.inner.create_sliding_accumulator(args))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

fn single<T>(args: &AccumulatorArgs) -> Result<Box<dyn Accumulator>>
where
    T: ArrowPrimitiveType,
    T::Native: Into<i128>,
{
    let (result, scale) = (args.return_field.data_type().clone(), scale(args));
    Ok(match args.is_distinct {
        true => Box::new(Distinct::<T>::new(result, scale)),
        false => Box::new(Total::<T>::new(result, scale)),
    })
}

fn groups<T>(args: &AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>>
where
    T: ArrowPrimitiveType,
    T::Native: Into<i128>,
{
    Ok(Box::new(Groups::<T>::new(args.return_field.data_type().clone(), scale(args))))
}

fn scale(args: &AccumulatorArgs) -> i8 {
    match args.expr_fields[0].data_type() {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    }
}
