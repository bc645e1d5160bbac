//! CREATE DATABASE with what Hive keeps of one.

use mead_common::Diagnostic;
use mead_parser::CreateHiveDatabase;

use super::super::Runner;
use crate::session::Execution;

impl Runner {
    pub(super) fn create_hive_database(&self, create: &CreateHiveDatabase) -> Result<Execution, Diagnostic> {
        let location = match &create.location {
            Some(location) => Some(self.resolve_path(location)?),
            None => None,
        };
        let database = mead_catalog::NewDatabase {
            name: create.name.clone(),
            owner: self.user.name.clone(),
            comment: create.comment.clone(),
            location: location.map(|path| path.display().to_string()),
            properties: create.properties.clone(),
        };
        if !self.engine.catalog.create_database(&database, create.if_not_exists)? {
            self.notice(format!("schema \"{}\" already exists, skipping", create.name));
        }
        Ok(Execution::done("CREATE SCHEMA"))
    }
}
