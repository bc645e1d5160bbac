//! `mask` and its kin: letters and digits hidden behind others.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use sha2::Digest as _;

use chrono::{Datelike, NaiveDate};

use super::SECTION;
use crate::hive::call::{Call, Texts};
use crate::hive::definition::{BASE, Definition, Kind, Planned};
use crate::hive::math::lower;
use crate::types::is_text;

const VALUE: (&str, Kind, &str) =
    ("value", Kind::Primitive, "A text, a whole number or a date; of another type the result is NULL.");
const COUNT: (&str, Kind, &str) = ("count", Kind::Number, "How many characters: 4 if it is not given.");
const UPPER: (&str, Kind, &str) =
    ("upper", Kind::Primitive, "What stands for a capital: `X` if it is not given; -1 leaves them.");
const LOWER: (&str, Kind, &str) = ("lower", Kind::Primitive, "What stands for a small letter: `x`.");
const DIGIT: (&str, Kind, &str) = ("digit", Kind::Primitive, "What stands for a digit: `n`.");
const OTHER: (&str, Kind, &str) = ("other", Kind::Primitive, "What stands for all else, which is left otherwise.");
const NUMBER: (&str, Kind, &str) = ("number", Kind::Primitive, "The digit that stands for those of a number: `1`.");
const DAY: (&str, Kind, &str) = ("day", Kind::Primitive, "The day that stands for that of a date: 1; -1 leaves it.");
const MONTH: (&str, Kind, &str) = ("month", Kind::Primitive, "The month, from 0: 0; -1 leaves it.");
const YEAR: (&str, Kind, &str) = ("year", Kind::Primitive, "The year: 1; -1 leaves it.");

/// Which characters are hidden, of so many.
type Hidden = fn(place: usize, length: usize, count: usize) -> bool;

static MASK: Definition = Definition {
    name: "mask",
    arguments: &[VALUE, UPPER, LOWER, DIGIT, OTHER, NUMBER, DAY, MONTH, YEAR],
    run: |call| mask(call, 1, |_, _, _| true),
    description: "The value with all letters and digits hidden.",
    example: "SELECT mask('AB12-cd'); -- XXnn-xx",
    ..MASK_BASE
};

static MASK_FIRST_N: Definition = Definition {
    name: "mask_first_n",
    run: |call| mask(call, 2, |place, _, count| place < count),
    description: "The value with its first characters hidden.",
    example: "SELECT mask_first_n('1234-5678', 4); -- nnnn-5678",
    ..COUNTED_BASE
};

static MASK_LAST_N: Definition = Definition {
    name: "mask_last_n",
    run: |call| mask(call, 2, |place, length, count| place + count >= length),
    description: "The value with its last characters hidden.",
    example: "SELECT mask_last_n('1234-5678', 4); -- 1234-nnnn",
    ..COUNTED_BASE
};

static MASK_SHOW_FIRST_N: Definition = Definition {
    name: "mask_show_first_n",
    run: |call| mask(call, 2, |place, _, count| place >= count),
    description: "The value with all but its first characters hidden.",
    example: "SELECT mask_show_first_n('1234-5678', 4); -- 1234-nnnn",
    ..COUNTED_BASE
};

static MASK_SHOW_LAST_N: Definition = Definition {
    name: "mask_show_last_n",
    run: |call| mask(call, 2, |place, length, count| place + count < length),
    description: "The value with all but its last characters hidden.",
    example: "SELECT mask_show_last_n('1234-5678', 4); -- nnnn-5678",
    ..COUNTED_BASE
};

static MASK_HASH: Definition = Definition {
    name: "mask_hash",
    arguments: &[("value", Kind::Primitive, "A text; of another type the result is NULL.")],
    run: |call| {
        if !is_text(&call.data_type(0)) {
            return call.nulls();
        }
        let texts = call.text(0)?;
        call.texts(|row| Some(lower(&sha2::Sha256::digest(texts.get(row)?.as_bytes()))))
    },
    section: &SECTION,
    description: "The SHA-256 digest of a text, in hexadecimal digits.",
    example: "SELECT mask_hash('1234');",
    ..BASE
};

const MASK_BASE: Definition = Definition { required: 1, result: same, section: &SECTION, ..BASE };
const COUNTED_BASE: Definition =
    Definition { arguments: &[VALUE, COUNT, UPPER, LOWER, DIGIT, OTHER, NUMBER, DAY, MONTH, YEAR], ..MASK_BASE };

pub(super) static FUNCTIONS: &[&Definition] =
    &[&MASK, &MASK_FIRST_N, &MASK_HASH, &MASK_LAST_N, &MASK_SHOW_FIRST_N, &MASK_SHOW_LAST_N];

