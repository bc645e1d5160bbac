//! `regexp_replace(text, pattern, replacement)`

use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;

use super::SECTION;
use super::java_regex::{Regexes, expand};
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};

static REGEXP_REPLACE: Definition = Definition {
    name: "regexp_replace",
    arguments: &[
        ("text", Kind::Primitive, "A text."),
        ("pattern", Kind::Primitive, "A regular expression in Java's syntax."),
        ("replacement", Kind::Primitive, "What stands in a match's place; `$1` is what the first group has."),
    ],
    run: replace,
    section: &SECTION,
    description: "The text with all matches replaced.",
    example: "SELECT regexp_replace('100-200', '(\\d+)', 'num'); -- num-num",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&REGEXP_REPLACE];

fn replace(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, replacements) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let mut regexes = Regexes::default();
    call.try_texts(|row| {
        let (Some(text), Some(pattern), Some(replacement)) = (texts.get(row), patterns.get(row), replacements.get(row))
        else {
            return Ok(None);
        };
        let regex = regexes.get(pattern)?;
        let mut result = String::with_capacity(text.len());
        let mut last = 0;
        for captures in regex.captures_iter(text) {
            let Some(found) = captures.get(0) else { continue };
            result.push_str(&text[last..found.start()]);
            expand(replacement, &captures, &mut result).map_err(|reason| call.invalid(reason))?;
            call.bound(result.len(), 0)?;
            last = found.end();
        }
        result.push_str(&text[last..]);
        Ok(Some(result))
    })
}
