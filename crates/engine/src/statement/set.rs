//! SET, RESET, USE, DISCARD: the session's own state.

use mead_common::{Diagnostic, Notice, sqlstate};
use mead_parser::Set;

use crate::session::settings::Settings;
use crate::session::{Execution, Session, TransactionStatus};

impl Session {
    pub(crate) fn set(&mut self, set: &Set) -> Result<Execution, Diagnostic> {
        if set.local {
            return self.set_local(set);
        }
        match &set.value {
            Some(value) => self.settings.set(&set.name, value)?,
            None => self.settings.write(|settings| settings.reset(&set.name))?,
        }
        Ok(Execution::done("SET"))
    }

    /// SET LOCAL lasts until the block ends; outside of one it does nothing, and says so.
    fn set_local(&mut self, set: &Set) -> Result<Execution, Diagnostic> {
        if self.transaction.status() == TransactionStatus::Idle && !set.name.contains("transaction") {
            // The value is checked all the same.
            let mut settings = self.settings.read(Settings::clone);
            settings.set(&set.name, set.value.as_deref().unwrap_or_default())?;
            self.tell(Notice::new(
                mead_common::Severity::Warning,
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                "SET LOCAL can only be used in transaction blocks",
            ));
            return Ok(Execution::done("SET"));
        }
        let before = self.settings.get(&set.name);
        match &set.value {
            Some(value) => self.settings.set(&set.name, value)?,
            None => self.settings.write(|settings| settings.reset(&set.name))?,
        }
        if let Some(before) = before {
            self.transaction.restore_later(&set.name, &before);
        }
        Ok(Execution::done("SET"))
    }

    pub(crate) fn reset(&mut self, name: Option<&str>) -> Result<Execution, Diagnostic> {
        match name {
            Some(name) => self.settings.write(|settings| settings.reset(name))?,
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
            "ALL" if self.transaction.status() != TransactionStatus::Idle => Err(Diagnostic::new(
                sqlstate::ACTIVE_SQL_TRANSACTION,
                "DISCARD ALL cannot run inside a transaction block",
            )),
            "ALL" => {
                self.settings.write(Settings::reset_all);
                self.prepared.clear();
                self.cursors.clear();
                Ok(Execution::done("DISCARD ALL"))
            }
            "PLANS" => Ok(Execution::done("DISCARD PLANS")),
            "SEQUENCES" => Ok(Execution::done("DISCARD SEQUENCES")),
            "TEMP" | "TEMPORARY" => Ok(Execution::done("DISCARD TEMP")),
            other => Err(Diagnostic::new(sqlstate::SYNTAX_ERROR, format!("syntax error at or near \"{other}\""))),
        }
    }
}
