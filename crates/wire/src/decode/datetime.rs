//! date, time, timestamp and timestamptz: ISO 8601 and what Postgres writes itself, in the year-month-day order.

use mead_common::text::fraction;
use mead_common::{Diagnostic, sqlstate};

use super::{Context, shorten};
use crate::calendar::{DATES_END, FIRST_DAY, MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, Zone, days_of_civil};
use crate::types::{POSTGRES_EPOCH_DAYS, POSTGRES_EPOCH_MICROSECONDS};

/// No date that is sent has more digits in its year.
const YEAR_MAX: i64 = 9_999_999;

pub(super) fn date_binary(bytes: &[u8], context: &Context) -> Result<i32, Diagnostic> {
    match context.fixed(bytes).map(i32::from_be_bytes)? {
        infinite @ (i32::MAX | i32::MIN) => Ok(infinite),
        days => days.checked_add(POSTGRES_EPOCH_DAYS).ok_or_else(|| overflow("date out of range")),
    }
}

pub(super) fn time_binary(bytes: &[u8], context: &Context) -> Result<i64, Diagnostic> {
    match context.fixed(bytes).map(i64::from_be_bytes)? {
        time @ 0..=MICROSECONDS_PER_DAY => Ok(time),
        _ => Err(overflow("time out of range")),
    }
}

/// timestamp and timestamptz alike.
pub(super) fn timestamp_binary(bytes: &[u8], context: &Context) -> Result<i64, Diagnostic> {
    match context.fixed(bytes).map(i64::from_be_bytes)? {
        infinite @ (i64::MAX | i64::MIN) => Ok(infinite),
        moment => moment.checked_add(POSTGRES_EPOCH_MICROSECONDS).ok_or_else(|| overflow("timestamp out of range")),
    }
}

pub(super) fn date_text(bytes: &[u8], context: &Context) -> Result<i32, Diagnostic> {
    let text = context.text(bytes)?;
    match infinite(text) {
        Some(true) => return Ok(i32::MAX),
        Some(false) => return Ok(i32::MIN),
        None => {}
    }
    let moment = Moment::parse(text, "date")?;
    let days = moment.days.ok_or_else(|| bad("date", text))?;
    if !(FIRST_DAY..DATES_END).contains(&days) {
        return Err(overflow(&format!("date out of range: \"{}\"", shorten(text))));
    }
    i32::try_from(days).map_err(|_| overflow("date out of range"))
}

pub(super) fn time_text(bytes: &[u8], context: &Context) -> Result<i64, Diagnostic> {
    let text = context.text(bytes)?;
    Moment::parse(text, "time")?.time.ok_or_else(|| bad("time", text))
}

/// Microseconds since 1970; with a zone (timestamptz) in UTC, else as the clock shows them.
pub(super) fn timestamp_text(bytes: &[u8], with_zone: bool, context: &Context) -> Result<i64, Diagnostic> {
    let type_name = if with_zone { "timestamp with time zone" } else { "timestamp" };
    let text = context.text(bytes)?;
    match infinite(text) {
        Some(true) => return Ok(i64::MAX),
        Some(false) => return Ok(i64::MIN),
        None => {}
    }
    let moment = Moment::parse(text, type_name)?;
    let days = moment.days.ok_or_else(|| bad(type_name, text))?;
    let out_of_range = || overflow(&format!("timestamp out of range: \"{}\"", shorten(text)));
    if days < FIRST_DAY {
        return Err(out_of_range());
    }
    let local = days
        .checked_mul(MICROSECONDS_PER_DAY)
        .and_then(|midnight| midnight.checked_add(moment.time.unwrap_or(0)))
        .ok_or_else(out_of_range)?;
    match moment.zone {
        _ if !with_zone => Ok(local),
        None => Ok(context.zone.moment_of(local)),
        Some(WrittenZone::Offset(seconds)) => {
            local.checked_sub(i64::from(seconds) * MICROSECONDS_PER_SECOND).ok_or_else(out_of_range)
        }
        Some(WrittenZone::Named(zone)) => Ok(zone.moment_of(local)),
    }
}

