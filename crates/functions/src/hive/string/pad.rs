//! `lpad(text, length, pad)`, `rpad(text, length, pad)`

use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};

const ARGUMENTS: &[(&str, Kind, &str)] = &[
    ("text", Kind::Primitive, "A text; one that is longer is cut."),
    ("length", Kind::Number, "How many characters the result has."),
    ("pad", Kind::Primitive, "What it is filled with, a space if it is not given. Of an empty one hive makes NULL."),
];

static LPAD: Definition = Definition {
    name: "lpad",
    arguments: ARGUMENTS,
    required: 2,
    run: |call| pad(call, true),
    section: &SECTION,
    description: "A text of a certain length, filled up on the left.",
    example: "SELECT lpad('hi', 5, '??'); -- ???hi",
    ..BASE
};

static RPAD: Definition = Definition {
    name: "rpad",
    arguments: ARGUMENTS,
    required: 2,
    run: |call| pad(call, false),
    section: &SECTION,
    description: "A text of a certain length, filled up on the right.",
    example: "SELECT rpad('hi', 5, '??'); -- hi???",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&LPAD, &RPAD];

fn pad(call: &Call, left: bool) -> Result<ArrayRef> {
    let (texts, lengths, pads) = (call.text(0)?, call.whole(1)?, call.text(2)?);
    call.try_texts(|row| {
        let pad = if call.has(2) { pads.get(row) } else { Some(" ") };
        let (Some(text), Some(length), Some(pad)) = (texts.get(row), lengths.get(row), pad) else { return Ok(None) };
        let length = match (usize::try_from(length), call.dialect) {
            (Ok(length), _) => length,
            (Err(_), Dialect::Spark) => 0,
            (Err(_), _) => return Ok(None),
        };
        if pad.is_empty() && call.dialect != Dialect::Spark {
            return Ok(None);
        }
        let given = text.chars().count();
        if given >= length || pad.is_empty() {
            return Ok(Some(text.chars().take(length).collect::<String>()));
        }
        call.bound(0, length - given)?;
        let filling = pad.chars().cycle().take(length - given);
        Ok(Some(if left { filling.chain(text.chars()).collect() } else { text.chars().chain(filling).collect() }))
    })
}
