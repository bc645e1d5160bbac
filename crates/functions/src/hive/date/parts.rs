//! `year`, `month`, `day`, `hour` and the other parts of a date or timestamp, as whole numbers.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Int32Type;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::convert::temporal::parse_time;
use crate::hive::definition::{BASE, Definition, Kind, int};

const DATE: &[(&str, Kind, &str)] = &[("date", Kind::Temporal, "A date, a timestamp or text.")];

fn of_date(call: &Call, part: fn(NaiveDate) -> u32) -> Result<ArrayRef> {
    let dates = call.date(0)?;
    call.primitives::<Int32Type>(|row| Some(part(dates.get(row)?) as i32))
}

/// Spark takes a time without a date for one of today, Hive for none.
fn of_time(call: &Call, part: fn(NaiveTime) -> u32) -> Result<ArrayRef> {
    let moments = call.timestamp(0)?;
    let texts = match call.dialect {
        Dialect::Spark if crate::types::is_text(&call.data_type(0)) => Some(call.text(0)?),
        _ => None,
    };
    call.primitives::<Int32Type>(|row| {
        let time = moments.get(row).map(|moment: NaiveDateTime| moment.time());
        let time = time.or_else(|| parse_time(texts.as_ref()?.get(row)?.trim()))?;
        Some(part(time) as i32)
    })
}

macro_rules! parts {
    ($($constant:ident, $name:literal, $aliases:expr, $run:expr, $description:literal, $example:literal;)*) => {
        $(static $constant: Definition = Definition {
            name: $name,
            aliases: $aliases,
            arguments: DATE,
            result: int,
            run: $run,
            section: &SECTION,
            description: $description,
            example: $example,
            ..BASE
        };)*
        pub(super) static FUNCTIONS: &[&Definition] = &[$(&$constant),*];
    };
}

parts! {
    DAY, "day", &["dayofmonth"], |call| of_date(call, |date| date.day()),
        "The day of the month.", "SELECT day('2009-07-30'); -- 30";
    DAYOFWEEK, "dayofweek", &[], |call| of_date(call, |date| date.weekday().number_from_sunday()),
        "The day of the week, from 1 for Sunday.", "SELECT dayofweek('2009-07-30'); -- 5";
    DAYOFYEAR, "dayofyear", &[], |call| of_date(call, |date| date.ordinal()),
        "The day of the year.", "SELECT dayofyear('2009-07-30'); -- 211";
    HOUR, "hour", &[], |call| of_time(call, |time| time.hour()),
        "The hour. In spark also of a time without a date.", "SELECT hour('2009-07-30 12:58:59'); -- 12";
    MINUTE, "minute", &[], |call| of_time(call, |time| time.minute()),
        "The minute. In spark also of a time without a date.", "SELECT minute('2009-07-30 12:58:59'); -- 58";
    MONTH, "month", &[], |call| of_date(call, |date| date.month()),
        "The month.", "SELECT month('2009-07-30'); -- 7";
    QUARTER, "quarter", &[], |call| of_date(call, |date| date.month0() / 3 + 1),
        "The quarter of the year.", "SELECT quarter('2009-07-30'); -- 3";
    SECOND, "second", &[], |call| of_time(call, |time| time.second()),
        "The second, without its fraction. In spark also of a time without a date.",
        "SELECT second('2009-07-30 12:58:59'); -- 59";
    WEEKDAY, "weekday", &[], |call| of_date(call, |date| date.weekday().num_days_from_monday()),
        "The day of the week, from 0 for Monday.", "SELECT weekday('2009-07-30'); -- 3";
    WEEKOFYEAR, "weekofyear", &[], |call| of_date(call, |date| date.iso_week().week()),
        "The week of the year as of ISO 8601: the first has the first Thursday.", "SELECT weekofyear('2008-02-20'); -- 8";
    YEAR, "year", &[], |call| of_date(call, |date| date.year() as u32),
        "The year.", "SELECT year('2009-07-30'); -- 2009";
}