fn infinite(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "infinity" | "+infinity" => Some(true),
        "-infinity" => Some(false),
        _ => None,
    }
}

enum WrittenZone {
    Offset(i32),
    Named(Zone),
}

/// What a text said: a day, a time of day, a zone.
struct Moment {
    days: Option<i64>,
    time: Option<i64>,
    zone: Option<WrittenZone>,
}

impl Moment {
    fn parse(text: &str, type_name: &str) -> Result<Self, Diagnostic> {
        let mut moment = Moment { days: None, time: None, zone: None };
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("epoch") {
            return Ok(Moment { days: Some(0), time: Some(0), zone: Some(WrittenZone::Offset(0)) });
        }
        let (trimmed, before_christ) = match trimmed.len().checked_sub(2).and_then(|at| trimmed.split_at_checked(at)) {
            Some((rest, era)) if era.eq_ignore_ascii_case("bc") => (rest.trim_end(), true),
            Some((rest, era)) if era.eq_ignore_ascii_case("ad") => (rest.trim_end(), false),
            _ => (trimmed, false),
        };
        let mut rest = trimmed;
        // The colon of a time comes within its first three characters, the hyphen of a date later or not at all.
        if rest.find(':').is_none_or(|colon| rest[..colon].contains('-')) && rest.contains('-') {
            let (days, after) = date(rest, before_christ).map_err(|fault| fault.report(type_name, text))?;
            moment.days = Some(days);
            rest = after.strip_prefix(['T', 't']).unwrap_or(after).trim_start();
        } else if let Some((days, after)) = compact_date(rest) {
            moment.days = Some(days.map_err(|fault| fault.report(type_name, text))?);
            rest = after.strip_prefix(['T', 't']).unwrap_or(after).trim_start();
        }
        if rest.starts_with(|c: char| c.is_ascii_digit()) {
            let (time, after) = clock(rest).map_err(|fault| fault.report(type_name, text))?;
            moment.time = Some(time);
            rest = after.trim_start();
        }
        if moment.days.is_none() && moment.time.is_none() {
            return Err(bad(type_name, text));
        }
        if !rest.is_empty() {
            moment.zone = Some(zone(rest).map_err(|fault| fault.report(type_name, text))?);
        }
        Ok(moment)
    }
}

/// Why a text could not be read.
enum Fault {
    Syntax,
    Range,
    /// A zone of this name is not known.
    Zone(String),
}

impl Fault {
    fn report(self, type_name: &str, text: &str) -> Diagnostic {
        match self {
            Fault::Syntax => bad(type_name, text),
            Fault::Range => overflow(&format!("date/time field value out of range: \"{}\"", shorten(text))),
            Fault::Zone(name) => Diagnostic::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("time zone \"{}\" not recognized", shorten(&name).to_lowercase()),
            ),
        }
    }
}

/// `2026-11-23`; any number of digits in the year.
fn date(text: &str, before_christ: bool) -> Result<(i64, &str), Fault> {
    let (year, rest) = digits(text)?;
    let (month, rest) = digits(rest.strip_prefix('-').ok_or(Fault::Syntax)?)?;
    let (day, rest) = digits(rest.strip_prefix('-').ok_or(Fault::Syntax)?)?;
    if year == 0 || year > YEAR_MAX {
        return Err(Fault::Range);
    }
    let year = if before_christ { 1 - year } else { year };
    let (Ok(month), Ok(day)) = (u32::try_from(month), u32::try_from(day)) else { return Err(Fault::Range) };
    days_of_civil(year, month, day).map(|days| (days, rest)).ok_or(Fault::Range)
}

