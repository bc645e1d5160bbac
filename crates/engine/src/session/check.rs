//! The checks of settings' values: each brings a value to the form that SHOW prints, or refuses it.

use mead_common::{Diagnostic, Dialect, sqlstate};
use mead_ml::{ENGINE_NAMES, Engine};

/// The longest `application_name`, in bytes.
const NAME_LENGTH_MAX: usize = 63;

/// The longest `search_path`.
const SEARCH_PATH_BYTES_MAX: usize = 8 << 10;

pub(super) fn invalid(name: &str, value: &str) -> Diagnostic {
    Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, format!("invalid value for parameter \"{name}\": \"{value}\""))
}

pub(super) fn one_of(name: &str, value: &str, allowed: &[&str]) -> Result<String, Diagnostic> {
    let lower = value.trim().to_ascii_lowercase();
    if allowed.contains(&lower.as_str()) {
        Ok(lower)
    } else {
        Err(invalid(name, value).with_hint(format!("available values: {}", allowed.join(", "))))
    }
}

/// As in PostgreSQL: printable ASCII, as long as a name may be.
pub(super) fn application_name(_: &str, value: &str) -> Result<String, Diagnostic> {
    Ok(value.chars().take(NAME_LENGTH_MAX).map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect())
}

pub(super) fn fixed(name: &str, _: &str) -> Result<String, Diagnostic> {
    Err(Diagnostic::new(sqlstate::CANT_CHANGE_RUNTIME_PARAM, format!("parameter \"{name}\" cannot be changed")))
}

pub(super) fn bytea_output(name: &str, value: &str) -> Result<String, Diagnostic> {
    one_of(name, value, &["hex", "escape"])
}

pub(super) fn utf8(name: &str, value: &str) -> Result<String, Diagnostic> {
    match value.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
        "utf8" | "unicode" => Ok("UTF8".to_owned()),
        // Which is to say that nothing is converted. psql asks for it where the environment names no encoding.
        "sqlascii" => Ok("SQL_ASCII".to_owned()),
        _ => Err(invalid(name, value)
            .with_detail("conversion between this encoding and UTF8 is not supported")
            .with_hint("the only encoding is UTF8")),
    }
}

pub(super) fn severity(name: &str, value: &str) -> Result<String, Diagnostic> {
    one_of(
        name,
        value,
        &["debug5", "debug4", "debug3", "debug2", "debug1", "debug", "log", "info", "notice", "warning", "error"],
    )
}

pub(super) fn iso_dates(name: &str, value: &str) -> Result<String, Diagnostic> {
    let parts: Vec<String> = value.split(',').map(|part| part.trim().to_ascii_lowercase()).collect();
    let order = |part: &str| matches!(part, "mdy" | "us" | "noneuropean");
    if parts.iter().all(|part| part == "iso" || order(part)) {
        Ok("ISO, MDY".to_owned())
    } else {
        Err(invalid(name, value).with_hint("the only style is ISO, MDY"))
    }
}

pub(super) fn isolation(name: &str, value: &str) -> Result<String, Diagnostic> {
    let value = one_of(name, value, &["read committed", "read uncommitted", "repeatable read", "serializable"])?;
    if value.starts_with("read") {
        Ok(value)
    } else {
        Err(Diagnostic::unsupported(format!("isolation level {value} is not supported"))
            .with_hint("each statement reads one snapshot: use read committed"))
    }
}

pub(super) fn on_off(name: &str, value: &str) -> Result<String, Diagnostic> {
    match boolean(value) {
        Some(true) => Ok("on".to_owned()),
        Some(false) => Ok("off".to_owned()),
        None => Err(Diagnostic::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("parameter \"{name}\" requires a Boolean value"),
        )),
    }
}

pub(super) fn on_only(name: &str, value: &str) -> Result<String, Diagnostic> {
    match boolean(value) {
        Some(true) => Ok("on".to_owned()),
        Some(false) => Err(Diagnostic::unsupported(format!("\"{name}\" cannot be turned off"))),
        None => Err(invalid(name, value)),
    }
}

pub(super) fn boolean(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" | "t" | "y" => Some(true),
        "off" | "false" | "no" | "0" | "f" | "n" => Some(false),
        _ => None,
    }
}

pub(super) fn dialect(name: &str, value: &str) -> Result<String, Diagnostic> {
    one_of(name, value, &Dialect::ALL.map(Dialect::name))
}

pub(super) fn inference_engine(name: &str, value: &str) -> Result<String, Diagnostic> {
    match Engine::from_name(&value.to_ascii_lowercase()) {
        Some(engine) => Ok(engine.name().to_owned()),
        None => Err(invalid(name, value).with_hint(format!("available values: {}", ENGINE_NAMES.join(", ")))),
    }
}

