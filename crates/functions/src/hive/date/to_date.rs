//! `to_date(value [, pattern])`, and Spark's `to_timestamp(value [, pattern])`.

use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;

use super::SECTION;
use super::from_unixtime::{Patterns, moments};
use super::pattern::zone::Zone;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, date, timestamp};

const VALUE_PATTERN: &[(&str, Kind, &str)] = &[
    ("value", Kind::Temporal, "A date, a timestamp or text."),
    ("pattern", Kind::Primitive, "How text is written, as year-month-day if it is not given."),
];

static TO_DATE: Definition = Definition {
    name: "to_date",
    arguments: VALUE_PATTERN,
    required: 1,
    result: date,
    run: to_date,
    section: &SECTION,
    description: "The date of a timestamp or of text; NULL of what is none.",
    example: "SELECT to_date('2009-07-30 04:17:52'); -- 2009-07-30",
    ..BASE
};

static TO_TIMESTAMP: Definition = Definition {
    name: "to_timestamp",
    aliases: &["to_timestamp_ntz", "try_to_timestamp"],
    arguments: VALUE_PATTERN,
    required: 1,
    result: timestamp,
    run: to_timestamp,
    section: &SECTION,
    description: "The timestamp that text says; NULL of what is none.",
    example: "SELECT to_timestamp('2016-12-31 00:12:00'); -- 2016-12-31 00:12:00",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&TO_DATE];
pub(super) static SPARK: &[&Definition] = &[&TO_TIMESTAMP];

fn to_date(call: &Call) -> Result<ArrayRef> {
    if !call.has(1) || !crate::types::is_text(&call.data_type(0)) {
        let dates = call.date(0)?;
        return call.dates(|row| dates.get(row));
    }
    let parsed = parsed(call)?;
    call.dates(|row| Some(parsed.get(row).copied()??.date()))
}

fn to_timestamp(call: &Call) -> Result<ArrayRef> {
    if !call.has(1) || !crate::types::is_text(&call.data_type(0)) {
        let moments = moments(call, 0)?;
        return call.timestamps(moments);
    }
    let parsed = parsed(call)?;
    call.timestamps(|row| parsed.get(row).copied()?)
}

/// What each row's text says by its pattern, as a clock of the session shows it.
fn parsed(call: &Call) -> Result<Vec<Option<chrono::NaiveDateTime>>> {
    let (texts, patterns, zone) = (call.text(0)?, call.text(1)?, call.zone());
    let mut cache = Patterns::new(call);
    let row = |row: usize| {
        let (Some(text), Some(pattern)) = (texts.get(row), patterns.get(row)) else { return Ok(None) };
        let parsed = cache.get(pattern)?.and_then(|pattern| pattern.parse(text));
        Ok(parsed.and_then(|parsed| match parsed.zone {
            Some(stated) => stated.to_utc(parsed.local).and_then(|moment| Zone::Region(zone).to_local(moment)),
            None => Some(parsed.local),
        }))
    };
    (0..call.rows).map(row).collect()
}
