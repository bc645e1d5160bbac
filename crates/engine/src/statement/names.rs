//! Names of things to be made or dropped, which are not looked up by DataFusion.

use datafusion::sql::sqlparser::ast::ObjectName;
use mead_common::{Diagnostic, sqlstate};
use mead_parser::identifier_text;

use super::Runner;
use crate::plan::search_path::DATABASE;

/// A schema's name and a name in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QualifiedName {
    pub schema: String,
    pub name: String,
}

impl Runner {
    /// Where an object of this name is, or is to be made: unqualified ones in the current schema.
    pub(in crate::statement) fn qualify(&self, name: &ObjectName) -> Result<QualifiedName, Diagnostic> {
        let mut parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(identifier_text).collect();
        let last = parts.pop().unwrap_or_default();
        let schema = parts.pop();
        match parts.pop() {
            Some(database) if database != DATABASE => {
                Err(Diagnostic::unsupported(format!("cross-database references are not implemented: \"{name}\"")))
            }
            _ if !parts.is_empty() => {
                Err(Diagnostic::new(sqlstate::SYNTAX_ERROR, format!("improper qualified name: {name}")))
            }
            _ => {
                let Some(schema) = schema.or_else(|| self.settings.current_schema()) else {
                    let message = "no schema has been selected to create in";
                    return Err(Diagnostic::new(sqlstate::INVALID_SCHEMA_NAME, message)
                        .with_hint("search_path is empty: name the schema"));
                };
                let schema = mead_catalog::schema_name(&schema).to_owned();
                if mead_catalog::is_temporary_schema(&schema) && self.settings.temporary_schema() != Some(&schema) {
                    let message = format!("schema \"{schema}\" belongs to another session, or to none");
                    return Err(Diagnostic::new(sqlstate::INSUFFICIENT_PRIVILEGE, message));
                }
                Ok(QualifiedName { schema, name: last })
            }
        }
    }

    /// Where an object is that should be there already: an unqualified one in the first schema of the search path that has it,
    /// and else where it would be made. `has` tells whether a schema has the name.
    pub(super) fn find(
        &self,
        name: &ObjectName,
        has: impl Fn(&str, &str) -> Result<bool, mead_catalog::Error>,
    ) -> Result<QualifiedName, Diagnostic> {
        let made = self.qualify(name)?;
        if name.0.len() == 1 {
            let temporary = self.settings.temporary_schema().map(str::to_owned);
            for schema in temporary.into_iter().chain(self.settings.search_path()) {
                let schema = mead_catalog::schema_name(&schema).to_owned();
                if has(&schema, &made.name)? {
                    return Ok(QualifiedName { schema, name: made.name });
                }
            }
        }
        Ok(made)
    }

    /// [`Self::find`] for a table or view.
    pub(super) fn find_relation(&self, name: &ObjectName) -> Result<QualifiedName, Diagnostic> {
        self.find(name, |schema, name| Ok(self.engine.catalog.relation(schema, name)?.is_some()))
    }

    /// [`Self::find`] for a model.
    pub(super) fn find_model(&self, name: &ObjectName) -> Result<QualifiedName, Diagnostic> {
        self.find(name, |schema, name| Ok(self.engine.catalog.model(schema, name, None)?.is_some()))
    }

    /// 42501 unless the user is a superuser.
    pub(super) fn require_superuser(&self, what: &str) -> Result<(), Diagnostic> {
        if self.user.superuser {
            Ok(())
        } else {
            Err(Diagnostic::new(sqlstate::INSUFFICIENT_PRIVILEGE, format!("permission denied to {what}"))
                .with_hint("only superusers may do this"))
        }
    }

    /// A path in a statement, as the policy allows it to this user.
    pub(super) fn resolve_path(&self, location: &str) -> Result<std::path::PathBuf, Diagnostic> {
        let path = self.engine.paths.resolve(location, self.user.superuser)?;
        if path.starts_with(self.engine.catalog.folder()) {
            return Err(Diagnostic::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("\"{}\" belongs to the data directory", path.display()),
            ));
        }
        if self.engine.catalog.folder().starts_with(&path) {
            return Err(Diagnostic::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("\"{}\" holds the data directory", path.display()),
            ));
        }
        Ok(path)
    }
}
