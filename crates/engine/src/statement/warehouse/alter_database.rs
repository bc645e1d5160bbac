//! ALTER DATABASE.

use mead_common::{Diagnostic, sqlstate};
use mead_parser::AlterDatabase;

use super::super::Runner;
use crate::session::Execution;

impl Runner {
    pub(super) fn alter_database(&self, alter: &AlterDatabase) -> Result<Execution, Diagnostic> {
        let Some(mut database) = self.engine.catalog.database(&alter.name)? else {
            return Err(mead_catalog::Error::UndefinedSchema(alter.name.clone()).into());
        };
        database.properties.extend(alter.properties.clone());
        if let Some(location) = &alter.location {
            database.location = Some(self.resolve_path(location)?.display().to_string());
        }
        if let Some(owner) = &alter.owner {
            if self.engine.catalog.role(owner)?.is_none() {
                return Err(Diagnostic::new(sqlstate::UNDEFINED_OBJECT, format!("role \"{owner}\" does not exist")));
            }
            database.owner.clone_from(owner);
        }
        self.engine.catalog.alter_database(&database)?;
        Ok(Execution::done("ALTER DATABASE"))
    }
}
