//! The session's settings (`SET`, `SHOW`): names, defaults and checks as PostgreSQL has them.
//!
//! A setting is listed here only if it takes effect, or if the one value it has is the only one mead can have; any other
//! value of such a setting is refused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mead_common::{Diagnostic, Severity, sqlstate};

use super::check::{
    application_name, bytea_output, dialect, extra_float_digits, fixed, inference_engine, interval_style, iso_dates,
    isolation, milliseconds, on_off, on_only, parse_milliseconds, role_none, search_path, severity, time_zone, utf8,
};

/// How a value is checked and brought to the form SHOW prints.
type Check = fn(name: &str, value: &str) -> Result<String, Diagnostic>;

/// One setting: name, default, the check, what its values are, whether the client is told of changes, what it is.
struct Definition {
    name: &'static str,
    default: &'static str,
    check: Check,
    kind: Kind,
    reported: bool,
    description: &'static str,
}

/// What a setting's values are, by the words of `pg_settings.vartype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Enum,
    Integer,
    /// A time in milliseconds: SHOW prints it in the largest unit that fits.
    Milliseconds,
    Text,
}

impl Kind {
    pub(crate) fn vartype(self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::Enum => "enum",
            Kind::Integer | Kind::Milliseconds => "integer",
            Kind::Text => "string",
        }
    }
}

const fn setting(
    name: &'static str,
    default: &'static str,
    check: Check,
    kind: Kind,
    reported: bool,
    description: &'static str,
) -> Definition {
    Definition { name, default, check, kind, reported, description }
}

