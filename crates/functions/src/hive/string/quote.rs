//! `quote(text)`: a text as SQL writes it.

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind};

static QUOTE: Definition = Definition {
    name: "quote",
    arguments: &[("text", Kind::Primitive, "A text.")],
    run: |call| {
        let texts = call.text(0)?;
        call.texts(|row| Some(format!("'{}'", texts.get(row)?.replace('\'', "\\'"))))
    },
    section: &SECTION,
    description: "A text between quotes, with a backslash before each quote within.",
    example: "SELECT quote('text'); -- 'text'",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&QUOTE];
