//! CREATE DATABASE, which is CREATE SCHEMA.

use mead_common::Diagnostic;

use super::Runner;
use crate::session::Execution;

impl Runner {
    pub(crate) fn create_database(&self, name: &str, if_not_exists: bool) -> Result<Execution, Diagnostic> {
        if !self.engine.catalog.create_schema(name, &self.user.name, if_not_exists)? {
            self.notice(format!("schema \"{name}\" already exists, skipping"));
        }
        Ok(Execution::done("CREATE SCHEMA"))
    }
}
