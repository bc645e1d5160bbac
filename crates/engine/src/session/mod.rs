//! One connection's state, and the life of its statements.

mod check;
pub(crate) mod execution;
pub(crate) mod holdings;
pub(crate) mod info;
pub(crate) mod prepared;
pub(crate) mod settings;
pub(crate) mod shared;
pub(crate) mod transaction;
pub(crate) mod variables;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;

use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::execution::SessionState;
use mead_common::{CancelReason, Diagnostic, Dialect, Notice, sqlstate};
use parking_lot::Mutex;
use tokio::sync::mpsc;

pub use execution::{CommandTag, Execution};
pub use holdings::KeptStatement;
pub use prepared::{Prepared, SourceStatement};
pub(crate) use shared::SharedSettings;
pub use transaction::TransactionStatus;

use crate::engine::Engine;
use crate::execution::{AbortOnDrop, ActiveStatements, Running, StatementContext};
use crate::statement::Runner;
use info::Info;
use transaction::Transaction;

/// Who connects, as the start-up message says.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    pub user: String,
    pub database: String,
    pub peer: Option<SocketAddr>,
    /// Settings of the start-up message (`application_name`, `options=-c …`, …).
    pub settings: BTreeMap<String, String>,
}

/// The role a session acts for.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub name: String,
    pub superuser: bool,
}

/// One connection's settings, transaction block, prepared statements and cursors. Used by one task at a time, while its
/// [`CancelHandle`] may be used from anywhere.
pub struct Session {
    pub(crate) engine: Arc<Engine>,
    pub(crate) settings: SharedSettings,
    pub(crate) user: Arc<User>,
    pub(crate) transaction: Transaction,
    pub(crate) cursors: HashMap<String, crate::statement::Cursor>,
    /// The number of the next cursor.
    pub(crate) next_cursor: u64,
    /// One for each dialect that the session has used.
    states: Mutex<HashMap<Dialect, SessionState>>,
    pub(crate) info: Arc<Info>,
    notices: mpsc::Sender<Notice>,
    active: Arc<ActiveStatements>,
}

/// Cancels what its session runs, from any thread.
#[derive(Clone)]
pub struct CancelHandle(Arc<ActiveStatements>);

impl CancelHandle {
    pub fn cancel(&self, reason: CancelReason) {
        self.0.cancel(reason);
    }
}

impl Session {
    pub(crate) fn new(
        engine: Arc<Engine>,
        user: User,
        settings: SharedSettings,
        info: Arc<Info>,
        state: SessionState,
        notices: mpsc::Sender<Notice>,
        active: Arc<ActiveStatements>,
    ) -> Self {
        Self {
            engine,
            user: Arc::new(user),
            transaction: Transaction::new(),
            cursors: HashMap::new(),
            next_cursor: 0,
            states: Mutex::new(HashMap::from([(settings.dialect(), state)])),
            settings,
            info,
            notices,
            active,
        }
    }

    /// Splits a simple-query string into statements. An empty string gives an empty list; a syntax error anywhere fails the
    /// whole, as in Postgres.
    pub fn split(&self, sql: &str) -> Result<Vec<SourceStatement>, Diagnostic> {
        SourceStatement::split(sql, self.dialect())
    }

    /// Plans one statement far enough to know its parameters and columns. `declared`: the types the client gave its
    /// parameters, in order; what is `None` or missing is inferred.
    pub async fn prepare(
        &mut self,
        source: SourceStatement,
        declared: &[Option<FieldRef>],
    ) -> Result<Arc<Prepared>, Diagnostic> {
        let source = match source.read(&self.settings, &self.user.name) {
            Ok(source) => source,
            Err(error) => {
                self.transaction.fail();
                return Err(error);
            }
        };
        self.check_not_failed(source.statement.as_deref())?;
        let runner = self.runner(&source, Vec::new())?;
        let described = self.describe(&runner, declared).await;
        let (parameter_types, schema) = match described {
            Ok(described) => described,
            Err(error) => {
                self.transaction.fail();
                return Err(source.locate(error));
            }
        };
        Ok(Arc::new(Prepared { source, parameter_types, schema }))
    }

