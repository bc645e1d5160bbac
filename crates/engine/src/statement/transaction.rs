//! BEGIN, COMMIT, ROLLBACK, and savepoints.

use mead_common::{Diagnostic, Notice, Severity, sqlstate};
use mead_parser::TransactionModes;

use crate::session::settings::Settings;
use crate::session::{Execution, Session, TransactionStatus};

impl Session {
    /// Opens a block; in one that is open it changes the modes alone, as in PostgreSQL.
    pub(crate) fn begin(&mut self, modes: &TransactionModes) -> Result<Execution, Diagnostic> {
        if self.transaction.status() != TransactionStatus::Idle {
            self.tell(Notice::new(
                Severity::Warning,
                sqlstate::ACTIVE_SQL_TRANSACTION,
                "there is already a transaction in progress",
            ));
        }
        self.set_modes("transaction_", modes)?;
        self.transaction.begin();
        Ok(Execution::done("BEGIN"))
    }

    /// Where the rows of cursors WITH HOLD cannot be had, the block ends as if by ROLLBACK, with the error.
    pub(crate) async fn commit(&mut self, chain: bool) -> Result<Execution, Diagnostic> {
        let modes = self.modes_of_next(chain, "COMMIT")?;
        if self.transaction.status() == TransactionStatus::Failed {
            self.end_block();
            self.settings.write(Settings::roll_back);
            self.begin_next(modes)?;
            return Ok(Execution::done("ROLLBACK"));
        }
        let settled = self.settle_cursors().await;
        self.end_block();
        if let Err(report) = settled {
            self.settings.write(Settings::roll_back);
            return Err(report);
        }
        self.settings.write(Settings::commit);
        self.begin_next(modes)?;
        Ok(Execution::done("COMMIT"))
    }

    pub(crate) fn rollback(&mut self, chain: bool) -> Result<Execution, Diagnostic> {
        let modes = self.modes_of_next(chain, "ROLLBACK")?;
        let writes = self.end_block();
        self.settings.write(Settings::roll_back);
        if !writes.is_empty() {
            self.warn_of_what_stays(format!("what this transaction block did stays: {}", writes.join(", ")));
        }
        self.begin_next(modes)?;
        Ok(Execution::done("ROLLBACK"))
    }

    pub(crate) fn savepoint(&mut self, name: &str) -> Result<Execution, Diagnostic> {
        self.in_block("SAVEPOINT")?;
        let settings = self.settings.read(Settings::snapshot);
        self.transaction.set_savepoint(name, settings, self.next_cursor)?;
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
            self.warn_of_what_stays(format!("what this transaction block did since savepoint \"{name}\" stays"));
        }
        self.settings.write(|settings| settings.rewind(rewound.settings));
        self.close_cursors_since(rewound.cursor);
        Ok(Execution::done("ROLLBACK"))
    }

    fn warn_of_what_stays(&self, message: String) {
        let mut notice = Notice::new(Severity::Warning, sqlstate::FEATURE_NOT_SUPPORTED, message);
        notice.detail = Some("each statement commits by itself; a block cannot be rolled back".to_owned());
        self.tell(notice);
    }

    /// AND CHAIN: the modes of this block are the next one's.
    fn modes_of_next(&self, chain: bool, statement: &str) -> Result<Option<[String; 2]>, Diagnostic> {
        if !chain {
            return Ok(None);
        }
        self.in_block(&format!("{statement} AND CHAIN"))?;
        let mode = |name| self.settings.get(name).unwrap_or_default();
        Ok(Some([mode("transaction_isolation"), mode("transaction_read_only")]))
    }

    fn begin_next(&mut self, modes: Option<[String; 2]>) -> Result<(), Diagnostic> {
        let Some([isolation, read_only]) = modes else { return Ok(()) };
        self.settings.set("transaction_isolation", &isolation)?;
        self.settings.set("transaction_read_only", &read_only)?;
        self.transaction.begin();
        Ok(())
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

    /// Gives what the block has written.
    fn end_block(&mut self) -> Vec<&'static str> {
        let (status, writes) = self.transaction.end();
        if status == TransactionStatus::Idle {
            self.tell(Notice::new(
                Severity::Warning,
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                "there is no transaction in progress",
            ));
        }
        self.close_cursors(|cursor| !cursor.is_settled());
        writes
    }
}

fn undefined_savepoint(name: &str) -> Diagnostic {
    let message = format!("savepoint \"{name}\" does not exist");
    Diagnostic::new(sqlstate::INVALID_SAVEPOINT_SPECIFICATION, message)
}