fn same(planned: &Planned) -> Result<DataType> {
    Ok(match planned.data_type(0) {
        given if is_text(given) || given.is_null() => DataType::Utf8,
        given => given.clone(),
    })
}

/// What hides a kind of character; `None` leaves it.
struct Cover {
    default: Option<char>,
    given: Option<Texts>,
}

impl Cover {
    fn of(call: &Call, index: usize, default: Option<char>) -> Result<Cover> {
        Ok(Cover { default, given: if call.has(index) { Some(call.text(index)?) } else { None } })
    }

    fn at(&self, row: usize) -> Option<char> {
        match self.given.as_ref().map(|given| given.get(row)) {
            None | Some(None) => self.default,
            Some(Some("-1")) => None,
            Some(Some(text)) => text.chars().next().or(self.default),
        }
    }
}

/// `first` is the place of the first cover among the arguments.
fn mask(call: &Call, first: usize, hidden: Hidden) -> Result<ArrayRef> {
    let counts = call.whole(1)?;
    let count = |row: usize| match first > 1 && call.has(1) {
        true => counts.get(row).map_or(4, |count| usize::try_from(count).unwrap_or(0)),
        false => 4,
    };
    match call.data_type(0) {
        given if is_text(&given) => {
            let texts = call.text(0)?;
            let covers = [
                Cover::of(call, first, Some('X'))?,
                Cover::of(call, first + 1, Some('x'))?,
                Cover::of(call, first + 2, Some('n'))?,
                Cover::of(call, first + 3, None)?,
            ];
            call.texts(|row| {
                let text = texts.get(row)?;
                let covers = covers.each_ref().map(|cover| cover.at(row));
                let length = text.chars().count();
                let one = |(place, character): (usize, char)| match hidden(place, length, count(row)) {
                    true => covers[kind(character)].unwrap_or(character),
                    false => character,
                };
                Some(text.chars().enumerate().map(one).collect::<String>())
            })
        }
        given if given.is_integer() => {
            let (numbers, cover) = (call.whole(0)?, Cover::of(call, first + 4, Some('1'))?);
            let masked = |row: usize| {
                let number = numbers.get(row)?;
                let digit = cover.at(row).filter(char::is_ascii_digit).unwrap_or('1');
                let digits = number.unsigned_abs().to_string();
                let one = |(place, own)| if hidden(place, digits.len(), count(row)) { digit } else { own };
                let masked: String = digits.chars().enumerate().map(one).collect();
                // What does not fit wraps around, as in Java.
                let masked = masked.parse::<u128>().ok()? as i64;
                Some(if number < 0 { masked.wrapping_neg() } else { masked })
            };
            let values: Int64Array = (0..call.rows).map(masked).collect();
            wrapped(&values, &given)
        }
        DataType::Date32 => {
            let dates = call.date(0)?;
            let [day, month, year] = [call.text(first + 5)?, call.text(first + 6)?, call.text(first + 7)?];
            let part =
                |texts: &Texts, row: usize, range: std::ops::RangeInclusive<i64>, default: i64, own: i64| match texts
                    .get(row)
                    .and_then(|text| text.parse::<i64>().ok())
                {
                    Some(-1) => own,
                    Some(given) if range.contains(&given) => given,
                    _ => default,
                };
            call.dates(|row| {
                let date = dates.get(row)?;
                let day = part(&day, row, 1..=31, 1, i64::from(date.day()));
                let month = part(&month, row, 0..=11, 0, i64::from(date.month0()));
                let year = part(&year, row, 1..=9999, 1, i64::from(date.year()));
                // The 31st of a shorter month is its last day.
                let month = u32::try_from(month).ok()? + 1;
                (1..=u32::try_from(day).ok()?).rev().find_map(|day| NaiveDate::from_ymd_opt(year as i32, month, day))
            })
        }
        _ => call.nulls(),
    }
}

fn kind(character: char) -> usize {
    match character {
        character if character.is_uppercase() => 0,
        character if character.is_lowercase() => 1,
        character if character.is_numeric() => 2,
        _ => 3,
    }
}

fn wrapped(values: &Int64Array, to: &DataType) -> Result<ArrayRef> {
    let low = |bits: u32| {
        values.unary::<_, datafusion::arrow::datatypes::Int64Type>(|value| value << (64 - bits) >> (64 - bits))
    };
    let values: ArrayRef = Arc::new(match to {
        DataType::Int8 => low(8),
        DataType::Int16 => low(16),
        DataType::Int32 => low(32),
        _ => values.clone(),
    });
    Ok(cast(&values, to)?)
}
