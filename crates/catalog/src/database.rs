//! Schemas, which Hive calls databases.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};

use crate::metastore::{Catalog, new_oid, now_micros};
use crate::relation::{from_json, json};
use crate::{Error, PUBLIC, schema_name};

/// The schemas that mead itself fills.
pub(crate) const SYSTEM_SCHEMAS: [&str; 4] = ["information_schema", "mead_catalog", "ml", "pg_catalog"];

/// What the names of schemas of temporary tables begin with.
const TEMPORARY: &str = "pg_temp_";

/// The schema of a session's temporary tables.
pub fn temporary_schema(backend_pid: i32) -> String {
    format!("{TEMPORARY}{backend_pid}")
}

/// True for schemas that go with their session.
pub fn is_temporary_schema(name: &str) -> bool {
    name.starts_with(TEMPORARY)
}

/// A schema with what Hive keeps of a database.
#[derive(Debug, Clone)]
pub struct Database {
    pub oid: i64,
    pub name: String,
    pub owner: String,
    pub comment: Option<String>,
    /// Where its external tables lie if nothing else is said.
    pub location: Option<String>,
    pub properties: BTreeMap<String, String>,
}

/// A schema to be made.
#[derive(Debug, Clone, Default)]
pub struct NewDatabase {
    pub name: String,
    pub owner: String,
    pub comment: Option<String>,
    pub location: Option<String>,
    pub properties: BTreeMap<String, String>,
}

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

    /// One of the users' schemas.
    pub fn database(&self, name: &str) -> Result<Option<Database>, Error> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT oid, name, owner, comment, location, properties FROM schemas WHERE name = ?1",
            )?;
            let mut rows = statement.query([schema_name(name)])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            Ok(Some(Database {
                oid: row.get(0)?,
                name: row.get(1)?,
                owner: row.get(2)?,
                comment: row.get(3)?,
                location: row.get(4)?,
                properties: from_json(&row.get::<_, String>(5)?)?,
            }))
        })
    }

    /// Changes what is kept of a schema beside its name.
    pub fn alter_database(&self, database: &Database) -> Result<(), Error> {
        self.write(|db| {
            db.execute(
                "UPDATE schemas SET owner = ?2, comment = ?3, location = ?4, properties = ?5 WHERE name = ?1",
                params![
                    schema_name(&database.name),
                    database.owner,
                    database.comment,
                    database.location,
                    json(&database.properties)?
                ],
            )?;
            Ok(())
        })
    }

    /// False if it was there already and that was allowed for.
    pub fn create_schema(&self, name: &str, owner: &str, if_not_exists: bool) -> Result<bool, Error> {
        let new = NewDatabase { name: name.to_owned(), owner: owner.to_owned(), ..NewDatabase::default() };
        self.create_database(&new, if_not_exists)
    }

    /// [`Self::create_schema`] with what Hive keeps of a database.
    pub fn create_database(&self, new: &NewDatabase, if_not_exists: bool) -> Result<bool, Error> {
        if self.schema_exists(&new.name)? {
            return if if_not_exists { Ok(false) } else { Err(Error::DuplicateSchema(new.name.clone())) };
        }
        self.write(|db| {
            let oid = new_oid(db, "schema")?;
            db.execute(
                "INSERT INTO schemas (oid, name, owner, created_at, comment, location, properties) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![oid, new.name, new.owner, now_micros(), new.comment, new.location, json(&new.properties)?],
            )?;
            Ok(true)
        })
    }

    /// Drops what the sessions of a killed server left; the files go with all that no entry names.
    pub(crate) fn drop_temporary_schemas(&self) -> Result<(), Error> {
        self.write(|db| {
            db.execute("DELETE FROM relations WHERE substr(schema, 1, 8) = ?1", [TEMPORARY])?;
            db.execute("DELETE FROM schemas WHERE substr(name, 1, 8) = ?1", [TEMPORARY])?;
            Ok(())
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
                "SELECT (SELECT count(*) FROM relations WHERE schema = ?1) + (SELECT count(*) FROM models WHERE schema = ?1) \
                 + (SELECT count(*) FROM routines WHERE schema = ?1)",
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
