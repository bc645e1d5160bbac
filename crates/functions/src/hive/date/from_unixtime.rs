//! `from_unixtime(seconds [, pattern])`, `date_format(value, pattern)`: moments as text.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use super::pattern::Pattern;
use super::pattern::zone::Zone;
use crate::hive::call::Call;
use crate::hive::convert::temporal;
use crate::hive::definition::{BASE, Definition, Kind, text};

static FROM_UNIXTIME: Definition = Definition {
    name: "from_unixtime",
    arguments: &[
        ("seconds", Kind::Number, "Seconds since 1970 began in UTC."),
        ("pattern", Kind::Primitive, "How they are written; `yyyy-MM-dd HH:mm:ss` if it is not given."),
    ],
    required: 1,
    run: from_unixtime,
    section: &SECTION,
    description: "The moment as a clock of the session's time zone shows it.",
    example: "SELECT from_unixtime(0); -- 1970-01-01 00:00:00",
    ..BASE
};

static DATE_FORMAT: Definition = Definition {
    name: "date_format",
    arguments: &[
        ("value", Kind::Temporal, "A date, a timestamp or text."),
        ("pattern", Kind::Primitive, "How it is written."),
    ],
    result: text,
    run: date_format,
    section: &SECTION,
    description: "A date or timestamp as a pattern writes it. NULL for a pattern that is none; in spark an error.",
    example: "SELECT date_format('2015-04-08', 'y'); -- 2015",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&DATE_FORMAT, &FROM_UNIXTIME];

pub(super) const DEFAULT: &str = "yyyy-MM-dd HH:mm:ss";

fn from_unixtime(call: &Call) -> Result<ArrayRef> {
    let (seconds, patterns, zone) = (call.whole(0)?, call.text(1)?, call.zone());
    let mut cache = Patterns::new(call);
    call.try_texts(|row| {
        let pattern = if call.has(1) { patterns.get(row) } else { Some(DEFAULT) };
        let (Some(seconds), Some(pattern)) = (seconds.get(row), pattern) else { return Ok(None) };
        let Some(moment) = DateTime::from_timestamp(seconds, 0) else { return Ok(None) };
        let local = Zone::Region(zone).to_local(moment.naive_utc());
        Ok(cache.get(pattern)?.zip(local).map(|(pattern, local)| pattern.format(local, &zone)))
    })
}

fn date_format(call: &Call) -> Result<ArrayRef> {
    let (moments, patterns, zone) = (moments(call, 0)?, call.text(1)?, call.zone());
    let mut cache = Patterns::new(call);
    call.try_texts(|row| {
        let (Some(moment), Some(pattern)) = (moments(row), patterns.get(row)) else { return Ok(None) };
        Ok(cache.get(pattern)?.map(|pattern| pattern.format(moment, &zone)))
    })
}

/// An argument's moments; of text that has no time that can be read, the date.
pub(super) fn moments(call: &Call, index: usize) -> Result<impl Fn(usize) -> Option<NaiveDateTime>> {
    let moments = call.timestamp(index)?;
    let texts = match call.data_type(index) {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(call.text(index)?),
        _ => None,
    };
    Ok(move |row: usize| {
        let date = || temporal::parse_date(texts.as_ref()?.get(row)?).map(|date| date.and_time(chrono::NaiveTime::MIN));
        moments.get(row).or_else(date)
    })
}

/// The patterns that a call has met.
pub(super) struct Patterns<'a> {
    call: &'a Call<'a>,
    known: HashMap<String, Option<Pattern>>,
}

/// How many patterns are kept.
const PATTERNS_MAX: usize = 256;

impl<'a> Patterns<'a> {
    pub fn new(call: &'a Call<'a>) -> Self {
        Self { call, known: HashMap::new() }
    }

    /// `None` for a pattern that is none; in Spark that is an error.
    pub fn get(&mut self, text: &str) -> Result<Option<&Pattern>> {
        if !self.known.contains_key(text) {
            if self.known.len() >= PATTERNS_MAX {
                self.known.clear();
            }
            let pattern = Pattern::new(text, self.call.dialect);
            if pattern.is_none() && self.call.dialect == Dialect::Spark {
                return Err(self.call.invalid(format!("invalid pattern '{text}'")));
            }
            self.known.insert(text.to_owned(), pattern);
        }
        Ok(self.known.get(text).and_then(Option::as_ref))
    }
}
