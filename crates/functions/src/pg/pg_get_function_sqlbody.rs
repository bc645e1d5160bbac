//! pg_get_function_sqlbody(oid): always NULL, since functions are built in.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_get_function_sqlbody",
        "pg_get_function_sqlbody(oid)",
        "The SQL body of a function; always NULL, since functions are built in.",
    )
    .form(&[Parameter::Oid])
    .argument("oid", "The OID of a function.")
    .body(|call| call.texts(|_| Ok(None::<&str>)))
}
