//! Days and clock times as Postgres's ISO style writes them: the proleptic Gregorian calendar, any year that fits.
//!
//! chrono's range is narrower than both Arrow's and Postgres's, so the calendar is computed here, by Howard Hinnant's
//! algorithms (<https://howardhinnant.github.io/date_algorithms.html>).

use arrow::array::timezone::Tz;
use bytes::{BufMut, BytesMut};
use chrono::{DateTime, Offset, TimeZone};

pub(crate) const MICROSECONDS_PER_SECOND: i64 = 1_000_000;
pub(crate) const MICROSECONDS_PER_DAY: i64 = 86_400 * MICROSECONDS_PER_SECOND;

/// Postgres's first day, 4714-11-24 BC, where the Julian count begins.
pub(crate) const FIRST_DAY: i64 = -2_440_588;
/// The day after Postgres's last date, 5874897-12-31.
pub(crate) const DATES_END: i64 = 2_145_042_906;

/// The year (0 is 1 BC), month and day of a number of days since 1970-01-01.
pub(crate) fn civil_of_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = (if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 }) as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days since 1970-01-01, or `None` for a day that is not in the calendar.
pub(crate) fn days_of_civil(year: i64, month: u32, day: u32) -> Option<i64> {
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let (month, day) = (i64::from(month), i64::from(day));
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Writes `2026-11-23`; gives true for a year BC, whose mark stands at the very end.
pub(crate) fn put_date(days: i64, out: &mut BytesMut) -> bool {
    let (year, month, day) = civil_of_days(days);
    let before_christ = year <= 0;
    let year = if before_christ { 1 - year } else { year };
    if year < 10_000 {
        put_two((year / 100) as u32, out);
        put_two((year % 100) as u32, out);
    } else {
        out.put_slice(itoa::Buffer::new().format(year).as_bytes());
    }
    out.put_u8(b'-');
    put_two(month, out);
    out.put_u8(b'-');
    put_two(day, out);
    before_christ
}

/// Writes `13:14:15.5` from the microseconds since midnight.
pub(crate) fn put_time(microseconds: i64, out: &mut BytesMut) {
    let seconds = microseconds / MICROSECONDS_PER_SECOND;
    put_two((seconds / 3_600) as u32, out);
    out.put_u8(b':');
    put_two((seconds / 60 % 60) as u32, out);
    out.put_u8(b':');
    put_two((seconds % 60) as u32, out);
    put_fraction((microseconds % MICROSECONDS_PER_SECOND) as u32, out);
}

/// Writes `.5` for 500,000, nothing for 0.
pub(crate) fn put_fraction(microseconds: u32, out: &mut BytesMut) {
    if microseconds == 0 {
        return;
    }
    let mut digits = [b'0'; 6];
    let mut rest = microseconds;
    for digit in digits.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    let length = digits.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    out.put_u8(b'.');
    out.put_slice(&digits[..length]);
}

pub(crate) fn put_two(value: u32, out: &mut BytesMut) {
    if value < 100 {
        out.put_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
    } else {
        out.put_slice(itoa::Buffer::new().format(value).as_bytes());
    }
}

/// Writes an offset from UTC as `+01`, `-03:30` or `+00:34:08`.
pub(crate) fn put_offset(seconds: i32, out: &mut BytesMut) {
    out.put_u8(if seconds < 0 { b'-' } else { b'+' });
    let seconds = seconds.unsigned_abs();
    put_two(seconds / 3_600, out);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    if minutes != 0 || rest != 0 {
        out.put_u8(b':');
        put_two(minutes, out);
    }
    if rest != 0 {
        out.put_u8(b':');
        put_two(rest, out);
    }
}

/// A session's time zone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Zone {
    Utc,
    Named(Tz),
}

impl Zone {
    /// UTC for a name that is not known: the setting was checked when it was made.
    pub(crate) fn parse(name: &str) -> Self {
        match name {
            "UTC" => Zone::Utc,
            other => other.parse().map_or(Zone::Utc, Zone::Named),
        }
    }

