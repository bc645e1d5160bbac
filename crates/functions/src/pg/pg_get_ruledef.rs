//! pg_get_ruledef(rule_oid [, pretty]): always NULL, since mead has no rules.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_get_ruledef",
        "pg_get_ruledef(rule_oid [, pretty])",
        "The definition of a rewrite rule; always NULL, since there are no rules.",
    )
    .form(&[Parameter::Oid])
    .form(&[Parameter::Oid, Parameter::Boolean])
    .argument("rule_oid", "The OID of a rule.")
    .argument("pretty", "Whether it is laid out for people.")
    .body(|call| call.texts(|_| Ok(None::<&str>)))
}
