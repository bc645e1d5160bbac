//! `instr`, `locate`, `find_in_set`, `substring_index`, and Spark's `contains`, `startswith`, `endswith`: where a text is in
//! another.

use datafusion::arrow::datatypes::Int32Type;

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind, boolean, int};

static INSTR: Definition = Definition {
    name: "instr",
    arguments: &[("text", Kind::Primitive, "A text."), ("part", Kind::Primitive, "What is looked for.")],
    result: int,
    run: |call| {
        let (texts, parts) = (call.text(0)?, call.text(1)?);
        call.primitives::<Int32Type>(|row| Some(position(texts.get(row)?, parts.get(row)?, 1)))
    },
    section: &SECTION,
    description: "Where a text begins in another, in characters from 1; 0 if it is not in it.",
    example: "SELECT instr('Facebook', 'boo'); -- 5",
    ..BASE
};

static LOCATE: Definition = Definition {
    name: "locate",
    aliases: &["position", "charindex"],
    arguments: &[
        ("part", Kind::Primitive, "What is looked for."),
        ("text", Kind::Primitive, "A text."),
        ("from", Kind::Number, "From which character on, 1 if it is not given."),
    ],
    required: 2,
    result: int,
    run: |call| {
        let (parts, texts, from) = (call.text(0)?, call.text(1)?, call.whole(2)?);
        call.primitives::<Int32Type>(|row| {
            // A place that is NULL is one where nothing is found.
            let from = if call.has(2) { from.get(row).unwrap_or(0) } else { 1 };
            Some(position(texts.get(row)?, parts.get(row)?, from))
        })
    },
    section: &SECTION,
    description: "Where a text begins in another, in characters from 1; 0 if it is not in it.",
    example: "SELECT locate('bar', 'foobarbar', 5); -- 7",
    ..BASE
};

static FIND_IN_SET: Definition = Definition {
    name: "find_in_set",
    arguments: &[
        ("text", Kind::Primitive, "A text; one that has a comma is in no list."),
        ("list", Kind::Primitive, "Texts with commas between them."),
    ],
    result: int,
    run: |call| {
        let (texts, lists) = (call.text(0)?, call.text(1)?);
        call.primitives::<Int32Type>(|row| {
            let (text, list) = (texts.get(row)?, lists.get(row)?);
            let place = list.split(',').position(|item| item == text).filter(|_| !text.contains(','));
            Some(place.map_or(0, |place| place as i32 + 1))
        })
    },
    section: &SECTION,
    description: "Which of a list's texts a text is, from 1; 0 if it is none.",
    example: "SELECT find_in_set('ab', 'abc,b,ab,c,def'); -- 3",
    ..BASE
};

static SUBSTRING_INDEX: Definition = Definition {
    name: "substring_index",
    arguments: &[
        ("text", Kind::Primitive, "A text."),
        ("delimiter", Kind::Primitive, "What divides it."),
        ("count", Kind::Number, "Up to which delimiter; negative numbers count from the end."),
    ],
    run: |call| {
        let (texts, delimiters, counts) = (call.text(0)?, call.text(1)?, call.whole(2)?);
        call.texts(|row| {
            let (text, delimiter, count) = (texts.get(row)?, delimiters.get(row)?, counts.get(row)?);
            Some(substring_index(text, delimiter, count).to_owned())
        })
    },
    section: &SECTION,
    description: "What stands before the n-th delimiter, or behind the n-th from the end.",
    example: "SELECT substring_index('www.apache.org', '.', 2); -- www.apache",
    ..BASE
};

const PAIR: &[(&str, Kind, &str)] = &[("text", Kind::Primitive, "A text."), ("part", Kind::Primitive, "Another text.")];

macro_rules! tests {
    ($($constant:ident, $name:literal, $method:ident, $description:literal, $example:literal;)*) => {
        $(static $constant: Definition = Definition {
            name: $name,
            arguments: PAIR,
            result: boolean,
            run: |call| {
                let (texts, parts) = (call.text(0)?, call.text(1)?);
                call.booleans(|row| Some(texts.get(row)?.$method(parts.get(row)?)))
            },
            section: &SECTION,
            description: $description,
            example: $example,
            ..BASE
        };)*
    };
}

tests! {
    CONTAINS, "contains", contains, "Whether a text has another in it.", "SELECT contains('Spark', 'par'); -- true";
    ENDSWITH, "endswith", ends_with, "Whether a text ends with another.", "SELECT endswith('Spark', 'ark'); -- true";
    STARTSWITH, "startswith", starts_with, "Whether a text begins with another.", "SELECT startswith('Spark', 'Sp'); -- true";
}

pub(super) static FUNCTIONS: &[&Definition] = &[&FIND_IN_SET, &INSTR, &LOCATE, &SUBSTRING_INDEX];
pub(super) static SPARK: &[&Definition] = &[&CONTAINS, &ENDSWITH, &STARTSWITH];

fn position(text: &str, part: &str, from: i64) -> i32 {
    let Some(skipped) = usize::try_from(from).ok().and_then(|from| from.checked_sub(1)) else { return 0 };
    let begin = match text.char_indices().nth(skipped) {
        Some((begin, _)) => begin,
        None if skipped == text.chars().count() => text.len(),
        None => return 0,
    };
    match text[begin..].find(part) {
        Some(found) => (skipped + text[begin..begin + found].chars().count() + 1) as i32,
        None => 0,
    }
}

fn substring_index<'a>(text: &'a str, delimiter: &str, count: i64) -> &'a str {
    if delimiter.is_empty() || count == 0 {
        return "";
    }
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX) - 1;
    if count > 0 {
        text.match_indices(delimiter).nth(wanted).map_or(text, |(end, _)| &text[..end])
    } else {
        text.rmatch_indices(delimiter).nth(wanted).map_or(text, |(begin, _)| &text[begin + delimiter.len()..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_characters() {
        assert_eq!(position("höhe", "he", 1), 3);
        assert_eq!(position("foobarbar", "bar", 5), 7);
        assert_eq!(position("abc", "x", 1), 0);
        assert_eq!(position("abc", "a", 0), 0);
        assert_eq!(position("abc", "", 4), 4);
        assert_eq!(position("abc", "", 5), 0);
    }

    #[test]
    fn delimiters_are_counted_from_both_ends() {
        assert_eq!(substring_index("www.apache.org", ".", 2), "www.apache");
        assert_eq!(substring_index("www.apache.org", ".", -2), "apache.org");
        assert_eq!(substring_index("www.apache.org", ".", 9), "www.apache.org");
        assert_eq!(substring_index("www.apache.org", ".", 0), "");
    }
}
