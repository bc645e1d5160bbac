//! pg_get_triggerdef(trigger_oid [, pretty]): always NULL, since mead has no triggers.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_get_triggerdef",
        "pg_get_triggerdef(trigger_oid [, pretty])",
        "The definition of a trigger; always NULL, since there are no triggers.",
    )
    .form(&[Parameter::Oid])
    .form(&[Parameter::Oid, Parameter::Boolean])
    .argument("trigger_oid", "The OID of a trigger.")
    .argument("pretty", "Whether it is laid out for people.")
    .body(|call| call.texts(|_| Ok(None::<&str>)))
}
