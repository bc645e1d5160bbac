//! bytea's two text forms (<https://www.postgresql.org/docs/15/datatype-binary.html>).

use datafusion::error::Result;
use mead_common::{Diagnostic, sqlstate};

use crate::error::external;

/// The bytes of `\x` and hexadecimal digits, or of text in which a backslash stands before three octal digits or another
/// backslash. 22023 for bad digits, 22P02 for a backslash that stands before anything else, as in PostgreSQL.
pub(super) fn parse(text: &str) -> Result<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(digits) => hexadecimal(digits),
        None => escaped(text.as_bytes()),
    }
}

fn hexadecimal(digits: &str) -> Result<Vec<u8>> {
    let refuse = |message: String| external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message));
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    // The first digit of a pair; blanks may stand between pairs, not within one.
    let mut first = None;
    for letter in digits.chars() {
        match (first, letter.to_digit(16)) {
            (None, None) if matches!(letter, ' ' | '\n' | '\t' | '\r') => {}
            (_, None) => return Err(refuse(format!("invalid hexadecimal digit: \"{letter}\""))),
            (None, Some(digit)) => first = Some(digit as u8),
            (Some(high), Some(digit)) => {
                bytes.push(high << 4 | digit as u8);
                first = None;
            }
        }
    }
    match first {
        None => Ok(bytes),
        Some(_) => Err(refuse("invalid hexadecimal data: odd number of digits".to_owned())),
    }
}

fn escaped(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(rest.len());
    loop {
        rest = match rest {
            [] => return Ok(bytes),
            [b'\\', b'\\', after @ ..] => {
                bytes.push(b'\\');
                after
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                after
            }
            [b'\\', ..] => {
                let message = "invalid input syntax for type bytea";
                return Err(external(Diagnostic::new(sqlstate::INVALID_TEXT_REPRESENTATION, message)));
            }
            [byte, after @ ..] => {
                bytes.push(*byte);
                after
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_both_forms() {
        assert_eq!(parse("\\x00 fF").unwrap(), [0x00, 0xff]);
        assert_eq!(parse("a\\000\\\\\\377").unwrap(), [b'a', 0, b'\\', 255]);
        assert_eq!(parse("").unwrap(), [0_u8; 0]);
        assert_eq!(parse("é").unwrap(), "é".as_bytes());
    }

    #[test]
    fn what_is_neither_form_is_refused() {
        for text in ["\\x0", "\\x0g", "\\x0 0", "a\\b", "a\\", "\\400", "\\08"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
