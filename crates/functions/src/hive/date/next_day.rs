//! `next_day(date, weekday)`

use chrono::{Datelike, NaiveDate, TimeDelta};
use mead_common::Dialect;

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind, date};

static NEXT_DAY: Definition = Definition {
    name: "next_day",
    arguments: &[
        ("date", Kind::Temporal, "A date, a timestamp or text."),
        ("weekday", Kind::Primitive, "The weekday in English: two or three letters of it, or all."),
    ],
    result: date,
    run: |call| {
        let (dates, names) = (call.date(0)?, call.text(1)?);
        call.dates(|row| next(dates.get(row)?, weekday(names.get(row)?, call.dialect)?))
    },
    section: &SECTION,
    description: "The first date after this one that is of a weekday.",
    example: "SELECT next_day('2015-01-14', 'TU'); -- 2015-01-20",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&NEXT_DAY];

const NAMES: [&str; 7] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

/// The weekday from 0 for Monday.
fn weekday(name: &str, dialect: Dialect) -> Option<i64> {
    let name = if dialect == Dialect::Spark { name.trim() } else { name }.to_ascii_uppercase();
    let fits = |day: &&str| name == **day || (matches!(name.len(), 2 | 3) && day.starts_with(&name));
    NAMES.iter().position(fits).map(|day| day as i64)
}

fn next(date: NaiveDate, weekday: i64) -> Option<NaiveDate> {
    let days = (weekday - i64::from(date.weekday().num_days_from_monday())).rem_euclid(7);
    date.checked_add_signed(TimeDelta::days(if days == 0 { 7 } else { days }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_itself_is_not_the_next() {
        let wednesday = NaiveDate::from_ymd_opt(2015, 1, 14).unwrap();
        let day = |name| next(wednesday, weekday(name, Dialect::Hive).unwrap()).unwrap().to_string();
        assert_eq!(day("TU"), "2015-01-20");
        assert_eq!(day("wed"), "2015-01-21");
        assert_eq!(day("Thursday"), "2015-01-15");
        assert_eq!(weekday("T", Dialect::Hive), None);
        assert_eq!(weekday("TUES", Dialect::Hive), None);
    }
}
