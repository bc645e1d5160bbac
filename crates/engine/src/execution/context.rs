//! What everything that works for one statement shares: its cancel flag, its voice, its text.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use mead_common::{CancelFlag, CancelReason, Diagnostic, Notice, Severity};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Travels in the session configuration's extensions, so that operators find it in their `TaskContext`.
#[derive(Debug)]
pub struct StatementContext {
    flag: CancelFlag,
    token: CancellationToken,
    notices: mpsc::Sender<Notice>,
    /// `None`: the client wants errors only.
    min_severity: Option<Severity>,
    text: String,
    /// The name under which a model that this statement trains will be kept.
    model_name: Mutex<Option<String>>,
    /// Nobody waits for what it does: an open cursor, a suspended portal.
    suspended: AtomicBool,
}

impl StatementContext {
    pub(crate) fn new(text: String, notices: mpsc::Sender<Notice>, min_severity: Option<Severity>) -> Arc<Self> {
        let (flag, token) = (CancelFlag::new(), CancellationToken::new());
        Arc::new(Self {
            flag,
            token,
            notices,
            min_severity,
            text,
            model_name: Mutex::new(None),
            suspended: AtomicBool::new(false),
        })
    }

    /// For loops that cannot await.
    pub fn flag(&self) -> &CancelFlag {
        &self.flag
    }

    /// The statement's own text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name under which a model that this statement trains will be kept, if it has one.
    pub fn model_name(&self) -> Option<String> {
        self.model_name.lock().clone()
    }

    pub(crate) fn set_model_name(&self, name: String) {
        *self.model_name.lock() = Some(name);
    }

    pub fn cancel(&self, reason: CancelReason) {
        self.flag.cancel(reason);
        self.token.cancel();
    }

    pub(crate) fn set_suspended(&self, suspended: bool) {
        self.suspended.store(suspended, Ordering::Release);
    }

    /// Says something to the client while the statement runs. A client that does not read its notices loses the newest
    /// ones rather than holding the statement up.
    pub fn notice(&self, notice: Notice) {
        if self.min_severity.is_none_or(|least| notice.severity < least) {
            return;
        }
        if self.notices.try_send(notice).is_err() {
            tracing::debug!("a notice was dropped: the client does not read");
        }
    }

    /// Resolves once the statement is cancelled.
    pub(crate) async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Runs `work` until it ends or the statement is cancelled.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = Result<T, Diagnostic>>) -> Result<T, Diagnostic> {
        tokio::select! {
            biased;
            () = self.cancelled() => Err(self.flag.reason().unwrap_or(CancelReason::User).diagnostic()),
            result = work => match (result, self.flag.reason()) {
                // Whatever error the cancellation caused on its way, the client asked for this one.
                (Err(_), Some(reason)) => Err(reason.diagnostic()),
                (result, _) => result,
            },
        }
    }
}

/// The statements of one session that have not ended: what CancelRequest stops.
#[derive(Debug, Default)]
pub(crate) struct ActiveStatements(Mutex<Vec<Weak<StatementContext>>>);

impl ActiveStatements {
    pub(crate) fn add(&self, context: &Arc<StatementContext>) {
        let mut active = self.0.lock();
        active.retain(|statement| statement.strong_count() > 0);
        active.push(Arc::downgrade(context));
    }

    /// A user cancels what runs; whoever leaves, all there is.
    pub(crate) fn cancel(&self, reason: CancelReason) {
        for statement in self.0.lock().iter().filter_map(Weak::upgrade) {
            if reason != CancelReason::User || !statement.suspended.load(Ordering::Acquire) {
                statement.cancel(reason);
            }
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.0.lock().iter().all(|statement| statement.strong_count() == 0)
    }
}

/// `statement_timeout`: cancels the statement when the time is over, unless dropped before.
#[derive(Debug)]
pub(crate) struct TimeoutGuard(tokio::task::JoinHandle<()>);

impl TimeoutGuard {
    /// On the caller's runtime: the threads that plans run on may all be busy when the time is over.
    pub(crate) fn start(context: &Arc<StatementContext>, timeout: Duration) -> Self {
        let context = Arc::downgrade(context);
        Self(tokio::spawn(async move {
            tokio::time::sleep(timeout).await;
            if let Some(context) = context.upgrade() {
                context.cancel(CancelReason::StatementTimeout);
            }
        }))
    }
}

impl Drop for TimeoutGuard {
    fn drop(&mut self) {
        self.0.abort();
    }
}