    /// The offset from UTC in seconds at a moment in microseconds since 1970.
    pub(crate) fn offset_at(self, microseconds: i64) -> i32 {
        let Zone::Named(zone) = self else { return 0 };
        // Beyond chrono's years the rules of the nearest year it knows apply.
        let seconds = microseconds.div_euclid(MICROSECONDS_PER_SECOND);
        let nearest =
            seconds.clamp(DateTime::<chrono::Utc>::MIN_UTC.timestamp(), DateTime::<chrono::Utc>::MAX_UTC.timestamp());
        match DateTime::from_timestamp(nearest, 0) {
            Some(moment) => zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc(),
            None => 0,
        }
    }

    /// The moment at which this zone's clocks show `local` microseconds. A time that the clocks skip is read with the
    /// offset from before the change, one that they show twice with the offset from after it, as in Postgres.
    pub(crate) fn moment_of(self, local: i64) -> i64 {
        let Zone::Named(_) = self else { return local };
        let before = self.offset_at(local.saturating_sub(MICROSECONDS_PER_DAY));
        let after = self.offset_at(local.saturating_add(MICROSECONDS_PER_DAY));
        let with = |offset: i32| local.saturating_sub(i64::from(offset) * MICROSECONDS_PER_SECOND);
        if self.offset_at(with(after)) == after { with(after) } else { with(before) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut BytesMut)) -> String {
        let mut out = BytesMut::new();
        write(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn every_day_of_a_thousand_years_round_trips() {
        for days in -200_000..200_000 {
            let (year, month, day) = civil_of_days(days);
            assert_eq!(days_of_civil(year, month, day), Some(days));
        }
        assert_eq!(days_of_civil(2023, 2, 29), None);
        assert_eq!(days_of_civil(1900, 2, 29), None);
        assert_eq!(days_of_civil(2000, 13, 1), None);
        assert_eq!(days_of_civil(2000, 2, 29), Some(11_016));
    }

    #[test]
    fn dates_and_times_read_as_in_postgres() {
        assert_eq!(text(|out| assert!(!put_date(20_780, out))), "2026-11-23");
        assert_eq!(text(|out| assert!(put_date(-735_160, out))), "0044-03-15");
        assert_eq!(text(|out| assert!(!put_date(2_932_897, out))), "10000-01-01");
        assert_eq!(text(|out| put_time(3_723_500_000, out)), "01:02:03.5");
        assert_eq!(text(|out| put_time(MICROSECONDS_PER_DAY, out)), "24:00:00");
        assert_eq!(text(|out| put_offset(-12_600, out)), "-03:30");
        assert_eq!(text(|out| put_offset(2_048, out)), "+00:34:08");
        assert_eq!(text(|out| put_offset(0, out)), "+00");
    }

    #[test]
    fn clocks_that_skip_or_repeat_an_hour() {
        let zone = Zone::parse("Europe/Zurich");
        let micros = |day: i64, hour: i64, minute: i64| {
            day * MICROSECONDS_PER_DAY + (hour * 3_600 + minute * 60) * MICROSECONDS_PER_SECOND
        };
        let march = days_of_civil(2026, 3, 29).unwrap();
        let october = days_of_civil(2026, 10, 25).unwrap();
        assert_eq!(zone.moment_of(micros(march, 1, 30)), micros(march, 0, 30));
        // 02:30 does not exist: read with winter's offset it is 03:30 in summer.
        assert_eq!(zone.moment_of(micros(march, 2, 30)), micros(march, 1, 30));
        assert_eq!(zone.moment_of(micros(march, 3, 30)), micros(march, 1, 30));
        // 02:30 comes twice: the second is meant.
        assert_eq!(zone.moment_of(micros(october, 2, 30)), micros(october, 1, 30));
        assert_eq!(zone.moment_of(micros(october, 12, 0)), micros(october, 11, 0));
        assert_eq!(zone.offset_at(micros(march, 12, 0)), 7_200);
    }
}