/// `20261123`, alone or before a `T`.
fn compact_date(text: &str) -> Option<(Result<i64, Fault>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if end != 8 || !(text.len() == 8 || text[8..].starts_with(['T', 't', ' '])) {
        return None;
    }
    let number: u32 = text[..8].parse().ok()?;
    let days = days_of_civil((number / 10_000).into(), number / 100 % 100, number % 100);
    Some((days.ok_or(Fault::Range), &text[8..]))
}

/// `13:14`, `13:14:15`, `13:14:15.123456`, `131415`.
fn clock(text: &str) -> Result<(i64, &str), Fault> {
    let (hour, rest) = digits(text)?;
    if text.len() - rest.len() == 6 && !rest.starts_with(':') {
        return time_of(hour / 10_000, hour / 100 % 100, hour % 100, 0).map(|time| (time, rest));
    }
    let (minute, mut rest) = digits(rest.strip_prefix(':').ok_or(Fault::Syntax)?)?;
    let mut second = 0;
    let mut microseconds = 0;
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = digits(after)?;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            microseconds = fraction(&after[..end]);
            rest = &after[end..];
        }
    }
    time_of(hour, minute, second, microseconds).map(|time| (time, rest))
}

fn time_of(hour: i64, minute: i64, second: i64, microseconds: i64) -> Result<i64, Fault> {
    let time = (hour * 3_600 + minute * 60 + second) * MICROSECONDS_PER_SECOND + microseconds;
    if hour > 24 || minute > 59 || second > 60 || time > MICROSECONDS_PER_DAY { Err(Fault::Range) } else { Ok(time) }
}

/// `Z`, `+01`, `+0130`, `-03:30`, `+00:34:08`, `UTC`, `Europe/Zurich`.
fn zone(text: &str) -> Result<WrittenZone, Fault> {
    if matches!(text, "Z" | "z") || matches!(text.to_ascii_lowercase().as_str(), "utc" | "gmt" | "zulu") {
        return Ok(WrittenZone::Offset(0));
    }
    let Some(sign) = text.bytes().next().filter(|byte| matches!(byte, b'+' | b'-')) else {
        return text
            .parse()
            .map(|zone| WrittenZone::Named(Zone::Named(zone)))
            .map_err(|_| Fault::Zone(text.to_owned()));
    };
    let parts: Vec<&str> = text[1..].split(':').collect();
    let number = |part: &str| part.parse::<i32>().map_err(|_| Fault::Syntax);
    let (hours, minutes, seconds) = match parts.as_slice() {
        [compact] if compact.len() > 2 => {
            let number = number(compact)?;
            (number / 100, number % 100, 0)
        }
        [hours] => (number(hours)?, 0, 0),
        [hours, minutes] => (number(hours)?, number(minutes)?, 0),
        [hours, minutes, seconds] => (number(hours)?, number(minutes)?, number(seconds)?),
        _ => return Err(Fault::Syntax),
    };
    if hours > 15 || minutes > 59 || seconds > 59 || hours < 0 || minutes < 0 || seconds < 0 {
        return Err(Fault::Range);
    }
    let offset = hours * 3_600 + minutes * 60 + seconds;
    Ok(WrittenZone::Offset(if sign == b'-' { -offset } else { offset }))
}

fn digits(text: &str) -> Result<(i64, &str), Fault> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return Err(Fault::Syntax);
    }
    if end > 9 {
        return Err(Fault::Range);
    }
    text[..end].parse().map(|number| (number, &text[end..])).map_err(|_| Fault::Syntax)
}

fn bad(type_name: &str, text: &str) -> Diagnostic {
    Diagnostic::new(
        sqlstate::INVALID_DATETIME_FORMAT,
        format!("invalid input syntax for type {type_name}: \"{}\"", shorten(text)),
    )
}

fn overflow(message: &str) -> Diagnostic {
    Diagnostic::new(sqlstate::DATETIME_FIELD_OVERFLOW, message)
}
