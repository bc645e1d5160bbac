//! quote_nullable(text): a string as SQL writes it, NULL as the word.

use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::{Builder, Parameter};
use super::quote_literal;

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "quote_nullable",
        "quote_nullable(text)",
        "A string as SQL writes it, in single quotes; NULL as the word NULL.",
    )
    .form(&[Parameter::Text])
    .argument("text", "The string.")
    .volatility(Volatility::Immutable)
    .body(|call| call.texts(|row| Ok(Some(call.text(0, row).map_or_else(|| "NULL".to_owned(), quote_literal::quote)))))
}
