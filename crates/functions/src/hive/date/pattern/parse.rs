//! Text read as a pattern says.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::zone::Zone;
use super::{DAYS, MONTHS, Part, Pattern};

/// What was read: a clock's time, and where the clock stands if the text says so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Parsed {
    pub local: NaiveDateTime,
    pub zone: Option<Zone>,
}

#[derive(Default)]
struct Fields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: Option<i64>,
    /// The hour of the half day.
    half_hour: Option<i64>,
    afternoon: Option<bool>,
    minute: Option<i64>,
    second: Option<i64>,
    nanosecond: Option<i64>,
    before_christ: bool,
    zone: Option<Zone>,
}

impl Pattern {
    /// The time that `text` says; `None` where it does not fit.
    pub fn parse(&self, text: &str) -> Option<Parsed> {
        let mut rest = text;
        let mut fields = Fields::default();
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
                Part::Field(letter, count) => {
                    let touching =
                        matches!(self.parts.get(index + 1), Some(Part::Field(next, many)) if numeric(*next, *many));
                    rest = self.read(*letter, *count, touching, rest, &mut fields)?;
                }
            }
        }
        if !self.lenient && !rest.is_empty() {
            return None;
        }
        let zone = fields.zone;
        let local = if self.lenient { resolve_leniently(&fields)? } else { resolve(&fields)? };
        Some(Parsed { local, zone })
    }

    fn read<'a>(
        &self,
        letter: char,
        count: usize,
        touching: bool,
        text: &'a str,
        fields: &mut Fields,
    ) -> Option<&'a str> {
        if !numeric(letter, count) {
            return self.word(letter, count, text, fields);
        }
        let text = if self.lenient { text.trim_start_matches([' ', '\t']) } else { text };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) if self.lenient || letter == 'y' => (true, rest),
            _ => (false, text),
        };
        let most = match (self.lenient, touching, count) {
            (_, true, _) => count,
            (true, ..) => 18,
            (false, false, 1) => 18,
            (false, false, _) if letter == 'y' && count >= 4 => 9,
            (false, ..) => count,
        };
        let length = digits.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let fewest = if self.lenient { 1 } else { count };
        if length < fewest {
            return None;
        }
        let (digits, rest) = digits.split_at(length);
        let mut value: i64 = digits.parse().ok()?;
        if letter == 'y' && count == 2 && length == 2 {
            value = self.century(value);
        }
        if letter == 'S' && !self.lenient {
            value *= 10i64.checked_pow(9u32.checked_sub(length as u32)?)?;
        } else if letter == 'S' {
            value = value.checked_mul(1_000_000)?;
        }
        let value = if negative { -value } else { value };
        let place = match letter {
            'y' | 'Y' => &mut fields.year,
            'M' | 'L' => &mut fields.month,
            'd' => &mut fields.day,
            'D' => &mut fields.day_of_year,
            'H' => &mut fields.hour,
            'k' => {
                fields.hour = Some(if value == 24 { 0 } else { value });
                return Some(rest);
            }
            'K' => &mut fields.half_hour,
            'h' => {
                fields.half_hour = Some(if value == 12 { 0 } else { value });
                return Some(rest);
            }
            'm' => &mut fields.minute,
            's' => &mut fields.second,
            'S' => &mut fields.nanosecond,
            // Weeks and weekdays say nothing beside a date.
            _ => return Some(rest),
        };
        *place = Some(value);
        Some(rest)
    }

    /// Java's two digits mean a year from 80 years ago on; those of its newer formatter one from 2000 on.
    fn century(&self, year: i64) -> i64 {
        if !self.lenient {
            return 2000 + year;
        }
        let first = i64::from(Utc::now().year()) - 80;
        let candidate = first - first.rem_euclid(100) + year;
        if candidate < first { candidate + 100 } else { candidate }
    }

    fn word<'a>(&self, letter: char, count: usize, text: &'a str, fields: &mut Fields) -> Option<&'a str> {
        match letter {
            'M' | 'L' => {
                let (month, rest) = name(&MONTHS, text, count, self.lenient)?;
                fields.month = Some(month as i64 + 1);
                Some(rest)
            }
            'E' => Some(name(&DAYS, text, count, self.lenient)?.1),
            'a' => {
                let word = text.get(..2)?;
                fields.afternoon = match word.to_ascii_uppercase().as_str() {
                    "AM" => Some(false),
                    "PM" => Some(true),
                    _ => return None,
                };
                text.get(2..)
            }
            'G' => {
                fields.before_christ = match text.get(..2)?.to_ascii_uppercase().as_str() {
                    "AD" => false,
                    "BC" => true,
                    _ => return None,
                };
                text.get(2..)
            }
            'z' | 'Z' | 'X' | 'x' | 'V' => {
                let end = text
                    .find(|character: char| !(character.is_alphanumeric() || "+-:/_".contains(character)))
                    .unwrap_or(text.len());
                let (zone, rest) = text.split_at(end);
                fields.zone = Some(Zone::parse(zone)?);
                Some(rest)
            }
            _ => None,
        }
    }
}

