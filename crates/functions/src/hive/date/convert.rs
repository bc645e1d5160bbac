//! Functions that read a value as a date or timestamp by name (`date(x)`, `timestamp(x)`), and Spark's from and to numbers.

use chrono::{DateTime, NaiveDateTime};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Int32Type, Int64Type};
use datafusion::error::Result;

use super::SECTION;
use super::from_unixtime::moments;
use super::pattern::zone::Zone;
use crate::hive::call::Call;
use crate::hive::convert::temporal;
use crate::hive::definition::{BASE, Definition, Kind, bigint, date, int, timestamp};

const VALUE: &[(&str, Kind, &str)] = &[("value", Kind::Temporal, "A date, a timestamp or text.")];
const NUMBER: &[(&str, Kind, &str)] = &[("number", Kind::Number, "A number.")];

static DATE: Definition = Definition {
    name: "date",
    arguments: VALUE,
    result: date,
    run: |call| {
        let dates = call.date(0)?;
        call.dates(|row| dates.get(row))
    },
    section: &SECTION,
    description: "The value as a date.",
    example: "SELECT date('2009-07-30'); -- 2009-07-30",
    ..BASE
};

static TIMESTAMP: Definition = Definition {
    name: "timestamp",
    arguments: VALUE,
    result: timestamp,
    run: |call| {
        let moments = moments(call, 0)?;
        call.timestamps(moments)
    },
    section: &SECTION,
    description: "The value as a timestamp.",
    example: "SELECT timestamp('2009-07-30'); -- 2009-07-30 00:00:00",
    ..BASE
};

macro_rules! from_number {
    ($($constant:ident, $name:literal, $unit:literal, $make:expr;)*) => {
        $(static $constant: Definition = Definition {
            name: $name,
            arguments: NUMBER,
            result: timestamp,
            run: |call| from_number(call, $make),
            section: &SECTION,
            description: concat!("The moment so many ", $unit, " after 1970 began in UTC, in the session's time zone."),
            example: concat!("SELECT ", $name, "(0); -- 1970-01-01 00:00:00"),
            ..BASE
        };)*
    };
}

from_number! {
    TIMESTAMP_SECONDS, "timestamp_seconds", "seconds", |value| {
        DateTime::from_timestamp_micros((value * 1e6) as i64)
    };
    TIMESTAMP_MILLIS, "timestamp_millis", "milliseconds", |value| DateTime::from_timestamp_millis(value as i64);
    TIMESTAMP_MICROS, "timestamp_micros", "microseconds", |value| DateTime::from_timestamp_micros(value as i64);
}

macro_rules! to_number {
    ($($constant:ident, $name:literal, $unit:literal, $make:expr;)*) => {
        $(static $constant: Definition = Definition {
            name: $name,
            arguments: VALUE,
            result: bigint,
            run: |call| to_number(call, $make),
            section: &SECTION,
            description: concat!("The ", $unit, " from the beginning of 1970 in UTC to what a clock of the session shows."),
            example: concat!("SELECT ", $name, "('1970-01-01'); -- 0"),
            ..BASE
        };)*
    };
}

to_number! {
    UNIX_SECONDS, "unix_seconds", "seconds", |moment| moment.and_utc().timestamp();
    UNIX_MILLIS, "unix_millis", "milliseconds", |moment| moment.and_utc().timestamp_millis();
    UNIX_MICROS, "unix_micros", "microseconds", |moment| moment.and_utc().timestamp_micros();
}

static UNIX_DATE: Definition = Definition {
    name: "unix_date",
    arguments: VALUE,
    result: int,
    run: |call| {
        let dates = call.date(0)?;
        call.primitives::<Int32Type>(|row| dates.get(row).map(temporal::days))
    },
    section: &SECTION,
    description: "The days since 1970 began.",
    example: "SELECT unix_date('1970-01-02'); -- 1",
    ..BASE
};

static DATE_FROM_UNIX_DATE: Definition = Definition {
    name: "date_from_unix_date",
    arguments: NUMBER,
    result: date,
    run: |call| {
        let days = call.whole(0)?;
        call.dates(|row| temporal::from_days(i32::try_from(days.get(row)?).ok()?))
    },
    section: &SECTION,
    description: "The date so many days after 1970 began.",
    example: "SELECT date_from_unix_date(1); -- 1970-01-02",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&DATE, &TIMESTAMP];

pub(super) static SPARK: &[&Definition] = &[
    &DATE_FROM_UNIX_DATE,
    &TIMESTAMP_MICROS,
    &TIMESTAMP_MILLIS,
    &TIMESTAMP_SECONDS,
    &UNIX_DATE,
    &UNIX_MICROS,
    &UNIX_MILLIS,
    &UNIX_SECONDS,
];

fn from_number(call: &Call, make: fn(f64) -> Option<DateTime<chrono::Utc>>) -> Result<ArrayRef> {
    let (values, zone) = (call.double(0)?, Zone::Region(call.zone()));
    // A whole number may have more digits than a double can.
    let wholes = if call.data_type(0) == DataType::Int64 { Some(call.whole(0)?) } else { None };
    let exact = call.definition.name == "timestamp_micros";
    call.timestamps(|row| {
        let moment = match &wholes {
            Some(wholes) if exact => DateTime::from_timestamp_micros(wholes.get(row)?),
            _ => make(values.get(row)?),
        };
        zone.to_local(moment?.naive_utc())
    })
}

fn to_number(call: &Call, make: fn(NaiveDateTime) -> i64) -> Result<ArrayRef> {
    let (moments, zone) = (moments(call, 0)?, Zone::Region(call.zone()));
    call.primitives::<Int64Type>(|row| zone.to_utc(moments(row)?).map(make))
}
