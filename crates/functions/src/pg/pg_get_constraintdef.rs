//! pg_get_constraintdef(constraint_oid [, pretty]): always NULL, since mead has no constraints.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_get_constraintdef",
        "pg_get_constraintdef(constraint_oid [, pretty])",
        "The definition of a constraint; always NULL, since there are no constraints.",
    )
    .form(&[Parameter::Oid])
    .form(&[Parameter::Oid, Parameter::Boolean])
    .argument("constraint_oid", "The OID of a constraint.")
    .argument("pretty", "Whether it is laid out for people.")
    .body(|call| call.texts(|_| Ok(None::<&str>)))
}
