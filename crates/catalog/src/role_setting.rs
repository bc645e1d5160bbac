//! Settings that sessions begin with: those of all roles, and over them those of the role that connects.

use std::collections::BTreeMap;

use crate::Error;
use crate::metastore::Catalog;

impl Catalog {
    /// What a session of the role begins with.
    pub fn role_settings(&self, role: &str) -> Result<BTreeMap<String, String>, Error> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT name, value FROM role_settings WHERE role IN ('', ?1) ORDER BY role")?;
            let rows = statement.query_map([role], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Keeps a setting for a role, or for all with `None`; without a value it is forgotten.
    pub fn set_role_setting(&self, role: Option<&str>, name: &str, value: Option<&str>) -> Result<(), Error> {
        if let Some(role) = role
            && self.role(role)?.is_none()
        {
            return Err(Error::UndefinedRole(role.to_owned()));
        }
        let role = role.unwrap_or_default();
        self.write(|db| {
            match value {
                Some(value) => {
                    db.execute("INSERT OR REPLACE INTO role_settings VALUES (?1, ?2, ?3)", [role, name, value])?
                }
                None => db.execute("DELETE FROM role_settings WHERE role = ?1 AND name = ?2", [role, name])?,
            };
            Ok(())
        })
    }

    /// Forgets all settings of a role, or those for all with `None`.
    pub fn reset_role_settings(&self, role: Option<&str>) -> Result<(), Error> {
        self.write(|db| {
            db.execute("DELETE FROM role_settings WHERE role = ?1", [role.unwrap_or_default()])?;
            Ok(())
        })
    }
}
