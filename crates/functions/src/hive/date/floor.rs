//! `floor_year(timestamp)` … `floor_second(timestamp)`: the beginning of the unit in which a moment lies.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

/// The beginning of the unit; a week begins on Monday.
pub(super) fn floor(moment: NaiveDateTime, unit: Unit) -> Option<NaiveDateTime> {
    let date = moment.date();
    let first = |month: u32| NaiveDate::from_ymd_opt(date.year(), month, 1);
    let date = match unit {
        Unit::Year => first(1)?,
        Unit::Quarter => first(date.month0() / 3 * 3 + 1)?,
        Unit::Month => first(date.month())?,
        Unit::Week => date.checked_sub_signed(TimeDelta::days(i64::from(date.weekday().num_days_from_monday())))?,
        _ => date,
    };
    let seconds = moment.num_seconds_from_midnight();
    let seconds = match unit {
        Unit::Hour => seconds / 3600 * 3600,
        Unit::Minute => seconds / 60 * 60,
        Unit::Second => seconds,
        _ => 0,
    };
    Some(date.and_time(NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0)?))
}

fn run(call: &Call, unit: Unit) -> Result<ArrayRef> {
    let moments = call.timestamp(0)?;
    call.timestamps(|row| floor(moments.get(row)?, unit))
}

macro_rules! floors {
    ($($constant:ident, $name:literal, $unit:ident, $word:literal, $example:literal;)*) => {
        $(static $constant: Definition = Definition {
            name: $name,
            arguments: &[("timestamp", Kind::Temporal, "A timestamp, a date or text.")],
            result: timestamp,
            run: |call| run(call, Unit::$unit),
            section: &SECTION,
            description: concat!("The beginning of the ", $word, " in which a moment lies."),
            example: $example,
            ..BASE
        };)*
        pub(super) static FUNCTIONS: &[&Definition] = &[$(&$constant),*];
    };
}

floors! {
    DAY, "floor_day", Day, "day", "SELECT floor_day('2009-07-30 12:58:59'); -- 2009-07-30 00:00:00";
    HOUR, "floor_hour", Hour, "hour", "SELECT floor_hour('2009-07-30 12:58:59'); -- 2009-07-30 12:00:00";
    MINUTE, "floor_minute", Minute, "minute", "SELECT floor_minute('2009-07-30 12:58:59'); -- 2009-07-30 12:58:00";
    MONTH, "floor_month", Month, "month", "SELECT floor_month('2009-07-30 12:58:59'); -- 2009-07-01 00:00:00";
    QUARTER, "floor_quarter", Quarter, "quarter", "SELECT floor_quarter('2009-07-30 12:58:59'); -- 2009-07-01 00:00:00";
    SECOND, "floor_second", Second, "second", "SELECT floor_second('2009-07-30 12:58:59.5'); -- 2009-07-30 12:58:59";
    WEEK, "floor_week", Week, "week", "SELECT floor_week('2009-07-30 12:58:59'); -- 2009-07-27 00:00:00";
    YEAR, "floor_year", Year, "year", "SELECT floor_year('2009-07-30 12:58:59'); -- 2009-01-01 00:00:00";
}