/// In alphabetical order.
static DEFINITIONS: &[Definition] = &[
    setting(
        "allow_transform",
        "off",
        on_off,
        Kind::Bool,
        false,
        "whether a superuser's queries may run programs on the server's machine (SELECT TRANSFORM)",
    ),
    setting("application_name", "", application_name, Kind::Text, true, "the application's name, as it gave it"),
    setting("bytea_output", "hex", bytea_output, Kind::Enum, false, "the text form of bytea: hex or escape"),
    setting("client_encoding", "UTF8", utf8, Kind::Text, true, "the client's character set"),
    setting(
        "client_min_messages",
        "notice",
        severity,
        Kind::Enum,
        false,
        "the least severe message that is sent to the client",
    ),
    setting("DateStyle", "ISO, MDY", iso_dates, Kind::Text, true, "the text form of dates"),
    setting(
        "default_transaction_deferrable",
        "off",
        on_off,
        Kind::Bool,
        false,
        "whether new transactions are deferrable, which concerns serializable ones alone",
    ),
    setting(
        "default_transaction_isolation",
        "read committed",
        isolation,
        Kind::Enum,
        false,
        "the isolation of new transactions",
    ),
    setting("default_transaction_read_only", "off", on_off, Kind::Bool, true, "whether new transactions are read-only"),
    setting("dialect", "postgres", dialect, Kind::Enum, false, "the SQL dialect: postgres, hive or spark"),
    setting(
        "extra_float_digits",
        "1",
        extra_float_digits,
        Kind::Integer,
        false,
        "digits of floats in text; above 0 the shortest exact form",
    ),
    setting(
        "idle_in_transaction_session_timeout",
        "0",
        milliseconds,
        Kind::Milliseconds,
        false,
        "how long a client may leave a transaction block alone; 0 is no limit",
    ),
    setting(
        "idle_session_timeout",
        "0",
        milliseconds,
        Kind::Milliseconds,
        false,
        "how long a client may be silent outside of a transaction block; 0 is no limit",
    ),
    setting("in_hot_standby", "off", fixed, Kind::Bool, true, "mead has no standby"),
    setting(
        "inference_engine",
        "auto",
        inference_engine,
        Kind::Enum,
        false,
        "what scores models: auto, native (mead's own models alone) or onnxruntime",
    ),
    setting("integer_datetimes", "on", fixed, Kind::Bool, true, "times are integers"),
    setting("IntervalStyle", "postgres", interval_style, Kind::Enum, true, "the text form of intervals"),
    setting("is_superuser", "on", fixed, Kind::Bool, true, "whether the user is a superuser"),
    setting(
        "lock_timeout",
        "0",
        milliseconds,
        Kind::Milliseconds,
        false,
        "the longest wait for a lock; no statement waits for one",
    ),
    setting("max_cursors", "1000", fixed, Kind::Integer, false, "the most cursors that a session may keep open"),
    setting(
        "max_identifier_length",
        "63",
        fixed,
        Kind::Integer,
        false,
        "the longest identifier that drivers should send",
    ),
    setting(
        "max_kept_statement_size",
        "64MB",
        fixed,
        Kind::Text,
        false,
        "the most text that the prepared statements and the cursors of a session may have together",
    ),
    setting("max_portals", "1000", fixed, Kind::Integer, false, "the most portals that a connection may keep open"),
    setting(
        "max_prepared_statements",
        "10000",
        fixed,
        Kind::Integer,
        false,
        "the most prepared statements that a session may keep",
    ),
    setting("max_savepoints", "10000", fixed, Kind::Integer, false, "the most savepoints that a transaction may have"),
    setting("role", "none", role_none, Kind::Text, false, "the current role"),
    setting("row_security", "on", on_off, Kind::Bool, false, "whether policies on rows apply; there are none"),
    setting("search_path", "public", search_path, Kind::Text, true, "schemas where unqualified names are looked up"),
    setting("server_encoding", "UTF8", fixed, Kind::Text, true, "the server's character set"),
    setting(
        "server_version",
        "15.0",
        fixed,
        Kind::Text,
        true,
        "the PostgreSQL version whose protocol and catalogs are spoken",
    ),
    setting("server_version_num", "150000", fixed, Kind::Integer, false, "the same as a number"),
    setting("session_authorization", "mead", fixed, Kind::Text, true, "the user who connected"),
    setting("standard_conforming_strings", "on", on_only, Kind::Bool, true, "backslashes in plain strings are literal"),
    setting(
        "statement_timeout",
        "0",
        milliseconds,
        Kind::Milliseconds,
        false,
        "the longest a statement may run; 0 is no limit",
    ),
    setting("synchronous_commit", "on", on_only, Kind::Enum, false, "a commit is on disk when it is acknowledged"),
    setting("TimeZone", "UTC", time_zone, Kind::Text, true, "the zone in which timestamptz is shown and read"),
    setting("transaction_deferrable", "off", on_off, Kind::Bool, false, "whether this transaction is deferrable"),
    setting(
        "transaction_isolation",
        "read committed",
        isolation,
        Kind::Enum,
        false,
        "the isolation of this transaction",
    ),
    setting("transaction_read_only", "off", on_off, Kind::Bool, false, "whether this transaction is read-only"),
];

/// Stands before the name of a variable of Hive's, which is thus no name of a setting.
const VARIABLE: char = '\u{1}';

/// Settings of the transaction, and those that new transactions take them from.
const OF_TRANSACTIONS: [(&str, &str); 3] = [
    ("transaction_deferrable", "default_transaction_deferrable"),
    ("transaction_isolation", "default_transaction_isolation"),
    ("transaction_read_only", "default_transaction_read_only"),
];

/// A setting with all its values.
pub(crate) struct Listed {
    pub name: &'static str,
    pub value: String,
    /// What RESET goes back to.
    pub reset: String,
    pub default: &'static str,
    pub description: &'static str,
    pub kind: Kind,
    /// True if no SET can change it.
    pub fixed: bool,
}

impl Listed {
    /// A value as a number where it has a unit, which stands apart in `pg_settings`.
    pub(crate) fn plain(&self, value: &str) -> String {
        match (self.kind, parse_milliseconds(value)) {
            (Kind::Milliseconds, Ok(milliseconds)) => milliseconds.to_string(),
            _ => value.to_owned(),
        }
    }
}

/// How long a new value lasts, unless the transaction is rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Session,
    /// Until the transaction ends: SET LOCAL.
    Local,
}

type Values = BTreeMap<String, String>;

