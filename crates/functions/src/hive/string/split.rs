//! `split(text, pattern [, limit])`, and Spark's `split_part`.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, ListBuilder, StringBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use regex::Regex;

use super::SECTION;
use super::java_regex::Regexes;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};

static SPLIT: Definition = Definition {
    name: "split",
    arguments: &[
        ("text", Kind::Primitive, "A text."),
        ("pattern", Kind::Primitive, "A regular expression in Java's syntax: what divides it."),
        ("limit", Kind::Number, "How many parts there are at most, if it is greater than 0."),
    ],
    required: 2,
    result: |_| Ok(DataType::new_list(DataType::Utf8, true)),
    run: split,
    section: &SECTION,
    description: "The parts of a text between the matches of a pattern.",
    example: "SELECT split('oneAtwoBthreeC', '[ABC]'); -- [one, two, three, ]",
    ..BASE
};

static SPLIT_PART: Definition = Definition {
    name: "split_part",
    arguments: &[
        ("text", Kind::Primitive, "A text."),
        ("delimiter", Kind::Primitive, "What divides it."),
        ("part", Kind::Number, "Which part, from 1; negative numbers count from the end."),
    ],
    run: |call| {
        let (texts, delimiters, places) = (call.text(0)?, call.text(1)?, call.whole(2)?);
        call.try_texts(|row| {
            let (Some(text), Some(delimiter), Some(place)) = (texts.get(row), delimiters.get(row), places.get(row))
            else {
                return Ok(None);
            };
            if place == 0 {
                return Err(call.invalid("part 0"));
            }
            let parts: Vec<&str> = if delimiter.is_empty() { vec![text] } else { text.split(delimiter).collect() };
            let index = usize::try_from(place.unsigned_abs()).unwrap_or(usize::MAX);
            let index = if place > 0 { Some(index - 1) } else { parts.len().checked_sub(index) };
            Ok(Some(index.and_then(|index| parts.get(index)).map_or(String::new(), |part| (*part).to_owned())))
        })
    },
    section: &SECTION,
    description: "A part of a text; empty if it has not so many.",
    example: "SELECT split_part('11.12.13', '.', 3); -- 13",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&SPLIT];
pub(super) static SPARK: &[&Definition] = &[&SPLIT_PART];

fn split(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, limits) = (call.text(0)?, call.text(1)?, call.whole(2)?);
    let mut regexes = Regexes::default();
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..call.rows {
        let limit = if call.has(2) { limits.get(row) } else { Some(-1) };
        let (Some(text), Some(pattern), Some(limit)) = (texts.get(row), patterns.get(row), limit) else {
            lists.append(false);
            continue;
        };
        for part in parts(regexes.get(pattern)?, text, limit) {
            lists.values().append_value(part);
        }
        call.bound(lists.values().values_slice().len(), 0)?;
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}

/// As Java's `String.split` with a limit: a match of nothing at the beginning divides nothing.
pub(in crate::hive) fn parts<'a>(regex: &Regex, text: &'a str, limit: i64) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut last = 0;
    for found in regex.find_iter(text) {
        if limit > 0 && parts.len() as i64 == limit - 1 {
            break;
        }
        if found.end() == 0 {
            continue;
        }
        parts.push(&text[last..found.start()]);
        last = found.end();
    }
    parts.push(&text[last..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_divide() {
        let split = |pattern, text, limit| parts(&Regex::new(pattern).unwrap(), text, limit);
        assert_eq!(split("[ABC]", "oneAtwoBthreeC", -1), ["one", "two", "three", ""]);
        assert_eq!(split("[ABC]", "oneAtwoBthreeC", 2), ["one", "twoBthreeC"]);
        assert_eq!(split("", "abc", -1), ["a", "b", "c", ""]);
        assert_eq!(split(",", "", -1), [""]);
        assert_eq!(split(",", ",a", -1), ["", "a"]);
    }
}