pub(super) fn extra_float_digits(name: &str, value: &str) -> Result<String, Diagnostic> {
    match value.trim().parse::<i32>() {
        Ok(digits @ 1..=3) => Ok(digits.to_string()),
        Ok(-15..=0) => Err(Diagnostic::unsupported(format!("\"{name}\" below 1 is not supported"))
            .with_hint("floats are always shown in their shortest exact form")),
        _ => Err(invalid(name, value)),
    }
}

pub(super) fn interval_style(name: &str, value: &str) -> Result<String, Diagnostic> {
    one_of(name, value, &["postgres"])
}

pub(super) fn role_none(name: &str, value: &str) -> Result<String, Diagnostic> {
    match value.to_ascii_lowercase().as_str() {
        "none" | "default" => Ok("none".to_owned()),
        _ => Err(Diagnostic::unsupported(format!("\"{name}\" cannot be changed: SET ROLE is not supported"))),
    }
}

/// Schema names, separated by commas, quoted where they have to be. An empty list leaves the system's own schema.
pub(super) fn search_path(name: &str, value: &str) -> Result<String, Diagnostic> {
    if value.len() > SEARCH_PATH_BYTES_MAX {
        let message = format!("value of parameter \"{name}\" is too long");
        return Err(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message)
            .with_hint(format!("at most {SEARCH_PATH_BYTES_MAX} bytes of names can be kept")));
    }
    let parts = split_path(value).ok_or_else(|| invalid(name, value).with_detail("list syntax is invalid"))?;
    Ok(parts.join(", "))
}

/// The names of a list as they stand, without the blanks around them; `None` where a name is empty or a quote is open.
pub(super) fn split_path(value: &str) -> Option<Vec<&str>> {
    if value.trim().is_empty() {
        return Some(Vec::new());
    }
    let mut quoted = false;
    let parts: Vec<&str> = value
        .split(|c: char| {
            quoted ^= c == '"';
            c == ',' && !quoted
        })
        .map(str::trim)
        .collect();
    (!quoted && parts.iter().all(|part| !part.is_empty())).then_some(parts)
}

pub(super) fn milliseconds(name: &str, value: &str) -> Result<String, Diagnostic> {
    match parse_milliseconds(value) {
        Ok(0) => Ok("0".to_owned()),
        Ok(milliseconds) if milliseconds % 60_000 == 0 => Ok(format!("{}min", milliseconds / 60_000)),
        Ok(milliseconds) if milliseconds % 1_000 == 0 => Ok(format!("{}s", milliseconds / 1_000)),
        Ok(milliseconds) => Ok(format!("{milliseconds}ms")),
        Err(()) => {
            Err(invalid(name, value).with_hint("valid units are \"us\", \"ms\", \"s\", \"min\", \"h\" and \"d\""))
        }
    }
}

pub(super) fn parse_milliseconds(value: &str) -> Result<u64, ()> {
    let value = value.trim();
    let digits = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    let number: f64 = value[..digits].parse().map_err(|_| ())?;
    let factor = match value[digits..].trim() {
        "" | "ms" => 1.0,
        "us" => 0.001,
        "s" => 1_000.0,
        "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return Err(()),
    };
    let milliseconds = (number * factor).round();
    if milliseconds <= f64::from(i32::MAX) { Ok(milliseconds as u64) } else { Err(()) }
}

pub(super) fn time_zone(name: &str, value: &str) -> Result<String, Diagnostic> {
    let hours = whole_hours(value.trim());
    let trimmed = hours.as_deref().unwrap_or(value.trim());
    if matches!(trimmed.to_ascii_lowercase().as_str(), "utc" | "gmt" | "z" | "local" | "default") {
        return Ok("UTC".to_owned());
    }
    trimmed.parse::<datafusion::arrow::array::timezone::Tz>().map(|_| ()).map_err(|_| {
        Diagnostic::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("invalid value for parameter \"{name}\": \"{value}\""),
        )
        .with_hint("name a zone of the IANA database, such as Europe/Zurich, or an offset such as +02:00")
    })?;
    Ok(trimmed.to_owned())
}

/// `SET TIME ZONE -7`: hours from UTC, to the east where positive.
pub(super) fn whole_hours(value: &str) -> Option<String> {
    let hours: i32 = value.parse().ok().filter(|hours| (-14..=14).contains(hours))?;
    let sign = if hours < 0 { '-' } else { '+' };
    Some(format!("{sign}{:02}:00", hours.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_list_of_names() {
        assert_eq!(split_path(" a, \"b, c\" "), Some(vec!["a", "\"b, c\""]));
        assert_eq!(split_path(""), Some(Vec::new()));
        assert_eq!(split_path("a,,b"), None);
        assert_eq!(split_path("\"a"), None);
    }
}
