//! `regexp_extract(text, pattern [, group])`, and Spark's `regexp_extract_all`, `regexp_count`, `regexp_like`, `regexp_substr`,
//! `regexp_instr`.

use datafusion::arrow::array::{ArrayRef, ListBuilder, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Int32Type};
use datafusion::error::Result;
use std::sync::Arc;

use super::SECTION;
use super::java_regex::Regexes;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, boolean, int};

const TEXT_PATTERN: &[(&str, Kind, &str)] =
    &[("text", Kind::Primitive, "A text."), ("pattern", Kind::Primitive, "A regular expression in Java's syntax.")];

const TEXT_PATTERN_GROUP: &[(&str, Kind, &str)] = &[
    ("text", Kind::Primitive, "A text."),
    ("pattern", Kind::Primitive, "A regular expression in Java's syntax."),
    ("group", Kind::Number, "Which group of it, 1 if it is not given; 0 is all of the match."),
];

static REGEXP_EXTRACT: Definition = Definition {
    name: "regexp_extract",
    arguments: TEXT_PATTERN_GROUP,
    required: 2,
    run: extract,
    section: &SECTION,
    description: "What a group of the first match has; empty where nothing matches.",
    example: "SELECT regexp_extract('100-200', '(\\d+)-(\\d+)', 1); -- 100",
    ..BASE
};

static REGEXP_EXTRACT_ALL: Definition = Definition {
    name: "regexp_extract_all",
    arguments: TEXT_PATTERN_GROUP,
    required: 2,
    result: |_| Ok(DataType::new_list(DataType::Utf8, true)),
    run: extract_all,
    section: &SECTION,
    description: "What a group of each match has.",
    example: "SELECT regexp_extract_all('1-2, 3-4', '(\\d+)-(\\d+)', 1); -- [1, 3]",
    ..BASE
};

static REGEXP_COUNT: Definition = Definition {
    name: "regexp_count",
    arguments: TEXT_PATTERN,
    result: int,
    run: |call| {
        let (texts, patterns) = (call.text(0)?, call.text(1)?);
        let mut regexes = Regexes::default();
        call.try_primitives::<Int32Type>(|row| {
            let (Some(text), Some(pattern)) = (texts.get(row), patterns.get(row)) else { return Ok(None) };
            Ok(Some(regexes.get(pattern)?.find_iter(text).count() as i32))
        })
    },
    section: &SECTION,
    description: "How often a pattern matches.",
    example: "SELECT regexp_count('Steven Jones and Stephen Smith', 'Ste(v|ph)en'); -- 2",
    ..BASE
};

static REGEXP_INSTR: Definition = Definition {
    name: "regexp_instr",
    arguments: TEXT_PATTERN,
    result: int,
    run: |call| {
        let (texts, patterns) = (call.text(0)?, call.text(1)?);
        let mut regexes = Regexes::default();
        call.try_primitives::<Int32Type>(|row| {
            let (Some(text), Some(pattern)) = (texts.get(row), patterns.get(row)) else { return Ok(None) };
            let found = regexes.get(pattern)?.find(text);
            Ok(Some(found.map_or(0, |found| text[..found.start()].chars().count() as i32 + 1)))
        })
    },
    section: &SECTION,
    description: "Where the first match begins, in characters from 1; 0 where nothing matches.",
    example: "SELECT regexp_instr('user@spark.apache.org', '@[^.]*'); -- 5",
    ..BASE
};

static REGEXP_SUBSTR: Definition = Definition {
    name: "regexp_substr",
    arguments: TEXT_PATTERN,
    run: |call| {
        let (texts, patterns) = (call.text(0)?, call.text(1)?);
        let mut regexes = Regexes::default();
        call.try_texts(|row| {
            let (Some(text), Some(pattern)) = (texts.get(row), patterns.get(row)) else { return Ok(None) };
            Ok(regexes.get(pattern)?.find(text).map(|found| found.as_str().to_owned()))
        })
    },
    section: &SECTION,
    description: "The first match; NULL where nothing matches.",
    example: "SELECT regexp_substr('Steven Jones', 'Jon.s'); -- Jones",
    ..BASE
};

static REGEXP_LIKE: Definition = Definition {
    name: "rlike",
    aliases: &["regexp", "regexp_like"],
    arguments: TEXT_PATTERN,
    result: boolean,
    run: |call| {
        let (texts, patterns) = (call.text(0)?, call.text(1)?);
        let mut regexes = Regexes::default();
        let mut found = Vec::with_capacity(call.rows);
        for row in 0..call.rows {
            found.push(match (texts.get(row), patterns.get(row)) {
                (Some(text), Some(pattern)) => Some(regexes.get(pattern)?.is_match(text)),
                _ => None,
            });
        }
        call.booleans(|row| found.get(row).copied()?)
    },
    section: &SECTION,
    description: "Whether a pattern matches anywhere in a text.",
    example: "SELECT rlike('Facebook', '^F.*k$'); -- true",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&REGEXP_EXTRACT, &REGEXP_LIKE];
pub(super) static SPARK: &[&Definition] = &[&REGEXP_COUNT, &REGEXP_EXTRACT_ALL, &REGEXP_INSTR, &REGEXP_SUBSTR];

/// The number of a group that the pattern has.
fn group(call: &Call, group: i64, groups: usize) -> Result<usize> {
    match usize::try_from(group) {
        Ok(group) if group < groups => Ok(group),
        _ => Err(call.invalid(format!("the pattern has {} groups, not {group}", groups - 1))),
    }
}

fn extract(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, numbers) = (call.text(0)?, call.text(1)?, call.whole(2)?);
    let mut regexes = Regexes::default();
    call.try_texts(|row| {
        let number = if call.has(2) { numbers.get(row) } else { Some(1) };
        let (Some(text), Some(pattern), Some(number)) = (texts.get(row), patterns.get(row), number) else {
            return Ok(None);
        };
        let regex = regexes.get(pattern)?;
        let Some(captures) = regex.captures(text) else { return Ok(Some(String::new())) };
        let group = group(call, number, regex.captures_len())?;
        Ok(Some(captures.get(group).map_or(String::new(), |found| found.as_str().to_owned())))
    })
}

fn extract_all(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, numbers) = (call.text(0)?, call.text(1)?, call.whole(2)?);
    let mut regexes = Regexes::default();
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in 0..call.rows {
        let number = if call.has(2) { numbers.get(row) } else { Some(1) };
        let (Some(text), Some(pattern), Some(number)) = (texts.get(row), patterns.get(row), number) else {
            lists.append(false);
            continue;
        };
        let regex = regexes.get(pattern)?;
        let group = group(call, number, regex.captures_len())?;
        for captures in regex.captures_iter(text) {
            lists.values().append_value(captures.get(group).map_or("", |found| found.as_str()));
        }
        call.bound(lists.values().values_slice().len(), 0)?;
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}
