//! Transaction blocks, as far as they go: each statement commits by itself; a block remembers whether it failed, and what
//! settings and cursors were before it.

use mead_common::{Diagnostic, sqlstate};

use super::holdings::check_count;
use super::settings::Snapshot;

/// The bounds on a block's savepoints, whose setting shows the first.
pub(crate) const SAVEPOINTS_MAX: usize = 10_000;
const SAVEPOINT_NAME_BYTES_MAX: usize = 1 << 20;

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
    savepoints: Vec<Savepoint>,
    /// Outside of a block: something of this request has failed.
    request_failed: bool,
    /// A query string of several statements, which is a block of its own for what needs one.
    implicit: bool,
}

/// A savepoint, and how the session was when it was set.
#[derive(Debug)]
struct Savepoint {
    name: String,
    written: usize,
    settings: Snapshot,
    /// Cursors with this number and those above it were declared later.
    cursor: u64,
}

/// What is left to do after the block went back to a savepoint.
#[derive(Debug)]
pub(crate) struct Rewound {
    /// True if statements behind the savepoint changed something, which stays.
    pub wrote: bool,
    pub settings: Snapshot,
    pub cursor: u64,
}

impl Transaction {
    pub(crate) fn new() -> Self {
        Self {
            status: TransactionStatus::Idle,
            writes: Vec::new(),
            written: 0,
            savepoints: Vec::new(),
            request_failed: false,
            implicit: false,
        }
    }

    pub(crate) fn status(&self) -> TransactionStatus {
        self.status
    }

    /// True in a block, or in a string of several statements.
    pub(crate) fn in_some_block(&self) -> bool {
        self.status != TransactionStatus::Idle || self.implicit
    }

    pub(crate) fn set_implicit(&mut self, implicit: bool) {
        self.implicit = implicit;
    }

    pub(crate) fn begin(&mut self) {
        if self.status == TransactionStatus::Idle {
            self.status = TransactionStatus::InTransaction;
        }
    }

    /// Closes the block; gives how it stood, and what it had written.
    pub(crate) fn end(&mut self) -> (TransactionStatus, Vec<&'static str>) {
        let status = std::mem::replace(&mut self.status, TransactionStatus::Idle);
        self.savepoints.clear();
        self.written = 0;
        (status, std::mem::take(&mut self.writes))
    }

    /// The end of a request: true if it failed.
    pub(crate) fn end_request(&mut self) -> bool {
        self.implicit = false;
        std::mem::take(&mut self.request_failed)
    }

    /// 54000 if there are too many.
    pub(crate) fn set_savepoint(&mut self, name: &str, settings: Snapshot, cursor: u64) -> Result<(), Diagnostic> {
        let remedy = "RELEASE";
        check_count(self.savepoints.len(), SAVEPOINTS_MAX, "savepoints", remedy)?;
        let bytes: usize = self.savepoints.iter().map(|savepoint| savepoint.name.len()).sum();
        if bytes + name.len() > SAVEPOINT_NAME_BYTES_MAX {
            return Err(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "the names of savepoints are too long")
                .with_hint(format!("at most {SAVEPOINT_NAME_BYTES_MAX} bytes of names can be kept in a transaction")));
        }
        self.savepoints.push(Savepoint { name: name.to_owned(), written: self.written, settings, cursor });
        Ok(())
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
        self.status = TransactionStatus::InTransaction;
        Some(Rewound {
            wrote: self.written > savepoint.written,
            settings: savepoint.settings.clone(),
            cursor: savepoint.cursor,
        })
    }

    pub(crate) fn fail(&mut self) {
        match self.status {
            TransactionStatus::InTransaction => self.status = TransactionStatus::Failed,
            TransactionStatus::Idle => self.request_failed = true,
            TransactionStatus::Failed => {}
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
