//! uuid_in(text): a UUID.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, FixedSizeBinaryBuilder, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{Documentation, ScalarUDF};
use mead_common::{Diagnostic, sqlstate};

use super::SECTION;
use super::input::Input;
use crate::error::external;

/// Bytes of a UUID.
const BYTES: i32 = 16;

pub(super) fn function() -> ScalarUDF {
    Input::function("uuid_in", DataType::FixedSizeBinary(BYTES), "arrow.uuid", read, &DOCUMENTATION)
}

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "A text as a UUID, which is what a cast to uuid calls.", "uuid_in(text)")
        .with_sql_example("```sql\nSELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid;\n```")
        .with_argument("text", "32 hexadecimal digits, with hyphens behind any group of four, perhaps in braces.")
        .build()
});

fn read(texts: &StringArray) -> Result<ArrayRef> {
    let mut builder = FixedSizeBinaryBuilder::with_capacity(texts.len(), BYTES);
    for text in texts {
        match text {
            None => builder.append_null(),
            Some(text) => {
                let bytes = parse(text).ok_or_else(|| {
                    external(Diagnostic::new(
                        sqlstate::INVALID_TEXT_REPRESENTATION,
                        format!("invalid input syntax for type uuid: \"{text}\""),
                    ))
                })?;
                builder.append_value(bytes)?;
            }
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn parse(text: &str) -> Option<[u8; BYTES as usize]> {
    let text = text.trim();
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    let mut digits = Vec::with_capacity(2 * BYTES as usize);
    for letter in inner.chars() {
        match letter.to_digit(16) {
            Some(digit) => digits.push(digit as u8),
            None if letter == '-' && !digits.is_empty() && digits.len() % 4 == 0 => {}
            None => return None,
        }
    }
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    if digits.len() == 2 * BYTES as usize { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_stand_between_groups_of_four() {
        let expected = parse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
        assert!(expected.is_some());
        assert_eq!(parse("{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"), expected);
        assert_eq!(parse("a0eebc9-99c0b4ef8bb6d6bb9bd380a11"), None);
        assert_eq!(parse("a0eebc99"), None);
    }
}
