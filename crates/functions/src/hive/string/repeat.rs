//! `repeat(text, n)`, `space(n)`

use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};

static REPEAT: Definition = Definition {
    name: "repeat",
    arguments: &[("text", Kind::Primitive, "A text."), ("n", Kind::Number, "How often; none of 0 and less.")],
    run: |call| {
        let (texts, counts) = (call.text(0)?, call.whole(1)?);
        call.try_texts(|row| repeat(call, texts.get(row), counts.get(row)))
    },
    section: &SECTION,
    description: "A text, so many times.",
    example: "SELECT repeat('123', 2); -- 123123",
    ..BASE
};

static SPACE: Definition = Definition {
    name: "space",
    arguments: &[("n", Kind::Number, "How many; none of 0 and less.")],
    run: spaces,
    section: &SECTION,
    description: "So many spaces.",
    example: "SELECT concat('a', space(2), 'b'); -- a  b",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&REPEAT, &SPACE];

fn spaces(call: &Call) -> Result<ArrayRef> {
    let counts = call.whole(0)?;
    call.try_texts(|row| repeat(call, Some(" "), counts.get(row)))
}

fn repeat(call: &Call, text: Option<&str>, count: Option<i64>) -> Result<Option<String>> {
    let (Some(text), Some(count)) = (text, count) else { return Ok(None) };
    let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
    call.bound(0, text.len().saturating_mul(count))?;
    Ok(Some(text.repeat(count)))
}
