//! What every room of mead shares: errors as Postgres gives them, notices, cancellation, telemetry.
//!
//! This crate deliberately knows neither SQL nor Arrow nor DataFusion.

mod cancel;
mod diagnostic;
mod dialect;
mod notice;
pub mod scram;
pub mod sqlstate;
pub mod telemetry;
pub mod text;

pub use cancel::{CancelFlag, CancelReason};
pub use diagnostic::Diagnostic;
pub use dialect::Dialect;
pub use notice::{Notice, Severity};
pub use sqlstate::SqlState;
