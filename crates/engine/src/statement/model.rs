//! EXPORT MODEL and ALTER MODEL.

use mead_catalog::Error;
use mead_common::Diagnostic;
use mead_parser::{AlterModel, AlterModelAction, ExportModel};

use super::Runner;
use crate::session::Execution;

impl Runner {
    pub(crate) fn export_model(&self, export: &ExportModel) -> Result<Execution, Diagnostic> {
        let name = self.find_model(&export.name)?;
        let version = export.version.map(|version| i64::try_from(version).unwrap_or(i64::MAX));
        let catalog = &self.engine.catalog;
        let found = match catalog.model(&name.schema, &name.name, version)? {
            Some(found) => found,
            None => return Err(self.undefined_model(&name.schema, &name.name, version)?.into()),
        };
        let path = self.resolve_path(&export.path)?;
        mead_storage::write_file(&path, &catalog.model_bytes(&found)?)?;
        Ok(Execution::done("EXPORT MODEL"))
    }

    pub(crate) fn alter_model(&self, alter: &AlterModel) -> Result<Execution, Diagnostic> {
        let name = self.find_model(&alter.name)?;
        let catalog = &self.engine.catalog;
        let altered = match &alter.action {
            AlterModelAction::SetDefaultVersion(version) => {
                let version = i64::try_from(*version).unwrap_or(i64::MAX);
                catalog.set_default_version(&name.schema, &name.name, version)
            }
            AlterModelAction::RenameTo(to) => catalog.rename_model(&name.schema, &name.name, to),
        };
        match altered {
            Err(Error::UndefinedModel(name)) if alter.if_exists => {
                self.notice(format!("model \"{name}\" does not exist, skipping"));
            }
            altered => altered?,
        }
        Ok(Execution::done("ALTER MODEL"))
    }

    /// Whether it is the model or the version that is not there.
    pub(super) fn undefined_model(&self, schema: &str, name: &str, version: Option<i64>) -> Result<Error, Diagnostic> {
        let known = self.engine.catalog.model(schema, name, None)?.is_some();
        Ok(match version {
            Some(version) if known => Error::UndefinedVersion { name: name.to_owned(), version },
            _ => Error::UndefinedModel(name.to_owned()),
        })
    }
}
