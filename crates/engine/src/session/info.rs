//! The session, as its functions see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mead_common::{CancelFlag, Diagnostic};
use mead_functions::SessionInfo;
use mead_parser::VariableKind;
use parking_lot::RwLock;

use super::holdings::Holdings;
use super::settings::{Scope, Settings};
use super::shared::SharedSettings;
use crate::plan::search_path::DATABASE;

/// What functions may ask; the session keeps it up to date.
#[derive(Debug)]
pub(crate) struct Info {
    pub(crate) settings: SharedSettings,
    pub(crate) holdings: RwLock<Holdings>,
    user: String,
    backend_pid: i32,
    running: RwLock<CancelFlag>,
    plan_id: AtomicU64,
}

impl Info {
    pub(crate) fn new(settings: SharedSettings, user: String, backend_pid: i32) -> Arc<Self> {
        let running = RwLock::new(CancelFlag::new());
        let holdings = RwLock::default();
        Arc::new(Self { settings, holdings, user, backend_pid, running, plan_id: AtomicU64::new(0) })
    }

    /// Called before a statement is planned: names are resolved anew.
    pub(crate) fn begin_planning(&self, flag: &CancelFlag) {
        *self.running.write() = flag.clone();
        self.plan_id.fetch_add(1, Ordering::Relaxed);
    }
}

impl SessionInfo for Info {
    fn database(&self) -> String {
        DATABASE.to_owned()
    }

    fn user(&self) -> String {
        self.user.clone()
    }

    fn search_path(&self) -> Vec<String> {
        self.settings.search_path()
    }

    fn backend_pid(&self) -> i32 {
        self.backend_pid
    }

    fn setting(&self, name: &str) -> Option<String> {
        let kept = |settings: &Settings| settings.kept_variable(VariableKind::Configuration, name);
        self.settings.get(name).or_else(|| self.settings.read(kept))
    }

    fn set_setting(&self, name: &str, value: &str, local: bool) -> Result<(), Diagnostic> {
        let scope = if local { Scope::Local } else { Scope::Session };
        self.settings.write(|settings| settings.set(name, value, scope))
    }

    fn server_version(&self) -> String {
        self.settings.get("server_version").unwrap_or_default()
    }

    fn cancel(&self) -> CancelFlag {
        self.running.read().clone()
    }

    fn plan_id(&self) -> u64 {
        self.plan_id.load(Ordering::Relaxed)
    }
}
