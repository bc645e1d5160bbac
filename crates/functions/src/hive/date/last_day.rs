//! `last_day(date)`

use chrono::{Datelike, Months, NaiveDate};

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind, date};

static LAST_DAY: Definition = Definition {
    name: "last_day",
    arguments: &[("date", Kind::Temporal, "A date, a timestamp or text.")],
    result: date,
    run: |call| {
        let dates = call.date(0)?;
        call.dates(|row| last_day(dates.get(row)?))
    },
    section: &SECTION,
    description: "The last day of the month.",
    example: "SELECT last_day('2009-01-12'); -- 2009-01-31",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&LAST_DAY];

pub(super) fn last_day(date: NaiveDate) -> Option<NaiveDate> {
    date.with_day(1)?.checked_add_months(Months::new(1))?.pred_opt()
}
