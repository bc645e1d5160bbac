//! pg_char_to_encoding(name): the number of a character set.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::{Builder, Parameter};
use super::pg_encoding_to_char::ENCODINGS;

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_char_to_encoding",
        "pg_char_to_encoding(name)",
        "The number of a character set; -1 for an unknown one.",
    )
    .form(&[Parameter::Text])
    .argument("name", "Its name; case, dashes and underscores do not matter.")
    .returns(DataType::Int32)
    .volatility(Volatility::Immutable)
    .body(|call| call.integers(|row| Ok(call.text(0, row).map(number))))
}

fn number(name: &str) -> i32 {
    let plain = |name: &str| name.to_lowercase().replace(['-', '_'], "");
    let found = ENCODINGS.iter().position(|known| plain(known) == plain(name));
    found.and_then(|index| i32::try_from(index).ok()).unwrap_or(-1)
}
