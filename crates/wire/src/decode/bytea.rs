//! bytea in text.

use mead_common::{Diagnostic, sqlstate};

/// `\x00ff`, or the older escape form.
pub(super) fn text(bytes: &[u8]) -> Result<Vec<u8>, Diagnostic> {
    match bytes.strip_prefix(b"\\x") {
        Some(digits) => hex(digits),
        None => escaped(bytes),
    }
}

fn hex(digits: &[u8]) -> Result<Vec<u8>, Diagnostic> {
    let digits: Vec<u8> = digits.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(2) {
        return Err(invalid("invalid hexadecimal data: odd number of digits"));
    }
    digits
        .chunks_exact(2)
        .map(|pair| match (nibble(pair[0]), nibble(pair[1])) {
            (Some(high), Some(low)) => Ok(high << 4 | low),
            (None, _) => Err(bad_digit(pair[0])),
            (_, None) => Err(bad_digit(pair[1])),
        })
        .collect()
}

fn escaped(bytes: &[u8]) -> Result<Vec<u8>, Diagnostic> {
    let octal = |byte: u8, max: u8| (b'0'..=max).contains(&byte).then(|| byte - b'0');
    let mut value = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            value.push(byte);
            continue;
        }
        match rest {
            [b'\\', after @ ..] => {
                value.push(b'\\');
                rest = after;
            }
            [a, b, c, after @ ..] => {
                let (Some(a), Some(b), Some(c)) = (octal(*a, b'3'), octal(*b, b'7'), octal(*c, b'7')) else {
                    return Err(bad_escape());
                };
                value.push(a << 6 | b << 3 | c);
                rest = after;
            }
            _ => return Err(bad_escape()),
        }
    }
    Ok(value)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn bad_digit(digit: u8) -> Diagnostic {
    invalid(&format!("invalid hexadecimal digit: \"{}\"", char::from(digit)))
}

fn bad_escape() -> Diagnostic {
    Diagnostic::new(sqlstate::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type bytea")
}

fn invalid(message: &str) -> Diagnostic {
    Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}
