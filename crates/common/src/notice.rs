//! What a statement says while it runs, without failing: NoticeResponse on the wire.

use crate::sqlstate::{self, SqlState};

/// How loud a notice is; `client_min_messages` filters by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Debug,
    Log,
    Info,
    Notice,
    Warning,
}

impl Severity {
    /// As NoticeResponse's fields `S` and `V` spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Debug => "DEBUG",
            Severity::Log => "LOG",
            Severity::Info => "INFO",
            Severity::Notice => "NOTICE",
            Severity::Warning => "WARNING",
        }
    }
}

/// A message for the client that is not an error.
#[derive(Debug, Clone)]
pub struct Notice {
    pub severity: Severity,
    pub sqlstate: SqlState,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

impl Notice {
    // Named for its severity, as `warning` is.
    #[allow(clippy::self_named_constructors)]
    pub fn notice(message: impl Into<String>) -> Self {
        Self::new(Severity::Notice, sqlstate::SUCCESSFUL_COMPLETION, message)
    }

    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, sqlstate::WARNING, message)
    }

    pub fn new(severity: Severity, sqlstate: SqlState, message: impl Into<String>) -> Self {
        Self { severity, sqlstate, message: message.into(), detail: None, hint: None }
    }
}
