//! `substr(text, from [, length])`, and Spark's `left`, `right`: a part of a text or of bytes.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, Planned};
use crate::types::is_binary;

static SUBSTR: Definition = Definition {
    name: "substr",
    aliases: &["substring", "mid"],
    arguments: &[
        ("text", Kind::Primitive, "A text or bytes."),
        ("from", Kind::Number, "The first character, from 1, which 0 means too; negative numbers count from the end."),
        ("length", Kind::Number, "How many characters; all that follow if it is not given."),
    ],
    required: 2,
    result: |planned: &Planned| Ok(if is_binary(planned.data_type(0)) { DataType::Binary } else { DataType::Utf8 }),
    run: substr,
    section: &SECTION,
    description: "A part of a text or of bytes.",
    example: "SELECT substr('Facebook', 5), substr('Facebook', -5), substr('Facebook', 5, 1); -- book, ebook, b",
    ..BASE
};

const COUNT: &[(&str, Kind, &str)] =
    &[("text", Kind::Primitive, "A text."), ("count", Kind::Number, "How many characters; none of 0 and less.")];

static LEFT: Definition = Definition {
    name: "left",
    arguments: COUNT,
    run: |call| {
        let (texts, counts) = (call.text(0)?, call.whole(1)?);
        call.texts(|row| {
            let count = usize::try_from(counts.get(row)?.max(0)).ok()?;
            Some(texts.get(row)?.chars().take(count).collect::<String>())
        })
    },
    section: &SECTION,
    description: "The first characters of a text.",
    example: "SELECT left('Spark', 2); -- Sp",
    ..BASE
};

static RIGHT: Definition = Definition {
    name: "right",
    arguments: COUNT,
    run: |call| {
        let (texts, counts) = (call.text(0)?, call.whole(1)?);
        call.texts(|row| {
            let (text, count) = (texts.get(row)?, usize::try_from(counts.get(row)?.max(0)).ok()?);
            Some(text.chars().skip(text.chars().count().saturating_sub(count)).collect::<String>())
        })
    },
    section: &SECTION,
    description: "The last characters of a text.",
    example: "SELECT right('Spark', 2); -- rk",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&SUBSTR];
pub(super) static SPARK: &[&Definition] = &[&LEFT, &RIGHT];

fn substr(call: &Call) -> Result<ArrayRef> {
    let (from, lengths) = (call.whole(1)?, call.whole(2)?);
    let wanted = |row: usize| Some((from.get(row)?, if call.has(2) { Some(lengths.get(row)?) } else { None }));
    if call.result_type() == &DataType::Binary {
        let values = call.bytes(0)?;
        return call.binaries(|row| {
            let (value, (from, length)) = (values.get(row)?, wanted(row)?);
            let (begin, end) = range(value.len(), from, length, call.dialect);
            value.get(begin..end)
        });
    }
    let texts = call.text(0)?;
    call.texts(|row| {
        let (text, (from, length)) = (texts.get(row)?, wanted(row)?);
        if text.is_ascii() {
            let (begin, end) = range(text.len(), from, length, call.dialect);
            return text.get(begin..end).map(str::to_owned);
        }
        let (begin, end) = range(text.chars().count(), from, length, call.dialect);
        Some(text.chars().skip(begin).take(end - begin).collect())
    })
}

/// The characters wanted of so many. Where the first lies before the beginning, Hive has none; Spark counts from there.
fn range(count: usize, from: i64, length: Option<i64>, dialect: Dialect) -> (usize, usize) {
    let count = count as i64;
    let begin = match from {
        0 => 0,
        from if from > 0 => from - 1,
        from => count.saturating_add(from),
    };
    if dialect != Dialect::Spark && (begin < 0 || begin >= count) {
        return (0, 0);
    }
    let end = begin.saturating_add(length.unwrap_or(i64::MAX).max(0));
    let (begin, end) = (begin.clamp(0, count), end.clamp(0, count));
    (begin as usize, end.max(begin) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_character_before_the_beginning() {
        assert_eq!(range(8, 5, None, Dialect::Hive), (4, 8));
        assert_eq!(range(8, 0, Some(2), Dialect::Hive), (0, 2));
        assert_eq!(range(8, -5, Some(2), Dialect::Hive), (3, 5));
        assert_eq!(range(3, -5, Some(3), Dialect::Hive), (0, 0));
        assert_eq!(range(3, -5, Some(3), Dialect::Spark), (0, 1));
        assert_eq!(range(3, 9, Some(3), Dialect::Spark), (3, 3));
        assert_eq!(range(3, 1, Some(-1), Dialect::Spark), (0, 0));
        assert_eq!(range(3, i64::MIN, Some(i64::MAX), Dialect::Spark), (0, 2));
    }
}
