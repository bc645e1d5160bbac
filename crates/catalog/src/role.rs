//! Roles: who may connect, and with what proof.

use rusqlite::{OptionalExtension, params};

use crate::Error;
use crate::metastore::{Catalog, new_oid};

/// A role. Of its password only the SCRAM-SHA-256 verifier is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub oid: i64,
    pub name: String,
    pub superuser: bool,
    pub login: bool,
    pub verifier: Option<String>,
}

impl Catalog {
    pub fn roles(&self) -> Result<Vec<Role>, Error> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT oid, name, superuser, login, verifier FROM roles ORDER BY oid")?;
            let rows = statement.query_map([], |row| {
                Ok(Role {
                    oid: row.get(0)?,
                    name: row.get(1)?,
                    superuser: row.get(2)?,
                    login: row.get(3)?,
                    verifier: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    pub fn role(&self, name: &str) -> Result<Option<Role>, Error> {
        Ok(self.roles()?.into_iter().find(|role| role.name == name))
    }

    pub fn create_role(&self, name: &str, superuser: bool, login: bool, verifier: Option<&str>) -> Result<(), Error> {
        self.write(|db| {
            let known: Option<i64> =
                db.query_row("SELECT oid FROM roles WHERE name = ?1", [name], |row| row.get(0)).optional()?;
            if known.is_some() {
                return Err(Error::DuplicateRole(name.to_owned()));
            }
            let oid = new_oid(db, "role")?;
            db.execute(
                "INSERT INTO roles VALUES (?1, ?2, ?3, ?4, ?5)",
                params![oid, name, superuser, login, verifier],
            )?;
            Ok(())
        })
    }

    /// Changes what is given, and nothing else. `verifier`: `Some(None)` takes the password away.
    pub fn alter_role(
        &self,
        name: &str,
        superuser: Option<bool>,
        login: Option<bool>,
        verifier: Option<Option<&str>>,
    ) -> Result<(), Error> {
        self.write(|db| {
            let changed = db.execute(
                "UPDATE roles SET superuser = coalesce(?2, superuser), login = coalesce(?3, login), \
                 verifier = CASE WHEN ?4 THEN ?5 ELSE verifier END WHERE name = ?1",
                params![name, superuser, login, verifier.is_some(), verifier.flatten()],
            )?;
            if changed == 0 { Err(Error::UndefinedRole(name.to_owned())) } else { Ok(()) }
        })
    }

    pub fn drop_role(&self, name: &str) -> Result<(), Error> {
        self.write(|db| {
            db.execute("DELETE FROM role_settings WHERE role = ?1", [name])?;
            match db.execute("DELETE FROM roles WHERE name = ?1", [name])? {
                0 => Err(Error::UndefinedRole(name.to_owned())),
                _ => Ok(()),
            }
        })
    }
}
