//! CREATE ROLE, ALTER ROLE, DROP ROLE: for superusers.

use mead_common::scram::ScramVerifier;
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{CreateRole, RoleSetting};

use super::Runner;
use crate::session::Execution;

/// A password's verifier; a text that is one already is kept as it is, as in Postgres.
fn verifier(password: &str) -> Result<String, Diagnostic> {
    match password.parse::<ScramVerifier>() {
        Ok(verifier) => Ok(verifier.to_string()),
        Err(_) => Ok(ScramVerifier::from_password(password)?.to_string()),
    }
}

impl Runner {
    pub(crate) fn create_role(&self, create: &CreateRole) -> Result<Execution, Diagnostic> {
        self.require_superuser("create role")?;
        let options = &create.options;
        let verifier = options.password.as_ref().and_then(Option::as_deref).map(verifier).transpose()?;
        let (superuser, login) = (options.superuser.unwrap_or(false), options.login.unwrap_or(false));
        match self.engine.catalog.create_role(&create.name, superuser, login, verifier.as_deref()) {
            Err(mead_catalog::Error::DuplicateRole(name)) if create.if_not_exists => {
                self.notice(format!("role \"{name}\" already exists, skipping"));
            }
            created => created?,
        }
        Ok(Execution::done("CREATE ROLE"))
    }

    pub(crate) fn alter_role(&self, alter: &CreateRole) -> Result<Execution, Diagnostic> {
        if alter.name != self.user.name || alter.options.superuser.is_some() || alter.options.login.is_some() {
            self.require_superuser("alter role")?;
        }
        let password = match &alter.options.password {
            None => None,
            Some(None) => Some(None),
            Some(Some(password)) => Some(Some(verifier(password)?)),
        };
        let options = &alter.options;
        let password = password.as_ref().map(Option::as_deref);
        self.engine.catalog.alter_role(&alter.name, options.superuser, options.login, password)?;
        Ok(Execution::done("ALTER ROLE"))
    }

    /// ALTER ROLE … SET: what new sessions begin with.
    pub(crate) fn alter_role_setting(&self, setting: &RoleSetting) -> Result<Execution, Diagnostic> {
        if setting.role.as_ref() != Some(&self.user.name) {
            self.require_superuser("alter role")?;
        }
        let (catalog, role) = (&self.engine.catalog, setting.role.as_deref());
        match &setting.name {
            None => catalog.reset_role_settings(role)?,
            Some(name) => {
                let name = name.to_ascii_lowercase();
                // The value must be one that the session could take.
                let trial = crate::session::SharedSettings::new();
                let value = match &setting.value {
                    Some(value) => {
                        trial.set(&name, value)?;
                        trial.get(&name)
                    }
                    None => None,
                };
                catalog.set_role_setting(role, &name, value.as_deref())?;
            }
        }
        Ok(Execution::done("ALTER ROLE"))
    }

    pub(crate) fn drop_role(&self, name: &str) -> Result<(), Diagnostic> {
        self.require_superuser("drop role")?;
        if name == self.user.name {
            return Err(Diagnostic::new(sqlstate::OBJECT_IN_USE, "current user cannot be dropped"));
        }
        Ok(self.engine.catalog.drop_role(name)?)
    }
}
