//! BEGIN, COMMIT, ROLLBACK.

use mead_common::{Notice, Severity, sqlstate};

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

    fn end_block(&mut self) -> (TransactionStatus, Vec<&'static str>) {
        let (status, writes, restore) = self.transaction.end();
        if status == TransactionStatus::Idle {
            self.tell(Notice::new(
                Severity::Warning,
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                "there is no transaction in progress",
            ));
        }
        for (name, value) in restore {
            // The value was in force before, so it passes its own check.
            if let Err(error) = self.settings.set(&name, &value) {
                tracing::error!(%error, name, "a setting could not be restored");
            }
        }
        self.cursors.retain(|_, cursor| cursor.holds());
        (status, writes)
    }
}
