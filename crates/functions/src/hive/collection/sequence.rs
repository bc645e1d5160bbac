//! Spark's `sequence(start, stop [, step])` of whole numbers, dates and timestamps.

use std::sync::Arc;

use chrono::{Months, NaiveDateTime, TimeDelta};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Builder, ListBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::error::Result;

use super::SECTION;
use super::list_column::item_of;
use crate::hive::call::Call;
use crate::hive::convert::common::common_type;
use crate::hive::convert::temporal;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

/// How many elements a batch of results may have.
const ELEMENTS_MAX: usize = 1 << 27;

static SEQUENCE: Definition = Definition {
    name: "sequence",
    arguments: &[
        ("start", Kind::Any, "The first: a whole number, a date or a timestamp."),
        ("stop", Kind::Any, "What no element goes beyond."),
        (
            "step",
            Kind::Any,
            "How far elements lie apart: a number, or an interval. 1 or -1, or a day, if it is not given.",
        ),
    ],
    required: 2,
    result: |planned| {
        let found = common_type([planned.data_type(0), planned.data_type(1)]);
        let step = planned.data_type(2);
        let whole = |data_type: &DataType| data_type.is_integer() || data_type.is_null();
        let by_time = planned.fields.len() == 2 || matches!(step, DataType::Interval(_) | DataType::Null);
        match found {
            Some(item) if whole(&item) && whole(step) => Ok(DataType::new_list(widest(planned, item), true)),
            Some(item @ DataType::Date32) if by_time => Ok(DataType::new_list(item, true)),
            Some(DataType::Timestamp(..)) if by_time => {
                Ok(DataType::new_list(DataType::Timestamp(TimeUnit::Microsecond, None), true))
            }
            _ => Err(planned.refuse()),
        }
    },
    run: sequence,
    section: &SECTION,
    description: "An array of values that lie equally far apart.",
    example: "SELECT sequence(1, 5, 2); -- [1,3,5]",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&SEQUENCE];

fn widest(planned: &Planned, item: DataType) -> DataType {
    common_type([&item, planned.data_type(2)]).filter(|found| !found.is_null()).unwrap_or(DataType::Int32)
}

fn sequence(call: &Call) -> Result<ArrayRef> {
    let item = item_of(call.result_type());
    let lists = if item.is_integer() { of_numbers(call)? } else { of_times(call, item == DataType::Date32)? };
    let lists: ArrayRef = Arc::new(lists);
    Ok(match item {
        // Days fit in 32 bits, and are no date before.
        DataType::Date32 => cast(&cast(&lists, &DataType::new_list(DataType::Int32, true))?, call.result_type())?,
        _ => cast(&lists, call.result_type())?,
    })
}

fn of_numbers(call: &Call) -> Result<datafusion::arrow::array::ListArray> {
    let (starts, stops, steps) = (call.whole(0)?, call.whole(1)?, call.whole(2)?);
    let mut lists = ListBuilder::new(Int64Builder::new());
    for row in 0..call.rows {
        let (Some(start), Some(stop)) = (starts.get(row), stops.get(row)) else {
            lists.append(false);
            continue;
        };
        let step = match (call.has(2), steps.get(row)) {
            (true, None) => {
                lists.append(false);
                continue;
            }
            (true, Some(step)) => step,
            (false, _) => {
                if start <= stop {
                    1
                } else {
                    -1
                }
            }
        };
        if (step == 0 && start != stop) || (step > 0 && start > stop) || (step < 0 && start < stop) {
            return Err(call.invalid(format!("a sequence from {start} to {stop} by {step}")));
        }
        let mut next = Some(start);
        while let Some(value) = next.filter(|value| if step >= 0 { *value <= stop } else { *value >= stop }) {
            lists.values().append_value(value);
            full(call, lists.values())?;
            next = if step == 0 { None } else { value.checked_add(step) };
        }
        lists.append(true);
    }
    Ok(lists.finish())
}

fn of_times(call: &Call, dates: bool) -> Result<datafusion::arrow::array::ListArray> {
    let (starts, stops) = (call.timestamp(0)?, call.timestamp(1)?);
    let steps = match call.has(2) && !call.data_type(2).is_null() {
        true => Some(cast(&call.array(2)?, &DataType::Interval(IntervalUnit::MonthDayNano))?),
        false => None,
    };
    let mut lists = ListBuilder::new(Int64Builder::new());
    for row in 0..call.rows {
        let step = match (&steps, call.has(2)) {
            (Some(steps), _) => steps.is_valid(row).then(|| {
                let step = steps.as_primitive::<IntervalMonthDayNanoType>().value(row);
                (step.months, i64::from(step.days), step.nanoseconds)
            }),
            (None, true) => None,
            (None, false) => Some((0, if starts.get(row) <= stops.get(row) { 1 } else { -1 }, 0)),
        };
        let (Some(start), Some(stop), Some(step)) = (starts.get(row), stops.get(row), step) else {
            lists.append(false);
            continue;
        };
        let forward = after(start, step, 1).is_some_and(|next| next > start);
        let backward = after(start, step, 1).is_some_and(|next| next < start);
        if (start < stop && !forward) || (start > stop && !backward) {
            return Err(call.invalid(format!("a step that does not lead from {start} to {stop}")));
        }
        // Each is counted from the start, so that months of 31 days stay at their ends.
        for count in 0.. {
            let Some(value) = after(start, step, count) else { break };
            if (value > stop && !backward) || (value < stop && backward) {
                break;
            }
            lists.values().append_value(match dates {
                true => i64::from(temporal::days(value.date())),
                false => value.and_utc().timestamp_micros(),
            });
            full(call, lists.values())?;
            if !forward && !backward {
                break;
            }
        }
        lists.append(true);
    }
    Ok(lists.finish())
}

fn full(call: &Call, values: &Int64Builder) -> Result<()> {
    use datafusion::arrow::array::ArrayBuilder as _;
    match values.len() > ELEMENTS_MAX {
        true => Err(call.invalid(format!("more than {ELEMENTS_MAX} elements in a batch of rows"))),
        false => Ok(()),
    }
}

/// The moment that lies `count` steps of months, days and nanoseconds behind another.
fn after(start: NaiveDateTime, (months, days, nanoseconds): (i32, i64, i64), count: i64) -> Option<NaiveDateTime> {
    let months = i64::from(months).checked_mul(count)?;
    let moved = match u32::try_from(months.unsigned_abs()).ok()? {
        0 => start,
        far if months > 0 => start.checked_add_months(Months::new(far))?,
        far => start.checked_sub_months(Months::new(far))?,
    };
    let moved = moved.checked_add_signed(TimeDelta::try_days(days.checked_mul(count)?)?)?;
    moved.checked_add_signed(TimeDelta::nanoseconds(nanoseconds.checked_mul(count)?))
}
