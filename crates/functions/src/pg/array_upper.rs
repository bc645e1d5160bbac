//! array_upper(array, dimension): the last subscript of an array.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::{Builder, Parameter};
use super::subscripts;

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "array_upper",
        "array_upper(array, dimension)",
        "The last subscript of an array; NULL where it has none.",
    )
    .form(&[Parameter::Any, Parameter::Oid])
    .argument("array", "An array.")
    .argument("dimension", "The dimension, from 1.")
    .returns(DataType::Int32)
    .volatility(Volatility::Immutable)
    .body(|call| call.integers(|row| Ok(subscripts::length(call, row)?.filter(|length| *length > 0))))
}
