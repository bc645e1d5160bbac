//! Transaction blocks, as far as they go: each statement commits by itself; a block only remembers whether it failed.

/// ReadyForQuery's status byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    Idle,
    InTransaction,
    Failed,
}

/// The state of the session's block.
#[derive(Debug)]
pub(crate) struct Transaction {
    status: TransactionStatus,
    /// Statements of this block that changed something: ROLLBACK cannot undo them and says so.
    writes: Vec<&'static str>,
    /// Settings that SET LOCAL changed, with their values before, the latest first.
    restore: Vec<(String, String)>,
}

impl Transaction {
    pub(crate) fn new() -> Self {
        Self { status: TransactionStatus::Idle, writes: Vec::new(), restore: Vec::new() }
    }

    pub(crate) fn status(&self) -> TransactionStatus {
        self.status
    }

    /// False if a block is open already.
    pub(crate) fn begin(&mut self) -> bool {
        let fresh = self.status == TransactionStatus::Idle;
        if fresh {
            self.status = TransactionStatus::InTransaction;
            self.writes.clear();
        }
        fresh
    }

    /// Closes the block; gives how it stood, what it had written, and the settings to restore, in order.
    pub(crate) fn end(&mut self) -> (TransactionStatus, Vec<&'static str>, Vec<(String, String)>) {
        let status = std::mem::replace(&mut self.status, TransactionStatus::Idle);
        (status, std::mem::take(&mut self.writes), std::mem::take(&mut self.restore))
    }

    pub(crate) fn restore_later(&mut self, name: &str, value: &str) {
        self.restore.insert(0, (name.to_owned(), value.to_owned()));
    }

    pub(crate) fn fail(&mut self) {
        if self.status == TransactionStatus::InTransaction {
            self.status = TransactionStatus::Failed;
        }
    }

    pub(crate) fn wrote(&mut self, what: &'static str) {
        if self.status == TransactionStatus::InTransaction && !self.writes.contains(&what) {
            self.writes.push(what);
        }
    }
}
