//! uuid in text (<https://www.postgresql.org/docs/15/datatype-uuid.html>).

use super::shorten;
use crate::{Diagnostic, sqlstate};

/// Bytes of a uuid.
pub const UUID_BYTES: usize = 16;

/// 32 hexadecimal digits of either case, with hyphens behind any group of four, perhaps in braces. 22P02 for another text.
pub fn uuid(text: &str) -> Result<[u8; UUID_BYTES], Diagnostic> {
    read(text).ok_or_else(|| {
        let message = format!("invalid input syntax for type uuid: \"{}\"", shorten(text));
        Diagnostic::new(sqlstate::INVALID_TEXT_REPRESENTATION, message)
    })
}

fn read(text: &str) -> Option<[u8; UUID_BYTES]> {
    let inner = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    let mut bytes = [0; UUID_BYTES];
    let mut digits = 0;
    for letter in inner.chars() {
        match letter.to_digit(16) {
            Some(digit) => {
                let byte = bytes.get_mut(digits / 2)?;
                *byte = *byte << 4 | digit as u8;
                digits += 1;
            }
            None if letter == '-' && digits > 0 && digits % 4 == 0 && digits < 2 * UUID_BYTES => {}
            None => return None,
        }
    }
    (digits == 2 * UUID_BYTES).then_some(bytes)
}

/// `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`.
pub fn uuid_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_stand_between_groups_of_four() {
        let plain = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        let expected = read(plain);
        assert_eq!(expected.map(|bytes| uuid_text(&bytes)).as_deref(), Some(plain));
        assert_eq!(read("{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"), expected);
        assert_eq!(read("a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11"), expected);
        for bad in ["a0eebc9-99c0b4ef8bb6d6bb9bd380a11", "a0eebc99", "", "{a0eebc999c0b4ef8bb6d6bb9bd380a11"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read("a0eebc999c0b4ef8bb6d6bb9bd380a1100"), None);
        assert_eq!(read("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-"), None);
    }
}