/// True for a field that is read as digits.
fn numeric(letter: char, count: usize) -> bool {
    match letter {
        'M' | 'L' => count < 3,
        'y' | 'Y' | 'u' | 'd' | 'D' | 'H' | 'k' | 'K' | 'h' | 'm' | 's' | 'S' | 'w' | 'W' | 'F' => true,
        _ => false,
    }
}

/// A name out of a list, whole or its first three letters, and what follows it.
fn name<'a>(names: &[&str], text: &'a str, count: usize, lenient: bool) -> Option<(usize, &'a str)> {
    let begins = |name: &str| {
        text.get(..name.len())
            .is_some_and(|begin| if lenient { begin.eq_ignore_ascii_case(name) } else { begin == name })
    };
    let whole = names.iter().position(|name| begins(name)).map(|index| (index, names[index].len()));
    let short = || names.iter().position(|name| begins(&name[..3])).map(|index| (index, 3));
    let (index, length) = match (lenient, count >= 4) {
        (true, _) => whole.or_else(short)?,
        (false, true) => whole?,
        (false, false) => short()?,
    };
    Some((index, text.get(length..)?))
}

fn hour(fields: &Fields) -> i64 {
    match (fields.hour, fields.half_hour) {
        (Some(hour), _) => hour,
        (None, Some(hour)) => hour + if fields.afternoon == Some(true) { 12 } else { 0 },
        (None, None) => 0,
    }
}

fn year(fields: &Fields) -> i64 {
    let year = fields.year.unwrap_or(1970);
    if fields.before_christ { 1 - year } else { year }
}

/// What is too large is carried over.
fn resolve_leniently(fields: &Fields) -> Option<NaiveDateTime> {
    let months = year(fields).checked_mul(12)?.checked_add(fields.month.unwrap_or(1) - 1)?;
    let first =
        NaiveDate::from_ymd_opt(i32::try_from(months.div_euclid(12)).ok()?, months.rem_euclid(12) as u32 + 1, 1)?;
    let (first, day) = match (fields.day, fields.day_of_year) {
        (None, Some(day)) => (first.with_ordinal(1)?, day),
        (day, _) => (first, day.unwrap_or(1)),
    };
    let add = |unit: i64, value: i64| value.checked_mul(unit).and_then(TimeDelta::try_seconds);
    first
        .and_time(NaiveTime::MIN)
        .checked_add_signed(add(86_400, day - 1)?)?
        .checked_add_signed(add(3600, hour(fields))?)?
        .checked_add_signed(add(60, fields.minute.unwrap_or(0))?)?
        .checked_add_signed(add(1, fields.second.unwrap_or(0))?)?
        .checked_add_signed(TimeDelta::nanoseconds(fields.nanosecond.unwrap_or(0)))
}

