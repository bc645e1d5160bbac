//! pg_get_expr(expression, relation_oid [, pretty]): an expression that the catalog keeps, as SQL.

use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::{Builder, Parameter};

/// The catalog keeps expressions as SQL text, where it has any: there is nothing to translate.
pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_get_expr",
        "pg_get_expr(expression, relation_oid [, pretty])",
        "An expression of the catalog as SQL.",
    )
    .form(&[Parameter::Text, Parameter::Oid])
    .form(&[Parameter::Text, Parameter::Oid, Parameter::Boolean])
    .argument("expression", "The expression as a relation of pg_catalog has it.")
    .argument("relation_oid", "The relation whose columns it names.")
    .argument("pretty", "Whether it is laid out for people.")
    .volatility(Volatility::Immutable)
    .body(|call| call.texts(|row| Ok(call.text(0, row))))
}
