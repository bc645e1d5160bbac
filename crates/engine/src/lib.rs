//! The session: a statement becomes a plan, the plan a stream of Arrow batches.
//!
//! Entry points: [`Engine::open`], [`Engine::connect`], [`Session::prepare`], [`Session::execute`]. The engine knows no
//! wire protocol; a client is anything that holds a `Session`.

mod config;
mod engine;
mod error;
mod execution;
mod models;
mod operator;
mod optimizer;
mod plan;
mod position;
mod session;
mod statement;

pub use config::EngineConfig;
pub use datafusion::common::ScalarValue;
pub use engine::{Engine, THREAD_STACK_BYTES};
pub use error::diagnostic_of;
pub use execution::Running;
pub use mead_catalog::pg_type;
pub use mead_functions::hive::convert::text::{double_text, float_text};
pub use session::{
    CancelHandle, CommandTag, ConnectOptions, Execution, KeptStatement, Prepared, Session, SourceStatement,
    TransactionStatus,
};
