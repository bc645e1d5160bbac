//! Settings as everything in a session sees them: the session itself, its functions, its catalog.

use std::sync::Arc;

use mead_common::{Diagnostic, Dialect};
use parking_lot::RwLock;

use super::check::split_path;
use super::settings::{Scope, Settings};

/// A handle on the session's settings.
#[derive(Debug, Clone)]
pub(crate) struct SharedSettings(Arc<RwLock<Settings>>);

impl SharedSettings {
    pub(crate) fn new() -> Self {
        Self(Arc::new(RwLock::new(Settings::new())))
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Settings) -> T) -> T {
        read(&self.0.read())
    }

    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut Settings) -> T) -> T {
        write(&mut self.0.write())
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
