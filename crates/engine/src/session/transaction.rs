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
    /// How many statements changed something.
    written: usize,
    /// Settings that SET LOCAL changed, with their values before, the latest first.
    restore: Vec<(String, String)>,
    savepoints: Vec<Savepoint>,
}

/// A savepoint, and how far the block was when it was set.
#[derive(Debug)]
struct Savepoint {
    name: String,
    written: usize,
    restore: usize,
}

/// What is left to do after the block went back to a savepoint.
#[derive(Debug)]
pub(crate) struct Rewound {
    /// True if statements behind the savepoint changed something, which stays.
    pub wrote: bool,
    /// Settings to restore, in order.
    pub restore: Vec<(String, String)>,
}

impl Transaction {
    pub(crate) fn new() -> Self {
        Self {
            status: TransactionStatus::Idle,
            writes: Vec::new(),
            written: 0,
            restore: Vec::new(),
            savepoints: Vec::new(),
        }
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
        self.savepoints.clear();
        self.written = 0;
        (status, std::mem::take(&mut self.writes), std::mem::take(&mut self.restore))
    }

    pub(crate) fn restore_later(&mut self, name: &str, value: &str) {
        self.restore.insert(0, (name.to_owned(), value.to_owned()));
    }

    pub(crate) fn set_savepoint(&mut self, name: &str) {
        self.savepoints.push(Savepoint { name: name.to_owned(), written: self.written, restore: self.restore.len() });
    }

    /// Forgets a savepoint and those set after it; false if there is none of that name.
    pub(crate) fn release(&mut self, name: &str) -> bool {
        let found = self.savepoints.iter().rposition(|savepoint| savepoint.name == name);
        if let Some(index) = found {
            self.savepoints.truncate(index);
        }
        found.is_some()
    }

    /// Goes back to a savepoint, which stays: a failed block goes on from there. `None` if there is none of that name.
    pub(crate) fn rewind(&mut self, name: &str) -> Option<Rewound> {
        let index = self.savepoints.iter().rposition(|savepoint| savepoint.name == name)?;
        self.savepoints.truncate(index + 1);
        let savepoint = &self.savepoints[index];
        let later = self.restore.len() - savepoint.restore;
        self.status = TransactionStatus::InTransaction;
        Some(Rewound { wrote: self.written > savepoint.written, restore: self.restore.drain(..later).collect() })
    }

    pub(crate) fn fail(&mut self) {
        if self.status == TransactionStatus::InTransaction {
            self.status = TransactionStatus::Failed;
        }
    }

    pub(crate) fn wrote(&mut self, what: &'static str) {
        if self.status != TransactionStatus::InTransaction {
            return;
        }
        self.written += 1;
        if !self.writes.contains(&what) {
            self.writes.push(what);
        }
    }
}
