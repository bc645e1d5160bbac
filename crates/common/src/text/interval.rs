//! interval in text: `1 year 2 mons -3 days 04:05:06.7`, `@ 1 day ago`, ISO 8601's `P1Y2M3DT4H5M6.7S`
//! (<https://www.postgresql.org/docs/15/datatype-datetime.html#DATATYPE-INTERVAL-INPUT>).

use super::shorten;
use crate::{Diagnostic, sqlstate};

const MICROSECONDS_PER_SECOND: i64 = 1_000_000;
const MICROSECONDS_PER_DAY: i64 = 86_400 * MICROSECONDS_PER_SECOND;

/// A span of time, whose parts do not make up for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub months: i32,
    pub days: i32,
    /// Whole microseconds.
    pub nanoseconds: i64,
}

/// 22007 for a text that is no interval, 22008 for one that is too long.
pub fn interval(text: &str) -> Result<Interval, Diagnostic> {
    let bad = || {
        let message = format!("invalid input syntax for type interval: \"{}\"", shorten(text));
        Diagnostic::new(sqlstate::INVALID_DATETIME_FORMAT, message)
    };
    let trimmed = text.trim();
    let sum = match trimmed.strip_prefix(['P', 'p']) {
        Some(rest) => iso(rest),
        None => verbose(trimmed),
    };
    sum.ok_or_else(bad)?.finish().ok_or_else(out_of_range)
}

/// The parts so far; wide enough that no single part overflows while it is summed.
#[derive(Default)]
struct Sum {
    months: i64,
    days: i64,
    microseconds: i64,
}

impl Sum {
    /// Adds `whole` and `fraction` millionths of a unit; what does not fill a month or a day goes down, at 30 days a
    /// month and 24 hours a day, as in Postgres.
    fn add(&mut self, whole: i64, fraction: i64, unit: Unit) -> Option<()> {
        let (target, factor, below) = match unit {
            Unit::Months(months) => {
                let twelfths = fraction * months;
                self.months = self.months.checked_add(whole.checked_mul(months)?)?.checked_add(twelfths / 1_000_000)?;
                let rest = twelfths % 1_000_000;
                return self.add(rest * 30 / 1_000_000, rest * 30 % 1_000_000, Unit::Days(1));
            }
            Unit::Days(days) => (&mut self.days, days, MICROSECONDS_PER_DAY / 1_000_000),
            Unit::Microseconds(microseconds) => {
                let part = fraction.checked_mul(microseconds)? / 1_000_000;
                let whole = whole.checked_mul(microseconds)?;
                self.microseconds = self.microseconds.checked_add(whole)?.checked_add(part)?;
                return Some(());
            }
        };
        *target = target.checked_add(whole.checked_mul(factor)?)?;
        let parts = fraction * factor;
        *target = target.checked_add(parts / 1_000_000)?;
        self.microseconds = self.microseconds.checked_add(parts % 1_000_000 * below)?;
        Some(())
    }

    fn negate(&mut self) {
        self.months = self.months.saturating_neg();
        self.days = self.days.saturating_neg();
        self.microseconds = self.microseconds.saturating_neg();
    }

    fn finish(self) -> Option<Interval> {
        Some(Interval {
            months: i32::try_from(self.months).ok()?,
            days: i32::try_from(self.days).ok()?,
            nanoseconds: self.microseconds.checked_mul(1_000)?,
        })
    }
}

/// What one of a unit is.
#[derive(Clone, Copy)]
enum Unit {
    Months(i64),
    Days(i64),
    Microseconds(i64),
}

/// The names of each unit, which may come once in a text.
static UNITS: [(&[&str], Unit); 12] = [
    (&["millennium", "millennia", "mil", "mils"], Unit::Months(12_000)),
    (&["century", "centuries", "cent", "c"], Unit::Months(1_200)),
    (&["decade", "decades", "dec", "decs"], Unit::Months(120)),
    (&["year", "years", "yr", "yrs", "y"], Unit::Months(12)),
    (&["month", "months", "mon", "mons"], Unit::Months(1)),
    (&["week", "weeks", "w"], Unit::Days(7)),
    (&["day", "days", "d"], Unit::Days(1)),
    (&["hour", "hours", "hr", "hrs", "h"], Unit::Microseconds(3_600 * MICROSECONDS_PER_SECOND)),
    (&["minute", "minutes", "min", "mins", "m"], Unit::Microseconds(60 * MICROSECONDS_PER_SECOND)),
    (&["second", "seconds", "sec", "secs", "s"], Unit::Microseconds(MICROSECONDS_PER_SECOND)),
    (&["millisecond", "milliseconds", "ms", "msec", "msecs"], Unit::Microseconds(1_000)),
    (&["microsecond", "microseconds", "us", "usec", "usecs"], Unit::Microseconds(1)),
];

fn unit(word: &str) -> Option<(usize, Unit)> {
    let index = UNITS.iter().position(|(names, _)| names.iter().any(|name| name.eq_ignore_ascii_case(word)))?;
    Some((index, UNITS[index].1))
}

