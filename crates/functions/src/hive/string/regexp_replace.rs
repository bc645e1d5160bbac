//! `regexp_replace(text, pattern, replacement)`

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use mead_common::Dialect;

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
        ("place", Kind::Number, "Spark's: the character from which on it is searched, from 1."),
    ],
    required: 3,
    result: |planned| match planned.fields.len() == 4 && planned.dialect != Dialect::Spark {
        true => Err(planned.refuse()),
        false => Ok(DataType::Utf8),
    },
    run: replace,
    section: &SECTION,
    description: "The text with all matches replaced.",
    example: "SELECT regexp_replace('100-200', '(\\d+)', 'num'); -- num-num",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&REGEXP_REPLACE];

fn replace(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, replacements) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let places = call.whole(3)?;
    let mut regexes = Regexes::default();
    call.try_texts(|row| {
        let (Some(text), Some(pattern), Some(replacement)) = (texts.get(row), patterns.get(row), replacements.get(row))
        else {
            return Ok(None);
        };
        let regex = regexes.get(pattern)?;
        let begin = match (call.has(3), places.get(row)) {
            (false, _) => 0,
            (true, None) => return Ok(None),
            (true, Some(place)) if place < 1 => return Err(call.invalid(format!("place {place}"))),
            (true, Some(place)) => {
                let before = usize::try_from(place - 1).unwrap_or(usize::MAX);
                match text.char_indices().nth(before) {
                    Some((begin, _)) => begin,
                    None => return Ok(Some(text.to_owned())),
                }
            }
        };
        let (kept, text) = text.split_at(begin);
        let mut result = String::with_capacity(text.len());
        result.push_str(kept);
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
