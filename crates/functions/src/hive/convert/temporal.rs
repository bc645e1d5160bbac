//! Values as dates and timestamps.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType};
use datafusion::error::Result;

use super::text;
use crate::types::is_text;

/// As timestamps without a zone. One with a zone is what a clock in `zone` shows; numbers are seconds since 1970.
pub(crate) fn timestamps(array: &ArrayRef, zone: &Tz) -> Result<Vec<Option<NaiveDateTime>>> {
    Ok(match array.data_type() {
        DataType::Null => vec![None; array.len()],
        DataType::Date32 | DataType::Date64 => {
            dates(array, zone)?.into_iter().map(|date| date.map(|date| date.and_time(NaiveTime::MIN))).collect()
        }
        DataType::Timestamp(unit, stored) => {
            let local = |instant: DateTime<Utc>| match stored {
                Some(_) => instant.with_timezone(zone).naive_local(),
                None => instant.naive_utc(),
            };
            if *unit == TimeUnit::Nanosecond {
                let values = array.as_primitive::<TimestampNanosecondType>();
                values.iter().map(|value| value.map(|value| local(DateTime::from_timestamp_nanos(value)))).collect()
            } else {
                let values = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, stored.clone()))?;
                let values = values.as_primitive::<TimestampMicrosecondType>();
                values.iter().map(|value| value.and_then(DateTime::from_timestamp_micros).map(local)).collect()
            }
        }
        other if is_text(other) => {
            let texts = text::texts(array, zone)?;
            texts.iter().map(|text| text.and_then(parse_timestamp)).collect()
        }
        _ => vec![None; array.len()],
    })
}

/// As dates; of a timestamp the day.
pub(crate) fn dates(array: &ArrayRef, zone: &Tz) -> Result<Vec<Option<NaiveDate>>> {
    Ok(match array.data_type() {
        DataType::Date32 => array.as_primitive::<Date32Type>().iter().map(|value| value.and_then(from_days)).collect(),
        DataType::Date64 => return dates(&cast(array, &DataType::Date32)?, zone),
        other if is_text(other) => {
            let texts = text::texts(array, zone)?;
            texts.iter().map(|text| text.and_then(parse_date)).collect()
        }
        _ => timestamps(array, zone)?.into_iter().map(|value| value.map(|value| value.date())).collect(),
    })
}

/// Days since 1970.
pub(crate) fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - 719_163
}

/// The date so many days after 1970 began.
pub(crate) fn from_days(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(days.checked_add(719_163)?)
}

/// `2009-07-30`, also `2009-7-3`, and what follows after a space or a T.
pub(crate) fn parse_date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let end = text.find([' ', 'T']).unwrap_or(text.len());
    day(&text[..end])
}

fn day(text: &str) -> Option<NaiveDate> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut parts = rest.split('-');
    let year = digits(parts.next()?, 4, 6)?;
    let month = parts.next().map_or(Some(1), |part| digits(part, 1, 2))?;
    let day = parts.next().map_or(Some(1), |part| digits(part, 1, 2))?;
    match parts.next() {
        None if rest.contains('-') => NaiveDate::from_ymd_opt(sign * year as i32, month, day),
        _ => None,
    }
}

fn digits(text: &str, fewest: usize, most: usize) -> Option<u32> {
    let fits = (fewest..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// `2009-07-30 12:58:59.123456789`; the time may be missing, and so may its seconds.
pub(crate) fn parse_timestamp(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    let Some(end) = text.find([' ', 'T']) else { return Some(day(text)?.and_time(NaiveTime::MIN)) };
    let date = day(&text[..end])?;
    let time = text[end + 1..].trim_start();
    let time = time.strip_suffix('Z').unwrap_or(time);
    Some(date.and_time(parse_time(time)?))
}

/// `12:58:59.123456789`
pub(crate) fn parse_time(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 1, 2)?;
    let minute = digits(parts.next()?, 1, 2)?;
    let second = parts.next().map_or(Some(0), |part| digits(part, 1, 2))?;
    if parts.next().is_some() {
        return None;
    }
    let nanosecond = match fraction {
        None | Some("") => 0,
        Some(fraction) if fraction.len() <= 9 => digits(fraction, 1, 9)? * 10u32.pow(9 - fraction.len() as u32),
        Some(fraction) => digits(fraction.get(..9)?, 9, 9)?,
    };
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanosecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_from_what_holds_one() {
        let expected = NaiveDate::from_ymd_opt(2009, 7, 3);
        for text in
            ["2009-07-03", "2009-7-3", " 2009-07-03 ", "2009-07-03 12:00:00", "2009-07-03T12:00:00", "2009-07-03 x"]
        {
            assert_eq!(parse_date(text), expected, "{text}");
        }
        for text in ["", "2009", "2009-02-30", "09-07-03", "2009/07/03", "2009-07-03x", "2009-07-03-1", "x"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(days(expected.unwrap()), 14428);
        assert_eq!(from_days(14428), expected);
    }

    #[test]
    fn times_may_be_short() {
        let at = |hour, minute, second, nano| {
            NaiveDate::from_ymd_opt(2009, 7, 3).unwrap().and_hms_nano_opt(hour, minute, second, nano)
        };
        assert_eq!(parse_timestamp("2009-07-03"), at(0, 0, 0, 0));
        assert_eq!(parse_timestamp("2009-07-03 4:05"), at(4, 5, 0, 0));
        assert_eq!(parse_timestamp("2009-07-03 04:05:06.7"), at(4, 5, 6, 700_000_000));
        assert_eq!(parse_timestamp("2009-07-03T04:05:06.1234567891"), at(4, 5, 6, 123_456_789));
        for text in ["13:14:15", "2009-07-03 25:00:00", "2009-07-03 x", "2009-07-03 1"] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }
}