fn resolve(fields: &Fields) -> Option<NaiveDateTime> {
    let small = |value: i64| u32::try_from(value).ok();
    let year = i32::try_from(year(fields)).ok()?;
    let date = match (fields.day, fields.day_of_year) {
        (None, Some(day)) => NaiveDate::from_yo_opt(year, small(day)?)?,
        (day, _) => NaiveDate::from_ymd_opt(year, small(fields.month.unwrap_or(1))?, small(day.unwrap_or(1))?)?,
    };
    if fields.half_hour.is_some_and(|hour| hour > 11) {
        return None;
    }
    date.and_hms_nano_opt(
        small(hour(fields))?,
        small(fields.minute.unwrap_or(0))?,
        small(fields.second.unwrap_or(0))?,
        small(fields.nanosecond.unwrap_or(0))?,
    )
}

#[cfg(test)]
mod tests {
    use mead_common::Dialect;

    use super::*;

    fn parse(pattern: &str, text: &str, dialect: Dialect) -> Option<String> {
        let parsed = Pattern::new(pattern, dialect).unwrap().parse(text)?;
        Some(crate::hive::convert::text::timestamp_text(parsed.local))
    }

    #[test]
    fn hive_reads_leniently() {
        for (pattern, text, read) in [
            ("yyyy-MM-dd HH:mm:ss", "2009-03-20 11:30:01", Some("2009-03-20 11:30:01")),
            ("yyyy-MM-dd HH:mm:ss", "2009-3-2 1:2:3 and more", Some("2009-03-02 01:02:03")),
            ("yyyy-MM-dd", "2009-02-30", Some("2009-03-02 00:00:00")),
            ("yyyyMMdd", "20090320", Some("2009-03-20 00:00:00")),
            ("dd MMM yyyy", "5 january 2009", Some("2009-01-05 00:00:00")),
            ("hh:mm a", "12:30 am", Some("1970-01-01 00:30:00")),
            ("hh:mm a", "01:30 PM", Some("1970-01-01 13:30:00")),
            ("yyyy-MM-dd HH:mm:ss.SSS", "2009-03-20 11:30:01.5", Some("2009-03-20 11:30:01.005")),
            ("EEE, d MMM yyyy", "Fri, 20 Mar 2009", Some("2009-03-20 00:00:00")),
            ("yyyy DDD", "2009 032", Some("2009-02-01 00:00:00")),
            ("yyyy-MM-dd", "2009/03/20", None),
            ("yyyy-MM-dd", "x", None),
            ("yyyy-MM-dd HH:mm:ss", "2009-03-20", None),
        ] {
            assert_eq!(parse(pattern, text, Dialect::Hive).as_deref(), read, "{pattern} {text}");
        }
    }

    #[test]
    fn spark_reads_strictly() {
        for (pattern, text, read) in [
            ("yyyy-MM-dd", "2009-03-20", Some("2009-03-20 00:00:00")),
            ("yyyy-MM-dd", "2009-3-2", None),
            ("yyyy-M-d", "2009-3-2", Some("2009-03-02 00:00:00")),
            ("yyyy-MM-dd", "2009-02-30", None),
            ("yyyy-MM-dd", "2009-03-20 ", None),
            ("yyyy-MM-dd HH:mm:ss.SSS", "2009-03-20 11:30:01.500", Some("2009-03-20 11:30:01.5")),
        ] {
            assert_eq!(parse(pattern, text, Dialect::Spark).as_deref(), read, "{pattern} {text}");
        }
    }

    #[test]
    fn a_zone_is_kept() {
        let parsed = Pattern::new("yyyy-MM-dd HH:mm:ss Z", Dialect::Hive).unwrap().parse("2009-03-20 11:30:01 +0800");
        assert_eq!(parsed.unwrap().zone, Some(Zone::Fixed(28_800)));
    }
}