/// A session's values. Names are found whatever their case.
///
/// What a transaction changes is undone when it is rolled back. A transaction is a block, and outside of one a request: all
/// that a client sends up to Sync, or one simple query. It begins with its first change, and ends by [`Self::commit`] or
/// [`Self::roll_back`].
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Those in force.
    values: Arc<Values>,
    /// What is in force once the transaction commits: all but what SET LOCAL changed.
    kept: Arc<Values>,
    /// What was in force before the transaction, if it has changed anything.
    before: Option<Arc<Values>>,
    /// Values at the session's start: what RESET goes back to.
    at_start: Arc<Values>,
    changed: Vec<&'static str>,
    /// The transaction has run a query, so that its modes are settled.
    queried: bool,
}

/// Values as they were when a savepoint was set.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    values: Arc<Values>,
    kept: Arc<Values>,
}

impl Settings {
    pub(crate) fn new() -> Self {
        let values: Values =
            DEFINITIONS.iter().map(|definition| (key(definition.name), definition.default.to_owned())).collect();
        let values = Arc::new(values);
        let changed = DEFINITIONS.iter().filter(|definition| definition.reported).map(|d| d.name).collect();
        let (kept, at_start) = (Arc::clone(&values), Arc::clone(&values));
        Self { values, kept, before: None, at_start, changed, queried: false }
    }

