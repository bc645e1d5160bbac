//! `replace(text, from, to)`

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind};

static REPLACE: Definition = Definition {
    name: "replace",
    arguments: &[
        ("text", Kind::Primitive, "A text."),
        ("from", Kind::Primitive, "What is replaced wherever it stands; nothing is, if it is empty."),
        ("to", Kind::Primitive, "By what; by nothing if it is not given."),
    ],
    required: 2,
    run: |call| {
        let (texts, from, to) = (call.text(0)?, call.text(1)?, call.text(2)?);
        call.texts(|row| {
            let (text, from) = (texts.get(row)?, from.get(row)?);
            let to = if call.has(2) { to.get(row)? } else { "" };
            Some(if from.is_empty() { text.to_owned() } else { text.replace(from, to) })
        })
    },
    section: &SECTION,
    description: "A text with one part of it replaced by another.",
    example: "SELECT replace('Hack and Hue', 'H', 'BL'); -- BLack and BLue",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&REPLACE];
