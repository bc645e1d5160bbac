//! quote_ident(text): a name as SQL has to write it.

use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::{Builder, Parameter};
use super::names;

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "quote_ident",
        "quote_ident(text)",
        "A name as SQL has to write it: in double quotes where it needs them.",
    )
    .form(&[Parameter::Text])
    .argument("text", "The name as it is stored.")
    .volatility(Volatility::Immutable)
    .body(|call| call.texts(|row| Ok(call.text(0, row).map(names::quote))))
}
