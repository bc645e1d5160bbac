//! getdatabaseencoding(): the character set of the database.

use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::Builder;

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "getdatabaseencoding",
        "getdatabaseencoding()",
        "The character set of the database, which is always UTF8.",
    )
    .form(&[])
    .volatility(Volatility::Immutable)
    .body(|call| call.texts(|_| Ok(Some("UTF8"))))
}
