//! What a function may ask of the session it runs in. One context, and so one set of functions, exists per session.

use std::fmt;
use std::sync::Arc;

use mead_catalog::Catalog;
use mead_common::{CancelFlag, Diagnostic};

use crate::model::{ModelReference, ModelSource, Scorer, StatementModels};

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
    pub catalog: Arc<Catalog>,
    pub session: Arc<dyn SessionInfo>,
    pub(crate) models: StatementModels,
}

impl FunctionContext {
    /// `models` serves all sessions; names are resolved by this session's search path.
    pub fn new(catalog: Arc<Catalog>, models: Arc<dyn ModelSource>, session: Arc<dyn SessionInfo>) -> Arc<Self> {
        Arc::new(Self { catalog, session, models: StatementModels::new(models) })
    }

    /// The model that a name means in the statement that is being planned; 42704 where there is none.
    pub fn model(&self, name: &str) -> Result<Arc<dyn Scorer>, Diagnostic> {
        self.models.named(self.session.as_ref(), &ModelReference::parse(name)?)
    }
}

impl fmt::Debug for FunctionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionContext").field("database", &self.session.database()).finish_non_exhaustive()
    }
}
