//! quote_literal(text): a string as SQL writes it.

use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new("quote_literal", "quote_literal(text)", "A string as SQL writes it, in single quotes.")
        .form(&[Parameter::Text])
        .argument("text", "The string.")
        .volatility(Volatility::Immutable)
        .body(|call| call.texts(|row| Ok(call.text(0, row).map(quote))))
}

/// With a backslash in it, it is written as an escape string, so that it reads the same under every setting.
pub(super) fn quote(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match doubled.contains('\\') {
        true => format!("E'{}'", doubled.replace('\\', "\\\\")),
        false => format!("'{doubled}'"),
    }
}
