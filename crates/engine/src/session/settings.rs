//! The session's settings (`SET`, `SHOW`): names, defaults and checks as PostgreSQL has them.
//!
//! A setting is listed here only if it takes effect, or if the one value it has is the only one mead can have; any other
//! value of such a setting is refused.

use std::collections::BTreeMap;
use std::time::Duration;

use mead_common::{Diagnostic, Severity, sqlstate};

/// How a value is checked and brought to the form SHOW prints.
type Check = fn(name: &str, value: &str) -> Result<String, Diagnostic>;

/// One setting: name, default, the check, whether the client is told of changes, what it is.
struct Definition {
    name: &'static str,
    default: &'static str,
    check: Check,
    reported: bool,
    description: &'static str,
}

const fn setting(
    name: &'static str,
    default: &'static str,
    check: Check,
    reported: bool,
    description: &'static str,
) -> Definition {
    Definition { name, default, check, reported, description }
}

/// In alphabetical order.
static DEFINITIONS: &[Definition] = &[
    setting("application_name", "", any, true, "the application's name, as it gave it"),
    setting("bytea_output", "hex", bytea_output, false, "the text form of bytea: hex or escape"),
    setting("client_encoding", "UTF8", utf8, true, "the client's character set"),
    setting("client_min_messages", "notice", severity, false, "the least severe message that is sent to the client"),
    setting("DateStyle", "ISO, MDY", iso_dates, true, "the text form of dates"),
    setting("default_transaction_isolation", "read committed", isolation, false, "the isolation of new transactions"),
    setting("default_transaction_read_only", "off", boolean_off, true, "whether new transactions are read-only"),
    setting("dialect", "postgres", dialect, false, "the SQL dialect: postgres"),
    setting(
        "extra_float_digits",
        "1",
        extra_float_digits,
        false,
        "digits of floats in text; above 0 the shortest exact form",
    ),
    setting("idle_in_transaction_session_timeout", "0", zero, false, "not limited"),
    setting("in_hot_standby", "off", fixed, true, "mead has no standby"),
    setting("integer_datetimes", "on", fixed, true, "times are integers"),
    setting("IntervalStyle", "postgres", interval_style, true, "the text form of intervals"),
    setting("is_superuser", "on", fixed, true, "whether the user is a superuser"),
    setting("lock_timeout", "0", zero, false, "not limited"),
    setting("max_identifier_length", "63", fixed, false, "the longest identifier that drivers should send"),
    setting("role", "none", role_none, false, "the current role"),
    setting("row_security", "on", fixed, false, "row security applies to everybody"),
    setting("search_path", "public", search_path, true, "schemas where unqualified names are looked up"),
    setting("server_encoding", "UTF8", fixed, true, "the server's character set"),
    setting("server_version", "15.0", fixed, true, "the PostgreSQL version whose protocol and catalogs are spoken"),
    setting("server_version_num", "150000", fixed, false, "the same as a number"),
    setting("session_authorization", "mead", fixed, true, "the user who connected"),
    setting("standard_conforming_strings", "on", on_only, true, "backslashes in plain strings are literal"),
    setting("statement_timeout", "0", milliseconds, false, "the longest a statement may run; 0 is no limit"),
    setting("synchronous_commit", "on", on_only, false, "a commit is on disk when it is acknowledged"),
    setting("TimeZone", "UTC", time_zone, true, "the zone in which timestamptz is shown and read"),
    setting("transaction_isolation", "read committed", isolation, false, "the isolation of this transaction"),
    setting("transaction_read_only", "off", boolean_off, false, "whether this transaction is read-only"),
];

/// A setting with all its values.
pub(crate) struct Listed {
    pub name: &'static str,
    pub value: String,
    /// What RESET goes back to.
    pub reset: String,
    pub default: &'static str,
    pub description: &'static str,
    /// True if no SET can change it.
    pub fixed: bool,
}

