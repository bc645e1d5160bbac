//! `date_add`, `date_sub`, `datediff`: days.

use chrono::{NaiveDate, TimeDelta};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Int32Type;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::convert::temporal;
use crate::hive::definition::{BASE, Definition, Kind, date, int};

const DATE_DAYS: &[(&str, Kind, &str)] =
    &[("date", Kind::Temporal, "A date, a timestamp or text."), ("days", Kind::Number, "How many days.")];

static DATE_ADD: Definition = Definition {
    name: "date_add",
    aliases: &["dateadd"],
    arguments: DATE_DAYS,
    result: date,
    run: |call| shift(call, 1),
    section: &SECTION,
    description: "The date so many days later.",
    example: "SELECT date_add('2009-07-30', 1); -- 2009-07-31",
    ..BASE
};

static DATE_SUB: Definition = Definition {
    name: "date_sub",
    arguments: DATE_DAYS,
    result: date,
    run: |call| shift(call, -1),
    section: &SECTION,
    description: "The date so many days earlier.",
    example: "SELECT date_sub('2009-07-30', 1); -- 2009-07-29",
    ..BASE
};

static DATEDIFF: Definition = Definition {
    name: "datediff",
    aliases: &["date_diff"],
    arguments: &[("end", Kind::Temporal, "The later date."), ("start", Kind::Temporal, "The earlier date.")],
    result: int,
    run: |call| {
        let (end, start) = (call.date(0)?, call.date(1)?);
        call.primitives::<Int32Type>(|row| Some(temporal::days(end.get(row)?) - temporal::days(start.get(row)?)))
    },
    section: &SECTION,
    description: "How many days a date lies after another; times of the day do not count.",
    example: "SELECT datediff('2009-07-30', '2009-07-31'); -- -1",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&DATE_ADD, &DATE_SUB, &DATEDIFF];

fn shift(call: &Call, sign: i64) -> Result<ArrayRef> {
    let (dates, days) = (call.date(0)?, call.whole(1)?);
    call.dates(|row| {
        let date: NaiveDate = dates.get(row)?;
        date.checked_add_signed(TimeDelta::try_days(days.get(row)?.checked_mul(sign)?)?)
    })
}
