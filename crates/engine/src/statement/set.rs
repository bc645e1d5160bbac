//! SET, RESET, USE, DISCARD: the session's own state.

use mead_common::{Diagnostic, Notice, sqlstate};
use mead_parser::{Set, SetTransaction, TransactionModes};

use crate::session::settings::{Scope, Settings};
use crate::session::{Execution, Session};

impl Session {
    pub(crate) fn set(&mut self, set: &Set) -> Result<Execution, Diagnostic> {
        if set.local {
            self.warn_outside_of_block("SET LOCAL");
        }
        let scope = if set.local { Scope::Local } else { Scope::Session };
        self.settings.write(|settings| match &set.value {
            // The one value that they can have is no change.
            Some(value) if is_identity(&set.name) && settings.get(&set.name) == Some(value) => Ok(()),
            Some(value) => settings.set(&set.name, value, scope),
            None => settings.reset(&set.name, scope),
        })?;
        Ok(Execution::done("SET"))
    }

    /// The modes of this transaction, or of those to come.
    pub(crate) fn set_transaction(&mut self, set: &SetTransaction) -> Result<Execution, Diagnostic> {
        let prefix = if set.session { "default_transaction_" } else { "transaction_" };
        if !set.session {
            self.warn_outside_of_block("SET TRANSACTION");
        }
        self.set_modes(prefix, &set.modes)?;
        Ok(Execution::done("SET"))
    }

    pub(super) fn set_modes(&self, prefix: &str, modes: &TransactionModes) -> Result<(), Diagnostic> {
        self.settings.write(|settings| {
            let mut modes = modes.settings().into_iter();
            modes.try_for_each(|(name, value)| settings.set(&format!("{prefix}{name}"), value, Scope::Session))
        })
    }

    /// What lasts until the end of the transaction does nothing in a statement of its own.
    fn warn_outside_of_block(&self, what: &str) {
        if !self.transaction.in_some_block() {
            self.tell(Notice::new(
                mead_common::Severity::Warning,
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                format!("{what} can only be used in transaction blocks"),
            ));
        }
    }

    pub(crate) fn reset(&mut self, name: Option<&str>) -> Result<Execution, Diagnostic> {
        match name {
            Some(name) => self.settings.write(|settings| settings.reset(name, Scope::Session))?,
            None => self.settings.write(Settings::reset_all),
        }
        Ok(Execution::done("RESET"))
    }

    /// Hive's USE: the schema comes first in the search path, alone.
    pub(crate) fn use_schema(&mut self, name: &str) -> Result<Execution, Diagnostic> {
        if !self.engine.catalog.schema_exists(name)? {
            return Err(mead_catalog::Error::UndefinedSchema(name.to_owned()).into());
        }
        self.settings.set("search_path", &format!("\"{}\"", name.replace('"', "\"\"")))?;
        Ok(Execution::done("USE"))
    }

    pub(crate) fn discard(&mut self, what: &str) -> Result<Execution, Diagnostic> {
        match what {
            "ALL" if self.transaction.in_some_block() => Err(Diagnostic::new(
                sqlstate::ACTIVE_SQL_TRANSACTION,
                "DISCARD ALL cannot run inside a transaction block",
            )),
            "ALL" => {
                self.settings.write(Settings::reset_all);
                self.info.holdings.write().forget_statements();
                self.close_cursors(|_| true);
                Ok(Execution::done("DISCARD ALL"))
            }
            "PLANS" => Ok(Execution::done("DISCARD PLANS")),
            "SEQUENCES" => Ok(Execution::done("DISCARD SEQUENCES")),
            "TEMP" | "TEMPORARY" => Ok(Execution::done("DISCARD TEMP")),
            other => Err(Diagnostic::new(sqlstate::SYNTAX_ERROR, format!("syntax error at or near \"{other}\""))),
        }
    }
}

/// Who the user is cannot be changed, but may be said again.
fn is_identity(name: &str) -> bool {
    name.eq_ignore_ascii_case("session_authorization")
}