/// A session's values. Names are found whatever their case.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    values: BTreeMap<String, String>,
    /// Values at the session's start: what RESET goes back to.
    at_start: BTreeMap<String, String>,
    changed: Vec<&'static str>,
}

impl Settings {
    pub(crate) fn new() -> Self {
        let values: BTreeMap<_, _> =
            DEFINITIONS.iter().map(|definition| (key(definition.name), definition.default.to_owned())).collect();
        let changed = DEFINITIONS.iter().filter(|definition| definition.reported).map(|d| d.name).collect();
        Self { at_start: values.clone(), values, changed }
    }

    /// The value as SHOW prints it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(&key(name)).map(String::as_str)
    }

    /// Checks and stores a value; 42704 for an unknown name, 22023 for a value that cannot be.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), Diagnostic> {
        let definition = find(name)?;
        let value = (definition.check)(definition.name, value)?;
        self.store(definition, value);
        Ok(())
    }

    /// A value that the server itself knows (`session_authorization`): no check.
    pub(crate) fn set_at_start(&mut self, name: &'static str, value: &str) {
        self.values.insert(key(name), value.to_owned());
        self.at_start.insert(key(name), value.to_owned());
    }

    /// What the start-up message asked for becomes what RESET goes back to.
    pub(crate) fn fix_start(&mut self) {
        self.at_start = self.values.clone();
    }

    pub(crate) fn reset(&mut self, name: &str) -> Result<(), Diagnostic> {
        let definition = find(name)?;
        let value = self.at_start.get(&key(name)).cloned().unwrap_or_else(|| definition.default.to_owned());
        self.store(definition, value);
        Ok(())
    }

    pub(crate) fn reset_all(&mut self) {
        for definition in DEFINITIONS {
            let value = self.at_start[&key(definition.name)].clone();
            self.store(definition, value);
        }
    }

    /// Reported settings that changed since the last call.
    pub(crate) fn take_reported(&mut self) -> Vec<(String, String)> {
        let names = std::mem::take(&mut self.changed);
        names.into_iter().map(|name| (name.to_owned(), self.values[&key(name)].clone())).collect()
    }

    /// Name, value and description of every setting, in order.
    pub(crate) fn list(&self) -> Vec<(&'static str, String, &'static str)> {
        DEFINITIONS
            .iter()
            .map(|definition| (definition.name, self.values[&key(definition.name)].clone(), definition.description))
            .collect()
    }

    /// Every setting as `pg_settings` shows it.
    pub(crate) fn listed(&self) -> Vec<Listed> {
        DEFINITIONS
            .iter()
            .map(|definition| Listed {
                name: definition.name,
                value: self.values[&key(definition.name)].clone(),
                reset: self.at_start[&key(definition.name)].clone(),
                default: definition.default,
                description: definition.description,
                fixed: (definition.check)(definition.name, definition.default).is_err(),
            })
            .collect()
    }

    pub(crate) fn statement_timeout(&self) -> Option<Duration> {
        let milliseconds = self.get("statement_timeout").map_or(Ok(0), parse_milliseconds).unwrap_or(0);
        (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
    }

    /// The least severe notice the client wants; `None` for errors only.
    pub(crate) fn client_min_severity(&self) -> Option<Severity> {
        match self.get("client_min_messages") {
            Some("error") => None,
            Some("warning") => Some(Severity::Warning),
            Some("log") => Some(Severity::Log),
            Some("info" | "notice") | None => Some(Severity::Info),
            Some(_) => Some(Severity::Debug),
        }
    }

    fn store(&mut self, definition: &'static Definition, value: String) {
        let old = self.values.insert(key(definition.name), value.clone());
        if definition.reported && old.as_deref() != Some(value.as_str()) && !self.changed.contains(&definition.name) {
            self.changed.push(definition.name);
        }
    }
}

fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

