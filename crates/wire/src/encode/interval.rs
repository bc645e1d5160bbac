//! interval: months, days and microseconds, kept apart as in Postgres; text in the style `postgres`.

use arrow::datatypes::{IntervalDayTime, IntervalMonthDayNano};
use bytes::{BufMut, BytesMut};

use crate::calendar::{self, MICROSECONDS_PER_SECOND};

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    months: i32,
    days: i32,
    microseconds: i64,
}

impl Span {
    pub(super) fn of_microseconds(microseconds: i64) -> Self {
        Self { months: 0, days: 0, microseconds }
    }

    /// As `EncodeInterval` writes it: `1 year 2 mons -3 days +04:05:06.7`.
    pub(super) fn put_text(self, out: &mut BytesMut) {
        let mut empty = true;
        let mut after_negative = false;
        for (value, unit) in [(self.months / 12, "year"), (self.months % 12, "mon"), (self.days, "day")] {
            if value == 0 {
                continue;
            }
            if !empty {
                out.put_u8(b' ');
            }
            if after_negative && value > 0 {
                out.put_u8(b'+');
            }
            out.put_slice(itoa::Buffer::new().format(value).as_bytes());
            out.put_u8(b' ');
            out.put_slice(unit.as_bytes());
            if value != 1 {
                out.put_u8(b's');
            }
            empty = false;
            after_negative = value < 0;
        }
        if !empty && self.microseconds == 0 {
            return;
        }
        if !empty {
            out.put_u8(b' ');
        }
        if self.microseconds < 0 {
            out.put_u8(b'-');
        } else if after_negative {
            out.put_u8(b'+');
        }
        put_clock(self.microseconds.unsigned_abs(), out);
    }

    pub(super) fn put_binary(self, out: &mut BytesMut) {
        out.put_i64(self.microseconds);
        out.put_i32(self.days);
        out.put_i32(self.months);
    }
}

/// `04:05:06.7`; hours may have any number of digits.
fn put_clock(microseconds: u64, out: &mut BytesMut) {
    let seconds = microseconds / MICROSECONDS_PER_SECOND as u64;
    let hours = seconds / 3_600;
    if hours < 100 {
        calendar::put_two(hours as u32, out);
    } else {
        out.put_slice(itoa::Buffer::new().format(hours).as_bytes());
    }
    out.put_u8(b':');
    calendar::put_two((seconds / 60 % 60) as u32, out);
    out.put_u8(b':');
    calendar::put_two((seconds % 60) as u32, out);
    calendar::put_fraction((microseconds % MICROSECONDS_PER_SECOND as u64) as u32, out);
}

impl From<i32> for Span {
    /// Arrow's YearMonth interval is a number of months.
    fn from(months: i32) -> Self {
        Self { months, days: 0, microseconds: 0 }
    }
}

impl From<IntervalDayTime> for Span {
    fn from(value: IntervalDayTime) -> Self {
        Self { months: 0, days: value.days, microseconds: i64::from(value.milliseconds) * 1_000 }
    }
}

impl From<IntervalMonthDayNano> for Span {
    /// Postgres counts in microseconds: what is below is cut off.
    fn from(value: IntervalMonthDayNano) -> Self {
        Self { months: value.months, days: value.days, microseconds: value.nanoseconds / 1_000 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_postgres_own() {
        let text = |months, days, microseconds| {
            let mut out = BytesMut::new();
            Span { months, days, microseconds }.put_text(&mut out);
            String::from_utf8(out.to_vec()).unwrap()
        };
        assert_eq!(text(0, 0, 0), "00:00:00");
        assert_eq!(text(14, 3, 14_706_700_000), "1 year 2 mons 3 days 04:05:06.7");
        assert_eq!(text(-1, 1, -1_000_000), "-1 mons +1 day -00:00:01");
        assert_eq!(text(0, -1, 1_000_000), "-1 days +00:00:01");
        assert_eq!(text(-12, 0, 0), "-1 years");
        assert_eq!(text(0, 0, -3_600_000_000 * 200), "-200:00:00");
        assert_eq!(text(0, 2, 0), "2 days");
        assert_eq!(text(0, 0, i64::MIN), "-2562047788:00:54.775808");
    }
}
