//! to_regclass(name): the OID of a relation, NULL if there is none.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use super::regclass;
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new("to_regclass", "to_regclass(name)", "The OID of a relation; NULL if there is none of that name.")
        .form(&[Parameter::Text])
        .argument("name", "The name, as SQL writes it.")
        .returns(DataType::Int64)
        .body(move |call| {
            call.oids(|row| match call.text(0, row) {
                Some(name) => regclass::find(&context, name),
                None => Ok(None),
            })
        })
}