fn find(name: &str) -> Result<&'static Definition, Diagnostic> {
    DEFINITIONS.iter().find(|definition| definition.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let report =
            Diagnostic::new(sqlstate::UNDEFINED_OBJECT, format!("unrecognized configuration parameter \"{name}\""));
        match crate::error::nearest(name, DEFINITIONS.iter().map(|definition| definition.name)) {
            Some(nearest) => report.with_hint(format!("perhaps you meant \"{nearest}\"")),
            None => report,
        }
    })
}

fn invalid(name: &str, value: &str) -> Diagnostic {
    Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, format!("invalid value for parameter \"{name}\": \"{value}\""))
}

fn one_of(name: &str, value: &str, allowed: &[&str]) -> Result<String, Diagnostic> {
    let lower = value.trim().to_ascii_lowercase();
    if allowed.contains(&lower.as_str()) {
        Ok(lower)
    } else {
        Err(invalid(name, value).with_hint(format!("available values: {}", allowed.join(", "))))
    }
}

fn any(_: &str, value: &str) -> Result<String, Diagnostic> {
    Ok(value.to_owned())
}

fn fixed(name: &str, _: &str) -> Result<String, Diagnostic> {
    Err(Diagnostic::new(sqlstate::CANT_CHANGE_RUNTIME_PARAM, format!("parameter \"{name}\" cannot be changed")))
}

fn bytea_output(name: &str, value: &str) -> Result<String, Diagnostic> {
    one_of(name, value, &["hex", "escape"])
}

fn utf8(name: &str, value: &str) -> Result<String, Diagnostic> {
    match value.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
        "utf8" | "unicode" => Ok("UTF8".to_owned()),
        _ => Err(invalid(name, value).with_hint("the only encoding is UTF8")),
    }
}

fn severity(name: &str, value: &str) -> Result<String, Diagnostic> {
    one_of(
        name,
        value,
        &["debug5", "debug4", "debug3", "debug2", "debug1", "debug", "log", "info", "notice", "warning", "error"],
    )
}

fn iso_dates(name: &str, value: &str) -> Result<String, Diagnostic> {
    let parts: Vec<String> = value.split(',').map(|part| part.trim().to_ascii_lowercase()).collect();
    let order = |part: &str| matches!(part, "mdy" | "us" | "noneuropean");
    if parts.iter().all(|part| part == "iso" || order(part)) {
        Ok("ISO, MDY".to_owned())
    } else {
        Err(invalid(name, value).with_hint("the only style is ISO, MDY"))
    }
}

fn isolation(name: &str, value: &str) -> Result<String, Diagnostic> {
    let value = one_of(name, value, &["read committed", "read uncommitted", "repeatable read", "serializable"])?;
    if value.starts_with("read") {
        Ok(value)
    } else {
        Err(Diagnostic::unsupported(format!("isolation level {value} is not supported"))
            .with_hint("each statement reads one snapshot: use read committed"))
    }
}

fn boolean_off(name: &str, value: &str) -> Result<String, Diagnostic> {
    match boolean(value) {
        Some(false) => Ok("off".to_owned()),
        Some(true) => Err(Diagnostic::unsupported(format!(
            "\"{name}\" cannot be turned on: read-only transactions are not supported"
        ))),
        None => Err(invalid(name, value)),
    }
}

fn on_only(name: &str, value: &str) -> Result<String, Diagnostic> {
    match boolean(value) {
        Some(true) => Ok("on".to_owned()),
        Some(false) => Err(Diagnostic::unsupported(format!("\"{name}\" cannot be turned off"))),
        None => Err(invalid(name, value)),
    }
}

fn boolean(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" | "t" | "y" => Some(true),
        "off" | "false" | "no" | "0" | "f" | "n" => Some(false),
        _ => None,
    }
}

