//! `trunc(date, unit)`, `trunc(number [, places])`, and Spark's `date_trunc(unit, timestamp)`.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::Result;

use super::SECTION;
use super::floor::{Unit, floor};
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, Planned};
use crate::hive::math::{Mode, to_places, with_places};

static TRUNC: Definition = Definition {
    name: "trunc",
    arguments: &[
        ("value", Kind::Any, "A date, a timestamp, text that is read as a date, or a number."),
        (
            "unit",
            Kind::Primitive,
            "Of a date: `YEAR`, `YYYY`, `YY`, `QUARTER`, `Q`, `MONTH`, `MON`, `MM` or `WEEK`. Of a number: how many places are kept, 0 if not given.",
        ),
    ],
    required: 1,
    result,
    run,
    section: &SECTION,
    description: "The first day of a date's year, quarter, month or week; of a number what is left without further places.",
    example: "SELECT trunc('2009-02-12', 'MM'), trunc(1234.567, 1); -- 2009-02-01, 1234.5",
    ..BASE
};

static DATE_TRUNC: Definition = Definition {
    name: "date_trunc",
    arguments: &[
        ("unit", Kind::Primitive, "`YEAR`, `QUARTER`, `MONTH`, `WEEK`, `DAY`, `HOUR`, `MINUTE` or `SECOND`."),
        ("timestamp", Kind::Temporal, "A timestamp, a date or text."),
    ],
    result: |planned: &Planned| {
        Ok(match planned.data_type(1) {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => DataType::Timestamp(TimeUnit::Nanosecond, None),
            _ => DataType::Timestamp(TimeUnit::Microsecond, None),
        })
    },
    run: |call| {
        let (units, moments) = (call.text(0)?, call.timestamp(1)?);
        call.timestamps(|row| floor(moments.get(row)?, unit(units.get(row)?)?))
    },
    section: &SECTION,
    description: "The beginning of the unit in which a moment lies. NULL for a unit that is unknown.",
    example: "SELECT date_trunc('HOUR', '2009-07-30 12:58:59'); -- 2009-07-30 12:00:00",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&TRUNC];
pub(super) static SPARK: &[&Definition] = &[&DATE_TRUNC];

fn result(planned: &Planned) -> Result<DataType> {
    let value = planned.data_type(0);
    // Text beside a number of places is a number; beside a unit it is a date.
    let number = value.is_numeric() || planned.fields.len() == 1 || planned.data_type(1).is_numeric();
    match number {
        true if value.is_nested() || value.is_temporal() => Err(planned.refuse()),
        true => with_places(planned),
        false if value.is_nested() => Err(planned.refuse()),
        false => Ok(DataType::Date32),
    }
}

fn run(call: &Call) -> Result<ArrayRef> {
    if call.result_type() != &DataType::Date32 {
        return to_places(call, Mode::Cut);
    }
    let (dates, units) = (call.date(0)?, call.text(1)?);
    call.dates(|row| {
        let unit = unit(units.get(row)?)?;
        let whole = matches!(unit, Unit::Year | Unit::Quarter | Unit::Month | Unit::Week);
        if !whole {
            return None;
        }
        Some(floor(dates.get(row)?.and_time(chrono::NaiveTime::MIN), unit)?.date())
    })
}

fn unit(name: &str) -> Option<Unit> {
    Some(match name.to_ascii_uppercase().as_str() {
        "YEAR" | "YYYY" | "YY" => Unit::Year,
        "QUARTER" | "Q" => Unit::Quarter,
        "MONTH" | "MON" | "MM" => Unit::Month,
        "WEEK" => Unit::Week,
        "DAY" | "DD" => Unit::Day,
        "HOUR" => Unit::Hour,
        "MINUTE" => Unit::Minute,
        "SECOND" => Unit::Second,
        _ => return None,
    })
}
