//! Settings as everything in a session sees them: the session itself, its functions, its catalog.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use mead_common::{Diagnostic, Dialect};
use parking_lot::RwLock;

use super::check::split_path;
use super::settings::{Scope, Settings};

/// A handle on the session's settings.
#[derive(Debug, Clone)]
pub(crate) struct SharedSettings {
    values: Arc<RwLock<Settings>>,
    temporary: Arc<Temporary>,
}

/// The schema of the session's temporary tables.
#[derive(Debug, Default)]
struct Temporary {
    name: OnceLock<String>,
    is_used: AtomicBool,
}

impl SharedSettings {
    pub(crate) fn new() -> Self {
        Self { values: Arc::new(RwLock::new(Settings::new())), temporary: Arc::default() }
    }

    /// Names the schema of temporary tables, which differs from that of every other session.
    pub(crate) fn name_temporary_schema(&self, backend_pid: i32) {
        let _ = self.temporary.name.set(mead_catalog::temporary_schema(backend_pid));
    }

    /// The schema of temporary tables, for the first of them.
    pub(crate) fn use_temporary_schema(&self) -> Option<&str> {
        self.temporary.is_used.store(true, Ordering::Release);
        self.temporary_schema()
    }

    /// The schema of temporary tables, if the session has made any.
    pub(crate) fn temporary_schema(&self) -> Option<&str> {
        match self.temporary.is_used.load(Ordering::Acquire) {
            true => self.temporary.name.get().map(String::as_str),
            false => None,
        }
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Settings) -> T) -> T {
        read(&self.values.read())
    }

    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut Settings) -> T) -> T {
        write(&mut self.values.write())
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.read(|settings| settings.get(name).map(str::to_owned))
    }

    pub(crate) fn set(&self, name: &str, value: &str) -> Result<(), Diagnostic> {
        self.write(|settings| settings.set(name, value, Scope::Session))
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.read(|settings| settings.get("dialect").and_then(Dialect::parse)).unwrap_or_default()
    }

    /// The schemas of `search_path`, unquoted; `"$user"` has no schema here and is passed over.
    pub(crate) fn search_path(&self) -> Vec<String> {
        let path = self.get("search_path").unwrap_or_default();
        let parts = split_path(&path).unwrap_or_default().into_iter();
        parts.filter(|part| *part != "\"$user\"").map(unquote).filter(|name| !name.is_empty()).collect()
    }

    /// Where unqualified names of new objects go; `None` where the path names no schema.
    pub(crate) fn current_schema(&self) -> Option<String> {
        self.search_path().into_iter().find(|name| name != "pg_catalog")
    }
}

/// An identifier as it is stored: quoted ones as they stand, others in lower case.
fn unquote(name: &str) -> String {
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.trim_matches('\'').to_lowercase(),
    }
}
