//! `from_utc_timestamp(timestamp, zone)`, `to_utc_timestamp(timestamp, zone)`, `to_epoch_milli(timestamp)`.

use chrono::NaiveDateTime;
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use super::from_unixtime::moments;
use super::pattern::zone::Zone;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, bigint, timestamp};

const MOMENT_ZONE: &[(&str, Kind, &str)] = &[
    ("timestamp", Kind::Temporal, "A timestamp, a date or text."),
    ("zone", Kind::Primitive, "A time zone: a region, a distance from UTC or Java's three letters."),
];

static FROM_UTC_TIMESTAMP: Definition = Definition {
    name: "from_utc_timestamp",
    arguments: MOMENT_ZONE,
    result: timestamp,
    run: |call| shift(call, Zone::to_local),
    section: &SECTION,
    description: "What a clock in a zone shows when one in UTC shows this.",
    example: "SELECT from_utc_timestamp('2016-08-31', 'Asia/Seoul'); -- 2016-08-31 09:00:00",
    ..BASE
};

static TO_UTC_TIMESTAMP: Definition = Definition {
    name: "to_utc_timestamp",
    arguments: MOMENT_ZONE,
    result: timestamp,
    run: |call| shift(call, Zone::to_utc),
    section: &SECTION,
    description: "What a clock in UTC shows when one in a zone shows this.",
    example: "SELECT to_utc_timestamp('2016-08-31', 'Asia/Seoul'); -- 2016-08-30 15:00:00",
    ..BASE
};

static TO_EPOCH_MILLI: Definition = Definition {
    name: "to_epoch_milli",
    arguments: &[("timestamp", Kind::Temporal, "A timestamp.")],
    result: bigint,
    run: |call| {
        let (moments, zone) = (call.timestamp(0)?, Zone::Region(call.zone()));
        call.primitives::<Int64Type>(|row| Some(zone.to_utc(moments.get(row)?)?.and_utc().timestamp_millis()))
    },
    section: &SECTION,
    description: "The milliseconds from the beginning of 1970 in UTC to what a clock of the session's time zone shows.",
    example: "SELECT to_epoch_milli(CAST('1970-01-01 00:00:01' AS TIMESTAMP)); -- 1000",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&FROM_UTC_TIMESTAMP, &TO_EPOCH_MILLI, &TO_UTC_TIMESTAMP];

/// Java takes a zone that it does not know for GMT; Spark refuses it.
fn shift(call: &Call, shift: fn(Zone, NaiveDateTime) -> Option<NaiveDateTime>) -> Result<ArrayRef> {
    let (moments, names) = (moments(call, 0)?, call.text(1)?);
    let mut shifted = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let (Some(moment), Some(name)) = (moments(row), names.get(row)) else {
            shifted.push(None);
            continue;
        };
        shifted.push(match Zone::parse(name) {
            Some(zone) => shift(zone, moment),
            None if call.dialect == Dialect::Spark => {
                return Err(call.invalid(format!("unknown time zone \"{name}\"")));
            }
            None => Some(moment),
        });
    }
    call.timestamps(|row| shifted.get(row).copied()?)
}