fn dialect(name: &str, value: &str) -> Result<String, Diagnostic> {
    match value.to_ascii_lowercase().as_str() {
        "postgres" => Ok("postgres".to_owned()),
        "hive" | "spark" => Err(Diagnostic::unsupported(format!("dialect \"{value}\" is not supported yet"))
            .with_hint("the only dialect is postgres")),
        _ => Err(invalid(name, value).with_hint("available values: postgres")),
    }
}

fn extra_float_digits(name: &str, value: &str) -> Result<String, Diagnostic> {
    match value.trim().parse::<i32>() {
        Ok(digits @ 1..=3) => Ok(digits.to_string()),
        Ok(-15..=0) => Err(Diagnostic::unsupported(format!("\"{name}\" below 1 is not supported"))
            .with_hint("floats are always shown in their shortest exact form")),
        _ => Err(invalid(name, value)),
    }
}

fn interval_style(name: &str, value: &str) -> Result<String, Diagnostic> {
    one_of(name, value, &["postgres"])
}

fn role_none(name: &str, value: &str) -> Result<String, Diagnostic> {
    match value.to_ascii_lowercase().as_str() {
        "none" | "default" => Ok("none".to_owned()),
        _ => Err(Diagnostic::unsupported(format!("\"{name}\" cannot be changed: SET ROLE is not supported"))),
    }
}

fn zero(name: &str, value: &str) -> Result<String, Diagnostic> {
    match parse_milliseconds(value) {
        Ok(0) => Ok("0".to_owned()),
        Ok(_) => Err(Diagnostic::unsupported(format!("\"{name}\" is not supported; its only value is 0"))),
        Err(()) => Err(invalid(name, value)),
    }
}

/// Schema names, separated by commas, quoted where they have to be.
fn search_path(name: &str, value: &str) -> Result<String, Diagnostic> {
    let parts: Vec<&str> = value.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { Err(invalid(name, value)) } else { Ok(parts.join(", ")) }
}

fn milliseconds(name: &str, value: &str) -> Result<String, Diagnostic> {
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

fn parse_milliseconds(value: &str) -> Result<u64, ()> {
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

fn time_zone(name: &str, value: &str) -> Result<String, Diagnostic> {
    let trimmed = value.trim();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_defaults_pass_their_own_checks() {
        let names: Vec<String> = DEFINITIONS.iter().map(|definition| key(definition.name)).collect();
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(names, sorted);
        for definition in DEFINITIONS {
            if let Ok(value) = (definition.check)(definition.name, definition.default) {
                assert_eq!(value, definition.default, "{}", definition.name);
            }
        }
    }

    #[test]
    fn a_change_is_reported_once() {
        let mut settings = Settings::new();
        assert!(settings.take_reported().iter().any(|(name, _)| name == "server_version"));
        settings.set("timezone", "Europe/Zurich").unwrap();
        assert_eq!(settings.take_reported(), vec![("TimeZone".to_owned(), "Europe/Zurich".to_owned())]);
        assert!(settings.take_reported().is_empty());
        settings.reset_all();
        assert_eq!(settings.get("TimeZone"), Some("UTC"));
    }

    #[test]
    fn timeouts_have_units() {
        let mut settings = Settings::new();
        settings.set("statement_timeout", "1500").unwrap();
        assert_eq!(settings.get("statement_timeout"), Some("1500ms"));
        settings.set("statement_timeout", "2 min").unwrap();
        assert_eq!(settings.statement_timeout(), Some(Duration::from_secs(120)));
        assert_eq!(settings.set("statement_timeout", "soon").unwrap_err().sqlstate, sqlstate::INVALID_PARAMETER_VALUE);
    }

    #[test]
    fn an_unknown_name_gets_a_hint() {
        let error = Settings::new().set("statment_timeout", "1").unwrap_err();
        assert_eq!(error.sqlstate, sqlstate::UNDEFINED_OBJECT);
        assert_eq!(error.hint.as_deref(), Some("perhaps you meant \"statement_timeout\""));
    }
}