    /// Runs a prepared statement. Returns when rows can be streamed, or when the statement is done.
    pub async fn execute(
        &mut self,
        prepared: &Arc<Prepared>,
        parameters: Vec<ScalarValue>,
    ) -> Result<Execution, Diagnostic> {
        let Some(statement) = prepared.source.statement.clone() else {
            return Ok(Execution { rows: None, tag: CommandTag::Empty, running: None });
        };
        if parameters.len() != prepared.parameter_types.len() {
            return Err(Diagnostic::new(
                sqlstate::PROTOCOL_VIOLATION,
                format!("{} parameters given, {} expected", parameters.len(), prepared.parameter_types.len()),
            ));
        }
        self.check_not_failed(Some(&statement))?;
        match self.dispatch(prepared, &statement, parameters).await {
            Ok(execution) => Ok(execution),
            Err(error) => {
                self.transaction.fail();
                Err(prepared.source.locate(error))
            }
        }
    }

    /// 25P02 in a failed block, but for what ends it.
    fn check_not_failed(&self, statement: Option<&mead_parser::Statement>) -> Result<(), Diagnostic> {
        let ends = statement.is_none_or(mead_parser::Statement::ends_transaction);
        if self.transaction.status() != TransactionStatus::Failed || ends {
            return Ok(());
        }
        Err(Diagnostic::new(
            sqlstate::IN_FAILED_SQL_TRANSACTION,
            "current transaction is aborted, commands ignored until end of transaction block",
        ))
    }

    /// 42P05 or 54000 if no prepared statement can be kept under this name.
    pub fn check_statement_name(&self, name: &str) -> Result<(), Diagnostic> {
        self.info.holdings.read().check_statement_name(name)
    }

    /// Keeps a prepared statement under a name, for EXECUTE and DEALLOCATE too; 42P05, 54000 or 53200 if it cannot be.
    pub fn keep_statement(&mut self, name: &str, kept: KeptStatement) -> Result<(), Diagnostic> {
        let pool = self.engine.memory_pool();
        self.info.holdings.write().keep_statement(name, kept, &pool)
    }

    /// 26000 if there is no statement of this name.
    pub fn kept_statement(&self, name: &str) -> Result<Arc<KeptStatement>, Diagnostic> {
        self.info.holdings.read().statement(name)
    }

    /// False if there was no statement of this name.
    pub fn forget_statement(&mut self, name: &str) -> bool {
        self.info.holdings.write().forget_statement(name)
    }

    /// The columns of an open cursor; 34000 if there is none of this name.
    pub fn cursor_schema(&self, name: &str) -> Result<SchemaRef, Diagnostic> {
        Ok(Arc::clone(&self.cursor(name)?.schema))
    }

    /// Goes on with a statement that was suspended, under a `statement_timeout` of its own.
    pub fn resume(&self, running: &Running) {
        running.resume(self.settings.read(settings::Settings::statement_timeout));
    }

    /// Called where a query string has several statements: up to [`Self::sync`] they are one transaction.
    pub fn begin_string(&mut self) {
        self.transaction.set_implicit(true);
    }

