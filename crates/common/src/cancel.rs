//! A flag that says a statement should stop. Long loops (a training batch, an inference batch) read it; it never blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::diagnostic::Diagnostic;
use crate::sqlstate;

/// Why a statement was stopped; it settles the message the client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelReason {
    /// CancelRequest, or the result was dropped.
    User,
    /// `statement_timeout` ran out.
    StatementTimeout,
    /// The client went away.
    Disconnected,
    /// The server is stopping.
    Shutdown,
}

/// Shared by everything that works for one statement. The first reason set stays.
#[derive(Debug, Clone, Default)]
pub struct CancelFlag(Arc<AtomicU8>);

impl CancelFlag {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn cancel(&self, reason: CancelReason) {
        let code = match reason {
            CancelReason::User => 1,
            CancelReason::StatementTimeout => 2,
            CancelReason::Disconnected => 3,
            CancelReason::Shutdown => 4,
        };
        // A later reason loses: the client hears of what stopped it first.
        let _ = self.0.compare_exchange(0, code, Ordering::SeqCst, Ordering::SeqCst);
    }

    pub fn reason(&self) -> Option<CancelReason> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(CancelReason::User),
            2 => Some(CancelReason::StatementTimeout),
            3 => Some(CancelReason::Disconnected),
            _ => Some(CancelReason::Shutdown),
        }
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// `Err` with SQLSTATE 57014 (57P01 at shutdown) once cancelled.
    pub fn check(&self) -> Result<(), Diagnostic> {
        match self.reason() {
            None => Ok(()),
            Some(reason) => Err(reason.diagnostic()),
        }
    }
}

impl CancelReason {
    /// The error PostgreSQL gives for the same cause.
    pub fn diagnostic(self) -> Diagnostic {
        match self {
            CancelReason::User => Diagnostic::new(sqlstate::QUERY_CANCELED, "canceling statement due to user request"),
            CancelReason::StatementTimeout => {
                Diagnostic::new(sqlstate::QUERY_CANCELED, "canceling statement due to statement timeout")
            }
            CancelReason::Disconnected => {
                Diagnostic::new(sqlstate::CONNECTION_FAILURE, "canceling statement because the client went away")
            }
            CancelReason::Shutdown => {
                Diagnostic::new(sqlstate::ADMIN_SHUTDOWN, "terminating connection due to administrator command")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stays() {
        let flag = CancelFlag::new();
        assert!(flag.check().is_ok());
        flag.cancel(CancelReason::StatementTimeout);
        flag.clone().cancel(CancelReason::User);
        assert_eq!(flag.reason(), Some(CancelReason::StatementTimeout));
        assert_eq!(flag.check().unwrap_err().sqlstate, sqlstate::QUERY_CANCELED);
    }
}
