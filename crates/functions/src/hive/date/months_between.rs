//! `months_between(end, start [, rounded])`

use chrono::{Datelike, NaiveDateTime, NaiveTime, Timelike};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Float64Type;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, double};

static MONTHS_BETWEEN: Definition = Definition {
    name: "months_between",
    arguments: &[
        ("end", Kind::Temporal, "The later moment."),
        ("start", Kind::Temporal, "The earlier moment."),
        (
            "rounded",
            Kind::Boolean,
            "Whether the result has 8 digits behind the point, which it has if this is not given.",
        ),
    ],
    required: 2,
    result: double,
    run,
    section: &SECTION,
    description: "How many months lie between two moments. It is a whole number between the same days of two months and \
                  between their last days; else a day counts for the 31st part of a month.",
    example: "SELECT months_between('1997-02-28 10:30:00', '1996-10-30'); -- 3.94959677",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&MONTHS_BETWEEN];

fn run(call: &Call) -> Result<ArrayRef> {
    let moments = [call.timestamp(0)?, call.timestamp(1)?];
    let dates = [call.date(0)?, call.date(1)?];
    let rounded = call.boolean(2)?;
    let moment = |side: usize, row: usize| {
        moments[side].get(row).or_else(|| dates[side].get(row).map(|date| date.and_time(NaiveTime::MIN)))
    };
    call.primitives::<Float64Type>(|row| {
        let months = between(moment(0, row)?, moment(1, row)?)?;
        let round = !call.has(2) || rounded.get(row)?;
        Some(if round { (months * 1e8).round() / 1e8 } else { months })
    })
}

fn between(end: NaiveDateTime, start: NaiveDateTime) -> Option<f64> {
    let months = (end.year() - start.year()) * 12 + end.month() as i32 - start.month() as i32;
    let last = |moment: NaiveDateTime| super::last_day::last_day(moment.date()).map(|last| last == moment.date());
    if end.day() == start.day() || (last(end)? && last(start)?) {
        return Some(f64::from(months));
    }
    let seconds =
        |moment: NaiveDateTime| i64::from(moment.day()) * 86_400 + i64::from(moment.num_seconds_from_midnight());
    Some(f64::from(months) + (seconds(end) - seconds(start)) as f64 / (31.0 * 86_400.0))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn days_are_parts_of_31() {
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap().and_time(NaiveTime::MIN);
        assert_eq!(between(day(1995, 2, 2), day(1995, 1, 1)), Some(1.0 + 1.0 / 31.0));
        assert_eq!(between(day(2002, 3, 31), day(2002, 2, 28)), Some(1.0));
        assert_eq!(between(day(2002, 1, 15), day(2002, 3, 15)), Some(-2.0));
    }
}
