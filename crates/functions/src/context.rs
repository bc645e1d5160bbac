//! What a function may ask of the session it runs in. One context, and so one set of functions, exists per session.

use std::fmt;
use std::sync::Arc;

use mead_common::{CancelFlag, Diagnostic};

use crate::model::{ModelSource, StatementModels};

/// The session, as functions see it. Implemented by the engine; nothing here blocks.
pub trait SessionInfo: Send + Sync {
    /// The Postgres database (`current_database()`).
    fn database(&self) -> String;

    /// The user whose rights count (`current_user`).
    fn user(&self) -> String;

    /// The user who logged in (`session_user`).
    fn session_user(&self) -> String {
        self.user()
    }

    /// The schemas in which unqualified names are looked for, in order.
    fn search_path(&self) -> Vec<String>;

    /// The schema in which an unqualified name is created (`current_schema()`).
    fn schema(&self) -> Option<String> {
        self.search_path().into_iter().next()
    }

    /// The number CancelRequest and `pg_backend_pid()` know this session by.
    fn backend_pid(&self) -> i32;

    /// The value of a setting as SHOW prints it; `None` for an unknown one.
    fn setting(&self, name: &str) -> Option<String>;

    /// As SET does; `local` as SET LOCAL does.
    fn set_setting(&self, name: &str, value: &str, local: bool) -> Result<(), Diagnostic>;

    /// The version of PostgreSQL whose behaviour is promised (`server_version`).
    fn server_version(&self) -> String;

    /// Tells the running statement to stop.
    fn cancel(&self) -> CancelFlag;

    /// A number that changes whenever the session begins to plan a statement. Model names are resolved once for each.
    fn plan_id(&self) -> u64;
}

/// Everything that functions share within a session.
pub struct FunctionContext {
    pub session: Arc<dyn SessionInfo>,
    pub(crate) models: StatementModels,
}

impl FunctionContext {
    /// A context whose models come from `source`.
    pub fn new(session: Arc<dyn SessionInfo>, source: Arc<dyn ModelSource>) -> Arc<Self> {
        Arc::new(Self { session, models: StatementModels::new(source) })
    }
}

impl fmt::Debug for FunctionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionContext").field("database", &self.session.database()).finish_non_exhaustive()
    }
}
