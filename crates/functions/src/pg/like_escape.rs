//! like_escape(pattern, escape): a LIKE pattern with another escape character, brought to the backslash.

use datafusion::logical_expr::{ScalarUDF, Volatility};
use mead_common::{Diagnostic, sqlstate};

use super::call::{Builder, Parameter};
use crate::error::external;

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "like_escape",
        "like_escape(pattern, escape)",
        "A LIKE pattern that uses another escape character, with backslashes instead. `x LIKE p ESCAPE e` is `x LIKE \
         like_escape(p, e)`.",
    )
    .form(&[Parameter::Text, Parameter::Text])
    .argument("pattern", "The pattern.")
    .argument("escape", "Its escape character; an empty string for none.")
    .volatility(Volatility::Immutable)
    .body(|call| {
        call.texts(|row| match (call.text(0, row), call.text(1, row)) {
            (Some(pattern), Some(escape)) => {
                let mut letters = escape.chars();
                let (escape, more) = (letters.next(), letters.next());
                if more.is_some() {
                    let report = Diagnostic::new(sqlstate::INVALID_ESCAPE_SEQUENCE, "invalid escape string");
                    return Err(external(report.with_hint("escape string must be empty or one character")));
                }
                Ok(Some(with_backslashes(pattern, escape)))
            }
            _ => Ok(None),
        })
    })
}

fn with_backslashes(pattern: &str, escape: Option<char>) -> String {
    if escape == Some('\\') {
        return pattern.to_owned();
    }
    let mut result = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if Some(letter) == escape {
            result.push('\\');
            result.extend(letters.next());
        } else if letter == '\\' {
            result.push_str("\\\\");
        } else {
            result.push(letter);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::with_backslashes;

    #[test]
    fn the_escape_becomes_a_backslash() {
        assert_eq!(with_backslashes("pg/_%", Some('/')), "pg\\_%");
        assert_eq!(with_backslashes("a//b", Some('/')), "a\\/b");
        assert_eq!(with_backslashes("a\\b", Some('/')), "a\\\\b");
        assert_eq!(with_backslashes("a\\_", Some('\\')), "a\\_");
        assert_eq!(with_backslashes("a\\_", None), "a\\\\_");
    }
}