    /// The value as SHOW prints it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(&key(name)).map(String::as_str)
    }

    /// What is kept under a name of [`super::variables`].
    pub(crate) fn get_variable(&self, stored: &str) -> Option<&str> {
        self.values.get(&format!("{VARIABLE}{stored}")).map(String::as_str)
    }

    pub(crate) fn store_variable(&mut self, stored: String, value: String) {
        self.before.get_or_insert_with(|| Arc::clone(&self.values));
        let key = format!("{VARIABLE}{stored}");
        Arc::make_mut(&mut self.values).insert(key.clone(), value.clone());
        Arc::make_mut(&mut self.kept).insert(key, value);
    }

    /// All that is kept by [`Self::store_variable`].
    pub(super) fn stored_variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().filter_map(|(key, value)| Some((key.strip_prefix(VARIABLE)?, value.as_str())))
    }

    /// Takes a variable away, and says whether there was one.
    pub(crate) fn forget_variable(&mut self, stored: &str) -> bool {
        let key = format!("{VARIABLE}{stored}");
        if !self.values.contains_key(&key) {
            return false;
        }
        self.before.get_or_insert_with(|| Arc::clone(&self.values));
        Arc::make_mut(&mut self.values).remove(&key);
        Arc::make_mut(&mut self.kept).remove(&key);
        true
    }

    /// Checks and stores a value; 42704 for an unknown name, 22023 for a value that cannot be.
    pub(crate) fn set(&mut self, name: &str, value: &str, scope: Scope) -> Result<(), Diagnostic> {
        let definition = find(name)?;
        let value = (definition.check)(definition.name, value)?;
        self.check_modes(definition.name, &value)?;
        self.store(definition, value, scope);
        Ok(())
    }

    /// A value that the server itself knows (`session_authorization`): no check.
    pub(crate) fn set_at_start(&mut self, name: &'static str, value: &str) {
        Arc::make_mut(&mut self.values).insert(key(name), value.to_owned());
        self.fix_start();
    }

    /// What the start-up message asked for becomes what RESET goes back to.
    pub(crate) fn fix_start(&mut self) {
        self.before = None;
        self.take_modes_from_defaults();
        self.kept = Arc::clone(&self.values);
        self.at_start = Arc::clone(&self.values);
    }

    pub(crate) fn reset(&mut self, name: &str, scope: Scope) -> Result<(), Diagnostic> {
        if self.forget_variable(&format!("hiveconf:{name}")) || self.forget_variable(name) {
            return Ok(());
        }
        let definition = find(name)?;
        let value = self.at_start.get(&key(name)).cloned().unwrap_or_else(|| definition.default.to_owned());
        self.check_modes(definition.name, &value)?;
        self.store(definition, value, scope);
        Ok(())
    }

    /// As in PostgreSQL the modes of the transaction stay as they are.
    pub(crate) fn reset_all(&mut self) {
        let variables: Vec<String> = self.stored_variables().map(|(key, _)| key.to_owned()).collect();
        for key in variables {
            self.forget_variable(&key);
        }
        for definition in DEFINITIONS.iter().filter(|definition| !is_of_transaction(definition.name)) {
            let value = self.at_start[&key(definition.name)].clone();
            self.store(definition, value, Scope::Session);
        }
    }

    /// The transaction has run a query: it cannot become another kind of transaction any more.
    pub(crate) fn has_queried(&mut self) {
        self.queried = true;
    }

    /// True where nothing may be changed in the database.
    pub(crate) fn is_read_only(&self) -> bool {
        self.get("transaction_read_only") == Some("on")
    }

    /// The transaction has succeeded: what SET LOCAL changed is undone.
    pub(crate) fn commit(&mut self) {
        self.queried = false;
        if self.before.take().is_some() {
            self.put_in_force(Arc::clone(&self.kept));
            self.take_modes_from_defaults();
            self.kept = Arc::clone(&self.values);
        }
    }

    /// The transaction has failed: what it changed is undone.
    pub(crate) fn roll_back(&mut self) {
        self.queried = false;
        if let Some(before) = self.before.take() {
            self.kept = Arc::clone(&before);
            self.put_in_force(before);
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot { values: Arc::clone(&self.values), kept: Arc::clone(&self.kept) }
    }

    /// Back to where a savepoint was set, within the transaction.
    pub(crate) fn rewind(&mut self, snapshot: Snapshot) {
        self.kept = snapshot.kept;
        self.put_in_force(snapshot.values);
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
                kind: definition.kind,
                fixed: (definition.check)(definition.name, definition.default).is_err(),
            })
            .collect()
    }

    /// A setting in milliseconds; `None` where it is 0, which is no limit.
    pub(crate) fn timeout(&self, name: &str) -> Option<Duration> {
        let milliseconds = self.get(name).map_or(Ok(0), parse_milliseconds).unwrap_or(0);
        (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
    }

    pub(crate) fn statement_timeout(&self) -> Option<Duration> {
        self.timeout("statement_timeout")
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

    fn store(&mut self, definition: &'static Definition, value: String, scope: Scope) {
        let name = key(definition.name);
        let local = scope == Scope::Local || is_of_transaction(definition.name);
        if self.values.get(&name) == Some(&value) && (local || self.kept.get(&name) == Some(&value)) {
            return;
        }
        self.before.get_or_insert_with(|| Arc::clone(&self.values));
        let old = Arc::make_mut(&mut self.values).insert(name.clone(), value.clone());
        if definition.reported && old.as_deref() != Some(value.as_str()) && !self.changed.contains(&definition.name) {
            self.changed.push(definition.name);
        }
        if !local {
            Arc::make_mut(&mut self.kept).insert(name, value);
        }
    }

    fn put_in_force(&mut self, values: Arc<Values>) {
        for definition in DEFINITIONS.iter().filter(|definition| definition.reported) {
            let name = key(definition.name);
            if self.values.get(&name) != values.get(&name) && !self.changed.contains(&definition.name) {
                self.changed.push(definition.name);
            }
        }
        self.values = values;
    }

    /// A new transaction has the modes that are set for new ones.
    fn take_modes_from_defaults(&mut self) {
        for (name, default) in OF_TRANSACTIONS {
            let value = self.values[default].clone();
            if self.values[name] != value {
                Arc::make_mut(&mut self.values).insert(name.to_owned(), value);
            }
        }
    }

    /// A transaction that has queried cannot be given another isolation, nor be allowed to write.
    fn check_modes(&self, name: &str, value: &str) -> Result<(), Diagnostic> {
        if !self.queried || self.get(name) == Some(value) {
            return Ok(());
        }
        let message = match (name, value) {
            ("transaction_isolation", _) => "SET TRANSACTION ISOLATION LEVEL must be called before any query",
            ("transaction_read_only", "off") => "transaction read-write mode must be set before any query",
            ("transaction_deferrable", _) => "SET TRANSACTION [NOT] DEFERRABLE must be called before any query",
            _ => return Ok(()),
        };
        Err(Diagnostic::new(sqlstate::ACTIVE_SQL_TRANSACTION, message))
    }
}

fn is_of_transaction(name: &str) -> bool {
    OF_TRANSACTIONS.iter().any(|(of_transaction, _)| *of_transaction == name)
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
        settings.set("timezone", "Europe/Zurich", Scope::Session).unwrap();
        assert_eq!(settings.take_reported(), vec![("TimeZone".to_owned(), "Europe/Zurich".to_owned())]);
        assert!(settings.take_reported().is_empty());
        settings.reset_all();
        assert_eq!(settings.get("TimeZone"), Some("UTC"));
    }

    #[test]
    fn timeouts_have_units() {
        let mut settings = Settings::new();
        settings.set("statement_timeout", "1500", Scope::Session).unwrap();
        assert_eq!(settings.get("statement_timeout"), Some("1500ms"));
        settings.set("statement_timeout", "2 min", Scope::Session).unwrap();
        assert_eq!(settings.statement_timeout(), Some(Duration::from_secs(120)));
        assert_eq!(
            settings.set("statement_timeout", "soon", Scope::Session).unwrap_err().sqlstate,
            sqlstate::INVALID_PARAMETER_VALUE
        );
    }

    #[test]
    fn an_unknown_name_gets_a_hint() {
        let error = Settings::new().set("statment_timeout", "1", Scope::Session).unwrap_err();
        assert_eq!(error.sqlstate, sqlstate::UNDEFINED_OBJECT);
        assert_eq!(error.hint.as_deref(), Some("perhaps you meant \"statement_timeout\""));
    }

    #[test]
    fn a_transaction_that_fails_changes_nothing() {
        let mut settings = Settings::new();
        settings.take_reported();
        settings.set("TimeZone", "Asia/Tokyo", Scope::Session).unwrap();
        settings.set("application_name", "one", Scope::Local).unwrap();
        let savepoint = settings.snapshot();
        settings.set("TimeZone", "Europe/Zurich", Scope::Local).unwrap();
        settings.rewind(savepoint);
        assert_eq!(settings.get("timezone"), Some("Asia/Tokyo"));
        settings.roll_back();
        assert_eq!((settings.get("timezone"), settings.get("application_name")), (Some("UTC"), Some("")));
        settings.set("TimeZone", "Asia/Tokyo", Scope::Session).unwrap();
        settings.set("application_name", "one", Scope::Local).unwrap();
        settings.take_reported();
        settings.commit();
        assert_eq!((settings.get("timezone"), settings.get("application_name")), (Some("Asia/Tokyo"), Some("")));
        assert_eq!(settings.take_reported(), vec![("application_name".to_owned(), String::new())]);
    }

    #[test]
    fn the_last_of_set_and_set_local_counts() {
        let mut settings = Settings::new();
        settings.set("TimeZone", "Asia/Tokyo", Scope::Local).unwrap();
        settings.set("TimeZone", "Europe/Zurich", Scope::Session).unwrap();
        settings.set("TimeZone", "UTC", Scope::Local).unwrap();
        settings.commit();
        assert_eq!(settings.get("timezone"), Some("Europe/Zurich"));
    }

    #[test]
    fn a_new_transaction_takes_the_default_modes() {
        let mut settings = Settings::new();
        settings.set("default_transaction_read_only", "on", Scope::Session).unwrap();
        assert!(!settings.is_read_only());
        settings.commit();
        assert!(settings.is_read_only());
        settings.set("transaction_read_only", "off", Scope::Session).unwrap();
        assert!(!settings.is_read_only());
        settings.commit();
        assert!(settings.is_read_only());
        settings.has_queried();
        let late = settings.set("transaction_read_only", "off", Scope::Session).unwrap_err();
        assert_eq!(late.sqlstate, sqlstate::ACTIVE_SQL_TRANSACTION);
    }
}
