//! Intervals as text: `1-2` for a year and two months, `3 04:05:06.000000000` for what is shorter than a month.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, DurationNanosecondType, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
};
use datafusion::error::Result;

const DAY: i128 = 86_400_000_000_000;

/// Texts of intervals and durations; `None` for arrays of another type.
pub(super) fn texts(array: &ArrayRef) -> Result<Option<StringArray>> {
    Ok(Some(match array.data_type() {
        DataType::Interval(_) => {
            let values = cast(array, &DataType::Interval(IntervalUnit::MonthDayNano))?;
            let values = values.as_primitive::<IntervalMonthDayNanoType>();
            let text = |months: i32, days: i32, nanoseconds: i64| {
                interval_text(months, i128::from(days) * DAY + i128::from(nanoseconds))
            };
            values.iter().map(|value| value.map(|value| text(value.months, value.days, value.nanoseconds))).collect()
        }
        DataType::Duration(_) => {
            let values = cast(array, &DataType::Duration(TimeUnit::Nanosecond))?;
            let values = values.as_primitive::<DurationNanosecondType>();
            values.iter().map(|value| value.map(|value| interval_text(0, i128::from(value)))).collect()
        }
        _ => return Ok(None),
    }))
}

/// Hive and Spark have two types of intervals, months and nanoseconds; one value that has both parts shows both.
fn interval_text(months: i32, nanoseconds: i128) -> String {
    let of_months = || {
        let sign = if months < 0 { "-" } else { "" };
        let months = months.unsigned_abs();
        format!("{sign}{}-{}", months / 12, months % 12)
    };
    let of_nanoseconds = || {
        let sign = if nanoseconds < 0 { "-" } else { "" };
        let rest = nanoseconds.unsigned_abs();
        let (day, second) = (DAY.unsigned_abs(), 1_000_000_000);
        let (seconds, fraction) = (rest % day / second, rest % second);
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        format!("{sign}{} {hours:02}:{minutes:02}:{:02}.{fraction:09}", rest / day, seconds % 60)
    };
    match (months, nanoseconds) {
        (0, _) => of_nanoseconds(),
        (_, 0) => of_months(),
        _ => format!("{} {}", of_months(), of_nanoseconds()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_read_as_hive_prints_them() {
        assert_eq!(interval_text(14, 0), "1-2");
        assert_eq!(interval_text(-14, 0), "-1-2");
        assert_eq!(interval_text(0, DAY + 3_723_000_000_004), "1 01:02:03.000000004");
        assert_eq!(interval_text(0, -DAY / 2), "-0 12:00:00.000000000");
        assert_eq!(interval_text(0, 0), "0 00:00:00.000000000");
        assert_eq!(interval_text(1, DAY), "0-1 1 00:00:00.000000000");
    }
}