fn verbose(text: &str) -> Option<Sum> {
    let text = text.strip_prefix('@').unwrap_or(text).trim();
    let (text, ago) = match text.strip_suffix("ago") {
        Some(rest) => (rest.trim_end(), true),
        None => (text, false),
    };
    if text.is_empty() {
        return None;
    }
    let mut sum = Sum::default();
    let mut seen = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word_end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        if rest[..word_end].contains(':') {
            sum.microseconds = sum.microseconds.checked_add(clock(&rest[..word_end])?)?;
            rest = rest[word_end..].trim_start();
            continue;
        }
        let (whole, fraction, after) = number(rest)?;
        let after = after.trim_start();
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        // A number alone counts seconds.
        let name = if unit_end == 0 { "s" } else { &after[..unit_end] };
        let (index, unit) = unit(name)?;
        if seen.contains(&index) {
            return None;
        }
        seen.push(index);
        sum.add(whole, fraction, unit)?;
        rest = after[unit_end..].trim_start();
    }
    if ago {
        sum.negate();
    }
    Some(sum)
}

/// `P1Y2M10DT2H30M`, without its `P`.
fn iso(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let mut in_time = false;
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(['T', 't']) {
            in_time = true;
            rest = after;
            continue;
        }
        let (whole, fraction, after) = number(rest)?;
        let mut letters = after.chars();
        let unit = match (letters.next()?.to_ascii_uppercase(), in_time) {
            ('Y', false) => Unit::Months(12),
            ('M', false) => Unit::Months(1),
            ('W', false) => Unit::Days(7),
            ('D', false) => Unit::Days(1),
            ('H', true) => Unit::Microseconds(3_600 * MICROSECONDS_PER_SECOND),
            ('M', true) => Unit::Microseconds(60 * MICROSECONDS_PER_SECOND),
            ('S', true) => Unit::Microseconds(MICROSECONDS_PER_SECOND),
            _ => return None,
        };
        sum.add(whole, fraction, unit)?;
        rest = letters.as_str();
    }
    if text.is_empty() { None } else { Some(sum) }
}

/// A signed number: its whole part, its millionths, and what follows it.
fn number(text: &str) -> Option<(i64, i64, &str)> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
    let (whole_digits, mut rest) = unsigned.split_at(end);
    let mut millionths = 0;
    if let Some(after) = rest.strip_prefix('.') {
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        millionths = fraction(&after[..end]);
        if end == 0 && whole_digits.is_empty() {
            return None;
        }
        rest = &after[end..];
    } else if whole_digits.is_empty() {
        return None;
    }
    let whole: i64 = if whole_digits.is_empty() { 0 } else { whole_digits.parse().ok()? };
    Some(if negative { (-whole, -millionths, rest) } else { (whole, millionths, rest) })
}

/// `04:05`, `-04:05:06.7`: hours and minutes, perhaps seconds.
fn clock(text: &str) -> Option<i64> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut parts = unsigned.split(':');
    let hours: u32 = parts.next()?.parse().ok()?;
    let minutes: u32 = parts.next()?.parse().ok()?;
    let (seconds, fraction, rest) = parts.next().map_or(Some((0, 0, "")), number)?;
    if parts.next().is_some() || !rest.is_empty() || minutes > 59 || !(0..=59).contains(&seconds) {
        return None;
    }
    let value = (i64::from(hours) * 3_600 + i64::from(minutes) * 60 + seconds).checked_mul(MICROSECONDS_PER_SECOND)?;
    let value = value.checked_add(fraction)?;
    Some(if negative { -value } else { value })
}

fn out_of_range() -> Diagnostic {
    Diagnostic::new(sqlstate::DATETIME_FIELD_OVERFLOW, "interval out of range")
}

/// The digits after the point in microseconds, rounded to the nearest, a half to the even one.
pub fn fraction(digits: &str) -> i64 {
    let mut value = 0;
    let mut bytes = digits.bytes();
    for _ in 0..6 {
        value = value * 10 + bytes.next().map_or(0, |digit| i64::from(digit - b'0'));
    }
    let rounds_up = match bytes.next() {
        Some(b'5') => value % 2 == 1 || bytes.any(|digit| digit != b'0'),
        Some(digit) => digit > b'5',
        None => false,
    };
    value + i64::from(rounds_up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_as_they_are_printed() {
        let read = |text: &str| interval(text).map(|span| (span.months, span.days, span.nanoseconds / 1_000)).ok();
        assert_eq!(read("1 year 2 mons 3 days 04:05:06.5"), Some((14, 3, 14_706_500_000)));
        assert_eq!(read("-1 days"), Some((0, -1, 0)));
        assert_eq!(read("00:00:00"), Some((0, 0, 0)));
        assert_eq!(read("@ 1 day 2 hours ago"), Some((0, -1, -7_200_000_000)));
        assert_eq!(read("P1Y2M3DT4H5M6.5S"), read("1 year 2 mons 3 days 04:05:06.5"));
        assert_eq!(read("1.5 months"), Some((1, 15, 0)));
        for bad in ["", "3 lightyears", "1 day 1 day", "P", "1:2:3:4", "100000000000 years"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
