//! The session: a statement becomes a plan, the plan a stream of Arrow batches.
//!
//! Entry points: [`Engine::open`], [`Engine::connect`], [`Session::prepare`], [`Session::execute`]. The engine knows no
//! wire protocol; a client is anything that holds a `Session`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
pub use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use mead_common::{CancelReason, Diagnostic, Notice};
use tokio::sync::mpsc;

/// What `Engine::open` needs to know.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    pub data_dir: PathBuf,
    /// Bytes that queries and training may hold together.
    pub memory_limit_bytes: usize,
    /// Folders below which `file://` locations are allowed to users who are not superusers.
    pub allowed_paths: Vec<PathBuf>,
    /// Cores that plans and training may use.
    pub cpu_threads: usize,
}

/// One open data directory, shared by all sessions.
pub struct Engine {}

/// Who connects, as the start-up message says.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    pub user: String,
    pub database: String,
    pub peer: Option<SocketAddr>,
    /// Settings of the start-up message (`application_name`, `options=-c …`, …).
    pub settings: BTreeMap<String, String>,
}

impl Engine {
    pub async fn open(config: EngineConfig) -> Result<Arc<Engine>, Diagnostic> { let _ = config; unimplemented!() }

    /// The SCRAM-SHA-256 verifier of a role in PostgreSQL's form (`SCRAM-SHA-256$4096:salt$stored:server`), if it has one.
    pub fn scram_verifier(&self, role: &str) -> Result<Option<String>, Diagnostic> { let _ = role; unimplemented!() }

    /// True when at least one role can log in with a password.
    pub fn has_passwords(&self) -> Result<bool, Diagnostic> { unimplemented!() }

    /// Opens a session; 3D000 for an unknown database, 28000 for an unknown role. Notices of the session's statements
    /// arrive at the receiver, while they run.
    pub async fn connect(self: &Arc<Self>, options: ConnectOptions) -> Result<(Session, mpsc::Receiver<Notice>), Diagnostic> { let _ = options; unimplemented!() }

    /// Cancels all statements (SIGTERM) and waits until they have ended.
    pub async fn shutdown(&self) { unimplemented!() }
}

/// One connection's state: settings, database, transaction status. Used by one task at a time (`&mut`), while its
/// `CancelHandle` may be used from anywhere.
pub struct Session {}

/// A statement, parsed and described, that can be executed any number of times.
pub struct Prepared {}

/// What executing a statement gives.
pub struct Execution {
    /// Some for a statement that returns rows: their schema, and the rows as a stream that can be polled or dropped at any
    /// time. Its errors are `DataFusionError`s; `Diagnostic` is got by `diagnostic_of`.
    pub rows: Option<(SchemaRef, SendableRecordBatchStream)>,
    /// The command tag (`INSERT 0 5`, `CREATE TABLE`). For statements with rows it is the tag without the count (`SELECT`,
    /// `FETCH`, `SHOW`, `EXPLAIN`) and the server adds the number of rows where Postgres does.
    pub tag: CommandTag,
}

/// A command tag as CommandComplete carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandTag {
    /// The count of rows sent follows the word (`SELECT 5`).
    Rows(&'static str),
    /// Complete as it is.
    Fixed(String),
    /// An empty query: EmptyQueryResponse.
    Empty,
}

/// ReadyForQuery's status byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus { Idle, InTransaction, Failed }

/// Cancels what its session runs, from any thread.
#[derive(Clone)]
pub struct CancelHandle {}

impl CancelHandle {
    pub fn cancel(&self, reason: CancelReason) { let _ = reason; unimplemented!() }
}

impl Session {
    /// Splits a simple-query string into statements; a syntax error anywhere fails the whole (with position), as in Postgres.
    /// An empty string gives an empty list.
    pub fn split(&self, sql: &str) -> Result<Vec<SourceStatement>, Diagnostic> { let _ = sql; unimplemented!() }

    /// Plans one statement far enough to know its parameters and columns. `parameter_types`: what the client declared, in order
    /// (None or absent: infer).
    pub async fn prepare(&mut self, statement: SourceStatement, parameter_types: &[Option<DataType>]) -> Result<Arc<Prepared>, Diagnostic> { let _ = (statement, parameter_types); unimplemented!() }

    /// Runs a prepared statement. Returns when rows can be streamed, or when the statement is done.
    pub async fn execute(&mut self, prepared: &Arc<Prepared>, parameters: Vec<ScalarValue>) -> Result<Execution, Diagnostic> { let _ = (prepared, parameters); unimplemented!() }

    pub fn cancel_handle(&self) -> CancelHandle { unimplemented!() }

    /// Called by the wire when a statement (its stream included) has ended with an error, so that a transaction block becomes failed.
    pub fn statement_failed(&mut self) { unimplemented!() }

    /// Implicit transaction of a simple-query batch or of a pipeline up to Sync: called at its end.
    pub fn sync(&mut self) { unimplemented!() }

    pub fn transaction_status(&self) -> TransactionStatus { unimplemented!() }

    /// The value of a setting as SHOW prints it (`TimeZone`, `DateStyle`, `bytea_output`, `extra_float_digits`, …).
    pub fn setting(&self, name: &str) -> Option<String> { let _ = name; unimplemented!() }

    /// Settings whose change a client must hear of (ParameterStatus), changed since the last call; at connect: all of them.
    pub fn take_reported_settings(&mut self) -> Vec<(String, String)> { unimplemented!() }
}

/// One statement of a query string: its text, and where it began (characters), for error positions.
#[derive(Debug, Clone)]
pub struct SourceStatement { /* private fields */ }

impl SourceStatement {
    /// True for an empty query string.
    pub fn is_empty(&self) -> bool { unimplemented!() }
    /// One statement from an extended-protocol Parse message: more than one is 42601.
    pub fn single(session: &Session, sql: &str) -> Result<Self, Diagnostic> { let _ = (session, sql); unimplemented!() }
}

impl Prepared {
    /// One type per `$n`, inferred where the client declared none.
    pub fn parameter_types(&self) -> &[DataType] { unimplemented!() }
    /// The columns, for statements that return rows.
    pub fn schema(&self) -> Option<SchemaRef> { unimplemented!() }
}

/// The report inside an error of a result stream: SQLSTATE, message, detail, hint, position.
pub fn diagnostic_of(error: &datafusion::error::DataFusionError) -> Diagnostic { let _ = error; unimplemented!() }