    /// How long the client may be silent now, and what it is told when it was so for longer.
    pub fn idle_timeout(&self) -> Option<(std::time::Duration, Diagnostic)> {
        let (name, sqlstate, what) = match self.transaction.status() {
            TransactionStatus::Idle => ("idle_session_timeout", sqlstate::IDLE_SESSION_TIMEOUT, "idle-session"),
            _ => (
                "idle_in_transaction_session_timeout",
                sqlstate::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                "idle-in-transaction",
            ),
        };
        let timeout = self.settings.read(|settings| settings.timeout(name))?;
        Some((timeout, Diagnostic::new(sqlstate, format!("terminating connection due to {what} timeout"))))
    }

    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle(Arc::clone(&self.active))
    }

    /// Called when a statement's stream has ended with an error, so that a transaction block becomes failed.
    pub fn statement_failed(&mut self) {
        self.transaction.fail();
    }

    /// Called at Sync, and at the end of a simple query: cursors and portals outside of a block end there.
    pub fn sync(&mut self) {
        let failed = self.transaction.end_request();
        if self.transaction.status() == TransactionStatus::Idle {
            self.settings.write(|settings| if failed { settings.roll_back() } else { settings.commit() });
            self.close_cursors(|cursor| !cursor.is_settled());
        }
    }

    pub fn transaction_status(&self) -> TransactionStatus {
        self.transaction.status()
    }

    /// The number that CancelRequest and `pg_backend_pid()` know this session by.
    pub fn backend_pid(&self) -> i32 {
        use mead_functions::SessionInfo as _;
        self.info.backend_pid()
    }

    /// The value of a setting as SHOW prints it (`TimeZone`, `bytea_output`, …).
    pub fn setting(&self, name: &str) -> Option<String> {
        self.settings.get(name)
    }

    /// Settings whose change a client must hear of (ParameterStatus), changed since the last call; at connect: all of them.
    pub fn take_reported_settings(&mut self) -> Vec<(String, String)> {
        self.settings.write(settings::Settings::take_reported)
    }

    /// A notice that no running statement says.
    pub(crate) fn tell(&self, notice: Notice) {
        let least = self.settings.read(settings::Settings::client_min_severity);
        if least.is_some_and(|least| notice.severity >= least) && self.notices.try_send(notice).is_err() {
            tracing::debug!("a notice was dropped: the client does not read");
        }
    }

    /// The SQL that the session speaks.
    pub fn dialect(&self) -> Dialect {
        self.settings.dialect()
    }

    /// The state for statements of a dialect.
    fn state(&self, dialect: Dialect) -> Result<SessionState, Diagnostic> {
        let mut states = self.states.lock();
        if let Some(state) = states.get(&dialect) {
            return Ok(state.clone());
        }
        let state = self.engine.session_state(&self.info, dialect)?;
        states.insert(dialect, state.clone());
        Ok(state)
    }

    /// A new statement: its context, registered for cancellation, and the session's state with the context in it.
    pub(crate) fn runner(&self, source: &SourceStatement, parameters: Vec<ScalarValue>) -> Result<Runner, Diagnostic> {
        let severity = self.settings.read(settings::Settings::client_min_severity);
        let context = StatementContext::new(source.text.clone(), self.notices.clone(), severity);
        self.active.add(&context);
        self.info.begin_planning(context.flag());
        let mut state = self.state(source.dialect)?;
        let config = state.config_mut();
        config.set_extension(Arc::clone(&context));
        config.options_mut().execution.time_zone = self.settings.get("TimeZone");
        if source.dialect == Dialect::Hive && self.settings.read(settings::Settings::nulls_first) {
            config.options_mut().sql_parser.default_null_ordering = "nulls_min".to_owned();
        }
        // now() is this moment throughout the statement.
        state.mark_start_execution();
        Ok(Runner {
            engine: Arc::clone(&self.engine),
            state,
            context,
            source: source.clone(),
            parameters,
            parameter_types: Vec::new(),
            settings: self.settings.clone(),
            user: Arc::clone(&self.user),
        })
    }

    /// Runs `work` on the engine's threads, under the statement's timeout, until it ends or is cancelled. The stream of an
    /// execution goes on under the same timeout.
    pub(crate) async fn run_on_engine<F>(
        &self,
        runner: Runner,
        work: impl FnOnce(Runner) -> F,
    ) -> Result<Execution, Diagnostic>
    where
        F: Future<Output = Result<Execution, Diagnostic>> + Send + 'static,
    {
        let handle = self.engine.runtime();
        let context = Arc::clone(&runner.context);
        let timeout = self.settings.read(settings::Settings::statement_timeout);
        let running = Running::start(&context, timeout);
        let execution = context.run(AbortOnDrop::new(handle.spawn(work(runner)))).await?;
        Ok(match execution.rows {
            Some((schema, stream)) => {
                let stream = crate::execution::spawn(stream, context, Arc::clone(&running), &handle);
                Execution { rows: Some((schema, stream)), tag: execution.tag, running: Some(running) }
            }
            None => execution,
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.active.cancel(CancelReason::Disconnected);
        self.drop_temporary_tables();
    }
}
