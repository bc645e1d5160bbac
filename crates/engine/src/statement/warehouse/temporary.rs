//! Temporary tables: in a schema of the session's own, which goes with it.

use datafusion::sql::sqlparser::ast::ObjectName;
use mead_common::{Diagnostic, sqlstate};

use super::super::Runner;
use super::super::names::QualifiedName;
use crate::session::Session;

impl Runner {
    /// Where a temporary table of this name is made.
    pub(in crate::statement) fn qualify_temporary(&self, name: &ObjectName) -> Result<QualifiedName, Diagnostic> {
        let QualifiedName { schema, name: last } = self.qualify(name)?;
        let Some(temporary) = self.settings.use_temporary_schema().map(str::to_owned) else {
            return Err(Diagnostic::internal("a session without a schema for temporary tables"));
        };
        if name.0.len() > 1 && schema != temporary && self.settings.current_schema().as_ref() != Some(&schema) {
            return Err(Diagnostic::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                "cannot create temporary relation in non-temporary schema",
            ));
        }
        self.engine.catalog.create_schema(&temporary, &self.user.name, true)?;
        Ok(QualifiedName { schema: temporary, name: last })
    }
}

impl Session {
    /// Drops the session's temporary tables with their files.
    pub(crate) fn drop_temporary_tables(&self) {
        let Some(schema) = self.settings.temporary_schema() else { return };
        let catalog = &self.engine.catalog;
        let dropped = || -> Result<(), mead_catalog::Error> {
            for relation in catalog.relations(Some(schema))? {
                if let Some(old) = catalog.drop_relation(schema, &relation.new.name)? {
                    super::super::create_table::remove_data(&old);
                }
            }
            catalog.drop_schema(schema)
        };
        match dropped() {
            Ok(()) | Err(mead_catalog::Error::UndefinedSchema(_)) => {}
            // What is left is dropped when the server starts again.
            Err(error) => tracing::warn!(%error, "temporary tables stay until the next start"),
        }
    }
}
