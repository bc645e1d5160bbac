//! Timestamps as a pattern writes them.

use std::fmt::Write;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike};
use chrono_tz::{OffsetName, Tz};

use super::{DAYS, MONTHS, Part, Pattern};

impl Pattern {
    /// The text of what a clock in `zone` shows.
    pub fn format(&self, moment: NaiveDateTime, zone: &Tz) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Field(letter, count) => self.field(&mut text, *letter, *count, moment, zone),
            }
        }
        text
    }

    fn field(&self, text: &mut String, letter: char, count: usize, moment: NaiveDateTime, zone: &Tz) {
        let number = match letter {
            'y' | 'Y' | 'u' if letter != 'u' || !self.lenient => {
                let year = if letter == 'Y' { week_year(moment.date()) } else { moment.year() };
                if count == 2 { i64::from(year.rem_euclid(100)) } else { i64::from(year) }
            }
            'M' | 'L' if count < 3 => i64::from(moment.month()),
            'd' => i64::from(moment.day()),
            'D' => i64::from(moment.ordinal()),
            'H' => i64::from(moment.hour()),
            'k' => i64::from((moment.hour() + 23) % 24 + 1),
            'K' => i64::from(moment.hour() % 12),
            'h' => i64::from(moment.hour12().1),
            'm' => i64::from(moment.minute()),
            's' => i64::from(moment.second()),
            'S' if self.lenient => i64::from(moment.nanosecond() / 1_000_000),
            'u' => i64::from(moment.weekday().number_from_monday()),
            'w' => i64::from(week(moment.date())),
            'W' => i64::from((moment.day() + first_weekday(moment.date()) - 1) / 7 + 1),
            'F' => i64::from((moment.day() - 1) / 7 + 1),
            'Q' | 'q' if count < 3 => i64::from(moment.month0() / 3 + 1),
            _ => return self.words(text, letter, count, moment, zone),
        };
        let _ = write!(text, "{number:0count$}");
    }

    fn words(&self, text: &mut String, letter: char, count: usize, moment: NaiveDateTime, zone: &Tz) {
        match letter {
            'M' | 'L' => {
                let name = MONTHS[moment.month0() as usize % 12];
                text.push_str(if count == 3 { &name[..3] } else { name });
            }
            'E' => {
                let name = DAYS[moment.weekday().num_days_from_monday() as usize % 7];
                text.push_str(if count < 4 { &name[..3] } else { name });
            }
            'a' => text.push_str(if moment.hour() < 12 { "AM" } else { "PM" }),
            'S' => {
                let digits = format!("{:09}", moment.nanosecond() % 1_000_000_000);
                text.push_str(&digits[..count.min(9)]);
                text.push_str(&"0".repeat(count.saturating_sub(9)));
            }
            'G' => text.push_str(if moment.year() > 0 { "AD" } else { "BC" }),
            'Q' | 'q' => {
                let _ = write!(text, "Q{}", moment.month0() / 3 + 1);
            }
            'V' => text.push_str(zone.name()),
            _ => {
                let offset = zone.offset_from_utc_datetime(&super::zone::to_utc(moment, zone));
                let seconds = offset.fix().local_minus_utc();
                match letter {
                    'z' => text.push_str(offset.abbreviation().unwrap_or(zone.name())),
                    'X' if seconds == 0 => text.push('Z'),
                    'X' | 'x' if count == 1 && seconds % 3600 == 0 => text.push_str(&offset_text(seconds, 1)),
                    'X' | 'x' => text.push_str(&offset_text(seconds, if count == 3 { 3 } else { 2 })),
                    _ => text.push_str(&offset_text(seconds, 2)),
                }
            }
        }
    }
}

/// `+08`, `+0800` or `+08:00`.
fn offset_text(seconds: i32, form: usize) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    match form {
        1 => format!("{sign}{hours:02}"),
        2 => format!("{sign}{hours:02}{minutes:02}"),
        _ => format!("{sign}{hours:02}:{minutes:02}"),
    }
}

/// The weekday of the month's first day, from Sunday.
fn first_weekday(date: NaiveDate) -> u32 {
    date.with_day(1).map_or(0, |first| first.weekday().num_days_from_sunday())
}

/// The week of the year as in the United States: it begins on Sunday, and the first is that of the first of January.
fn week(date: NaiveDate) -> u32 {
    let year = week_year(date);
    if year > date.year() {
        return 1;
    }
    let before = NaiveDate::from_yo_opt(year, 1).map_or(0, |first| first.weekday().num_days_from_sunday());
    (date.ordinal0() + before) / 7 + 1
}

fn week_year(date: NaiveDate) -> i32 {
    let last = NaiveDate::from_ymd_opt(date.year() + 1, 1, 1).map_or(0, |next| next.weekday().num_days_from_sunday());
    let left = 31u32.saturating_sub(date.day());
    if date.month() == 12 && left < last { date.year() + 1 } else { date.year() }
}

#[cfg(test)]
mod tests {
    use mead_common::Dialect;

    use super::*;

    fn format(pattern: &str, dialect: Dialect, zone: Tz) -> String {
        let moment = NaiveDate::from_ymd_opt(2011, 5, 6).unwrap().and_hms_nano_opt(7, 8, 9, 123_456_789).unwrap();
        Pattern::new(pattern, dialect).unwrap().format(moment, &zone)
    }

    #[test]
    fn letters_say_what_java_says() {
        for (pattern, text) in [
            ("yyyy-MM-dd HH:mm:ss", "2011-05-06 07:08:09"),
            ("yy.M.d h:m:s a", "11.5.6 7:8:9 AM"),
            ("EEE, EEEE MMM MMMM", "Fri, Friday May May"),
            ("D u w W F", "126 5 19 1 1"),
            ("S SSS SSSS", "123 123 0123"),
            ("''yyyy''", "'2011'"),
            ("z Z XXX", "UTC +0000 Z"),
            ("k K", "7 7"),
        ] {
            assert_eq!(format(pattern, Dialect::Hive, chrono_tz::UTC), text, "{pattern}");
        }
        assert_eq!(format("SSSSSS Q", Dialect::Spark, chrono_tz::UTC), "123456 2");
        assert_eq!(format("z Z XXX", Dialect::Hive, chrono_tz::America::Los_Angeles), "PDT -0700 -07:00");
    }

    #[test]
    fn the_last_days_of_a_year_may_be_of_the_next_years_first_week() {
        let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
        assert_eq!((week_year(date(2012, 12, 30)), week(date(2012, 12, 30))), (2013, 1));
        assert_eq!((week_year(date(2012, 12, 29)), week(date(2012, 12, 29))), (2012, 52));
        assert_eq!(week(date(2012, 1, 1)), 1);
    }
}
