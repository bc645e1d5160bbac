//! array_subscripts(array, dimension): what generate_subscripts gives as rows, as an array.

use std::sync::Arc;

use datafusion::arrow::array::{Int32Builder, ListBuilder};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::{Builder, Parameter};
use super::subscripts;

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "array_subscripts",
        "array_subscripts(array, dimension)",
        "The subscripts of an array, in order. `generate_subscripts(a, 1)` is `unnest(array_subscripts(a, 1))`.",
    )
    .form(&[Parameter::Any, Parameter::Oid])
    .argument("array", "An array.")
    .argument("dimension", "The dimension, from 1.")
    .returns(DataType::List(Arc::new(Field::new_list_field(DataType::Int32, true))))
    .volatility(Volatility::Immutable)
    .body(|call| {
        let mut lists = ListBuilder::new(Int32Builder::new());
        for row in 0..call.rows {
            let length = subscripts::length(call, row)?.unwrap_or(0);
            lists.append_value((1..=length).map(Some));
        }
        Ok(Arc::new(lists.finish()))
    })
}
