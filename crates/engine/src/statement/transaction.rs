//! BEGIN, COMMIT, ROLLBACK, and savepoints.

use mead_common::{Diagnostic, Notice, Severity, sqlstate};

use crate::session::{Execution, Session, TransactionStatus};

impl Session {
    pub(crate) fn begin(&mut self) -> Execution {
        if !self.transaction.begin() {
            self.tell(Notice::new(
                Severity::Warning,
                sqlstate::ACTIVE_SQL_TRANSACTION,
                "there is already a transaction in progress",
            ));
        }
        Execution::done("BEGIN")
    }

    pub(crate) fn commit(&mut self) -> Execution {
        let (status, _) = self.end_block();
        match status {
            TransactionStatus::Failed => Execution::done("ROLLBACK"),
            _ => Execution::done("COMMIT"),
        }
    }

    pub(crate) fn rollback(&mut self) -> Execution {
        let (_, writes) = self.end_block();
        if !writes.is_empty() {
            let mut notice = Notice::new(
                Severity::Warning,
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("what this transaction block did stays: {}", writes.join(", ")),
            );
            notice.detail = Some("each statement commits by itself; a block cannot be rolled back".to_owned());
            self.tell(notice);
        }
        Execution::done("ROLLBACK")
    }

    pub(crate) fn savepoint(&mut self, name: &str) -> Result<Execution, Diagnostic> {
        self.in_block("SAVEPOINT")?;
        self.transaction.set_savepoint(name);
        Ok(Execution::done("SAVEPOINT"))
    }

    pub(crate) fn release_savepoint(&mut self, name: &str) -> Result<Execution, Diagnostic> {
        self.in_block("RELEASE SAVEPOINT")?;
        if self.transaction.release(name) { Ok(Execution::done("RELEASE")) } else { Err(undefined_savepoint(name)) }
    }

    pub(crate) fn rollback_to_savepoint(&mut self, name: &str) -> Result<Execution, Diagnostic> {
        self.in_block("ROLLBACK TO SAVEPOINT")?;
        let rewound = self.transaction.rewind(name).ok_or_else(|| undefined_savepoint(name))?;
        if rewound.wrote {
            let mut notice = Notice::new(
                Severity::Warning,
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("what this transaction block did since savepoint \"{name}\" stays"),
            );
            notice.detail = Some("each statement commits by itself; a block cannot be rolled back".to_owned());
            self.tell(notice);
        }
        self.restore_settings(rewound.restore);
        Ok(Execution::done("ROLLBACK"))
    }

    fn in_block(&self, statement: &str) -> Result<(), Diagnostic> {
        if self.transaction.status() == TransactionStatus::Idle {
            return Err(Diagnostic::new(
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                format!("{statement} can only be used in transaction blocks"),
            ));
        }
        Ok(())
    }

    fn restore_settings(&self, restore: Vec<(String, String)>) {
        for (name, value) in restore {
            // The value was in force before, so it passes its own check.
            if let Err(error) = self.settings.set(&name, &value) {
                tracing::error!(%error, name, "a setting could not be restored");
            }
        }
    }

    fn end_block(&mut self) -> (TransactionStatus, Vec<&'static str>) {
        let (status, writes, restore) = self.transaction.end();
        if status == TransactionStatus::Idle {
            self.tell(Notice::new(
                Severity::Warning,
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                "there is no transaction in progress",
            ));
        }
        self.restore_settings(restore);
        self.cursors.retain(|_, cursor| cursor.holds());
        (status, writes)
    }
}

fn undefined_savepoint(name: &str) -> Diagnostic {
    let message = format!("savepoint \"{name}\" does not exist");
    Diagnostic::new(sqlstate::INVALID_SAVEPOINT_SPECIFICATION, message)
}
