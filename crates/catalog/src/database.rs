//! Schemas, which Hive calls databases.

use rusqlite::{OptionalExtension, params};

use crate::metastore::{Catalog, new_oid, now_micros};
use crate::{Error, PUBLIC, schema_name};

/// The schemas that mead itself fills.
pub(crate) const SYSTEM_SCHEMAS: [&str; 4] = ["information_schema", "mead_catalog", "ml", "pg_catalog"];

impl Catalog {
    /// The users' schemas with their OIDs and owners, by name.
    pub fn schemas(&self) -> Result<Vec<(i64, String, String)>, Error> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT oid, name, owner FROM schemas ORDER BY name")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// True for users' schemas and for the system's.
    pub fn schema_exists(&self, name: &str) -> Result<bool, Error> {
        let name = schema_name(name);
        if SYSTEM_SCHEMAS.contains(&name) {
            return Ok(true);
        }
        self.read(|db| {
            let found: Option<i64> =
                db.query_row("SELECT oid FROM schemas WHERE name = ?1", [name], |row| row.get(0)).optional()?;
            Ok(found.is_some())
        })
    }

    /// False if it was there already and that was allowed for.
    pub fn create_schema(&self, name: &str, owner: &str, if_not_exists: bool) -> Result<bool, Error> {
        if self.schema_exists(name)? {
            return if if_not_exists { Ok(false) } else { Err(Error::DuplicateSchema(name.to_owned())) };
        }
        self.write(|db| {
            let oid = new_oid(db, "schema")?;
            db.execute("INSERT INTO schemas VALUES (?1, ?2, ?3, ?4)", params![oid, name, owner, now_micros()])?;
            Ok(true)
        })
    }

    /// Drops an empty schema.
    pub fn drop_schema(&self, name: &str) -> Result<(), Error> {
        let name = schema_name(name);
        if SYSTEM_SCHEMAS.contains(&name) || name == PUBLIC {
            return Err(Error::SystemSchema(name.to_owned()));
        }
        self.write(|db| {
            let count: i64 = db.query_row(
                "SELECT (SELECT count(*) FROM relations WHERE schema = ?1) + (SELECT count(*) FROM models WHERE schema = ?1)",
                [name],
                |row| row.get(0),
            )?;
            if count > 0 {
                return Err(Error::SchemaNotEmpty(name.to_owned()));
            }
            match db.execute("DELETE FROM schemas WHERE name = ?1", [name])? {
                0 => Err(Error::UndefinedSchema(name.to_owned())),
                _ => Ok(()),
            }
        })
    }
}
