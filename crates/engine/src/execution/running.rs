//! A statement whose rows are taken in portions, by FETCH or by a portal: it runs only while somebody waits for them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::{StatementContext, TimeoutGuard};

/// The clock of one statement. While it stands still, `statement_timeout` does not count and a CancelRequest, which is meant
/// for what runs, passes the statement over.
#[derive(Debug)]
pub struct Running {
    context: Weak<StatementContext>,
    timeout: Mutex<Option<TimeoutGuard>>,
}

impl Running {
    pub(crate) fn start(context: &Arc<StatementContext>, timeout: Option<Duration>) -> Arc<Self> {
        let running = Self { context: Arc::downgrade(context), timeout: Mutex::new(None) };
        running.resume(timeout);
        Arc::new(running)
    }

    /// Nobody waits for rows.
    pub fn suspend(&self) {
        self.set(true, None);
    }

    /// Somebody does, and `timeout` long.
    pub(crate) fn resume(&self, timeout: Option<Duration>) {
        self.set(false, timeout);
    }

    fn set(&self, suspended: bool, timeout: Option<Duration>) {
        let context = self.context.upgrade();
        if let Some(context) = &context {
            context.set_suspended(suspended);
        }
        *self.timeout.lock() = match (context, timeout) {
            (Some(context), Some(timeout)) => Some(TimeoutGuard::start(&context, timeout)),
            _ => None,
        };
    }
}
