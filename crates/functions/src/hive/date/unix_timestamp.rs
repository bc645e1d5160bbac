//! `unix_timestamp([value [, pattern]])`, `to_unix_timestamp(value [, pattern])`: seconds since 1970 began in UTC.

use chrono::{NaiveDateTime, Utc};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::error::Result;
use datafusion::logical_expr::Volatility;

use super::SECTION;
use super::from_unixtime::{DEFAULT, Patterns};
use super::pattern::zone::Zone;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, bigint};
use crate::types::is_text;

const VALUE_PATTERN: &[(&str, Kind, &str)] = &[
    ("value", Kind::Temporal, "A date, a timestamp or text. Without it the present moment is meant."),
    ("pattern", Kind::Primitive, "How text is written; `yyyy-MM-dd HH:mm:ss` if it is not given."),
];

static UNIX_TIMESTAMP: Definition = Definition {
    name: "unix_timestamp",
    arguments: VALUE_PATTERN,
    required: 0,
    result: bigint,
    run,
    section: &SECTION,
    description: "The seconds from the beginning of 1970 in UTC to what a clock of the session's time zone shows. NULL of text \
                  that does not fit its pattern.",
    example: "SELECT unix_timestamp('1970-01-01 00:01:00'); -- 60",
    volatility: Volatility::Stable,
    ..BASE
};

static TO_UNIX_TIMESTAMP: Definition = Definition {
    name: "to_unix_timestamp",
    required: 1,
    example: "SELECT to_unix_timestamp('1970-01-01 00:01:00'); -- 60",
    ..UNIX_TIMESTAMP_BASE
};

const UNIX_TIMESTAMP_BASE: Definition = Definition {
    arguments: VALUE_PATTERN,
    result: bigint,
    run,
    section: &SECTION,
    description: "As unix_timestamp.",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&TO_UNIX_TIMESTAMP, &UNIX_TIMESTAMP];

fn run(call: &Call) -> Result<ArrayRef> {
    if !call.has(0) {
        let now = Utc::now().timestamp();
        return call.primitives::<Int64Type>(|_| Some(now));
    }
    let zone = Zone::Region(call.zone());
    let seconds = |local: NaiveDateTime, zone: Zone| zone.to_utc(local).map(|moment| moment.and_utc().timestamp());
    if !is_text(&call.data_type(0)) {
        let moments = call.timestamp(0)?;
        return call.primitives::<Int64Type>(|row| seconds(moments.get(row)?, zone));
    }
    let (texts, patterns) = (call.text(0)?, call.text(1)?);
    let mut cache = Patterns::new(call);
    call.try_primitives::<Int64Type>(|row| {
        let pattern = if call.has(1) { patterns.get(row) } else { Some(DEFAULT) };
        let (Some(text), Some(pattern)) = (texts.get(row), pattern) else { return Ok(None) };
        let parsed = cache.get(pattern)?.and_then(|pattern| pattern.parse(text));
        Ok(parsed.and_then(|parsed| seconds(parsed.local, parsed.zone.unwrap_or(zone))))
    })
}
