//! pg_typeof(value): the type of a value.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use crate::types::type_name;

pub(super) fn function() -> ScalarUDF {
    Builder::new("pg_typeof", "pg_typeof(value)", "The name of a value's type.")
        .form(&[Parameter::Any])
        .argument("value", "A value of any type.")
        .body(|call| {
            let name = match type_name(call.array(0).data_type()).as_str() {
                "time" => "time without time zone".to_owned(),
                "timestamp" => "timestamp without time zone".to_owned(),
                "timestamptz" => "timestamp with time zone".to_owned(),
                other => other.to_owned(),
            };
            call.texts(|_| Ok(Some(name.as_str())))
        })
}
