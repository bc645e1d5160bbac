//! pg_typeof(value): the type of a value.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use crate::types::type_name;

pub(super) fn function() -> ScalarUDF {
    Builder::new("pg_typeof", "pg_typeof(value)", "The name of a value's type.")
        .form(&[Parameter::Any])
        .argument("value", "A value of any type.")
        .body(|call| {
            let short = type_name(call.array(0).data_type());
            let (item, suffix) = match short.strip_suffix("[]") {
                Some(item) => (item, "[]"),
                None => (short.as_str(), ""),
            };
            let item = match item {
                "time" => "time without time zone",
                "timestamp" => "timestamp without time zone",
                "timestamptz" => "timestamp with time zone",
                other => other,
            };
            let name = format!("{item}{suffix}");
            call.texts(|_| Ok(Some(name.as_str())))
        })
}
