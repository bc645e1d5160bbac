//! `add_months(date, months [, pattern])`

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use super::pattern::Pattern;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

static ADD_MONTHS: Definition = Definition {
    name: "add_months",
    arguments: &[
        ("date", Kind::Temporal, "A date, a timestamp or text."),
        ("months", Kind::Number, "How many months; negative ones go back."),
        ("pattern", Kind::Primitive, "How the result is written; without it, it is a date."),
    ],
    required: 2,
    result: |planned: &Planned| Ok(if planned.fields.len() > 2 { DataType::Utf8 } else { DataType::Date32 }),
    run,
    section: &SECTION,
    description: "The date so many months later. A day that the month lacks becomes its last; in hive the last day of a month \
                  becomes the last day of the other.",
    example: "SELECT add_months('2009-08-31', 1); -- 2009-09-30",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&ADD_MONTHS];

fn run(call: &Call) -> Result<ArrayRef> {
    let (moments, months) = (call.timestamp(0)?, call.whole(1)?);
    let dates = call.date(0)?;
    // Text may hold a date and no time that can be read.
    let moment = |row: usize| moments.get(row).or_else(|| dates.get(row).map(|date| date.and_time(NaiveTime::MIN)));
    let later = |row: usize| {
        let moment: NaiveDateTime = moment(row)?;
        Some(add(moment.date(), months.get(row)?, call.dialect)?.and_time(moment.time()))
    };
    if call.result_type() == &DataType::Date32 {
        return call.dates(|row| Some(later(row)?.date()));
    }
    let (patterns, zone) = (call.text(2)?, call.zone());
    let mut cache = super::from_unixtime::Patterns::new(call);
    call.try_texts(|row| {
        let (Some(later), Some(pattern)) = (later(row), patterns.get(row)) else { return Ok(None) };
        Ok(cache.get(pattern)?.map(|pattern: &Pattern| pattern.format(later, &zone)))
    })
}

/// The date so many months later.
fn add(date: NaiveDate, months: i64, dialect: Dialect) -> Option<NaiveDate> {
    let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    let moved = if months < 0 { date.checked_sub_months(count)? } else { date.checked_add_months(count)? };
    let last = super::last_day::last_day(date)? == date;
    if last && dialect == Dialect::Hive { super::last_day::last_day(moved) } else { moved.with_day(moved.day()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_stays_the_last_in_hive() {
        let date = |month, day| NaiveDate::from_ymd_opt(2009, month, day).unwrap();
        assert_eq!(add(date(1, 31), 1, Dialect::Hive), Some(date(2, 28)));
        assert_eq!(add(date(2, 28), 1, Dialect::Hive), Some(date(3, 31)));
        assert_eq!(add(date(2, 28), 1, Dialect::Spark), Some(date(3, 28)));
        assert_eq!(add(date(3, 31), -1, Dialect::Spark), Some(date(2, 28)));
        assert_eq!(add(date(3, 31), i64::MAX, Dialect::Spark), None);
    }
}
