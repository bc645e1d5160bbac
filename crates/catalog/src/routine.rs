//! Functions that users define in SQL: each one is kept as the statement that made it.

use mead_common::Dialect;
use rusqlite::{OptionalExtension, params};

use crate::metastore::{Catalog, new_oid, now_micros};
use crate::{Error, schema_name};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routine {
    pub schema: String,
    pub name: String,
    pub owner: String,
    /// What the definition is written in.
    pub dialect: Dialect,
    /// The whole CREATE FUNCTION.
    pub definition: String,
}

impl Catalog {
    pub fn routine(&self, schema: &str, name: &str) -> Result<Option<Routine>, Error> {
        Ok(self.routines(schema_name(schema))?.into_iter().find(|routine| routine.name == name))
    }

    /// The routines of a schema, by name.
    pub fn routines(&self, schema: &str) -> Result<Vec<Routine>, Error> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT schema, name, owner, dialect, definition FROM routines WHERE schema = ?1 ORDER BY name",
            )?;
            let rows = statement.query_map([schema], |row| {
                Ok(Routine {
                    schema: row.get(0)?,
                    name: row.get(1)?,
                    owner: row.get(2)?,
                    dialect: Dialect::parse(&row.get::<_, String>(3)?).unwrap_or_default(),
                    definition: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Keeps a routine; one of the name is replaced, or refused.
    pub fn create_routine(&self, routine: &Routine, or_replace: bool) -> Result<(), Error> {
        if !self.schema_exists(&routine.schema)? {
            return Err(Error::UndefinedSchema(routine.schema.clone()));
        }
        self.write(|db| {
            let known: Option<i64> = db
                .query_row(
                    "SELECT oid FROM routines WHERE schema = ?1 AND name = ?2",
                    [&routine.schema, &routine.name],
                    |row| row.get(0),
                )
                .optional()?;
            match known {
                Some(_) if !or_replace => return Err(Error::DuplicateRoutine(routine.name.clone())),
                Some(oid) => db.execute(
                    "UPDATE routines SET owner = ?2, dialect = ?3, definition = ?4 WHERE oid = ?1",
                    params![oid, routine.owner, routine.dialect.name(), routine.definition],
                )?,
                None => {
                    let oid = new_oid(db, "routine")?;
                    db.execute(
                        "INSERT INTO routines VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                        params![
                            oid,
                            routine.schema,
                            routine.name,
                            routine.owner,
                            routine.dialect.name(),
                            routine.definition,
                            now_micros()
                        ],
                    )?
                }
            };
            Ok(())
        })
    }

    pub fn drop_routine(&self, schema: &str, name: &str) -> Result<(), Error> {
        self.write(|db| {
            match db.execute("DELETE FROM routines WHERE schema = ?1 AND name = ?2", [schema_name(schema), name])? {
                0 => Err(Error::UndefinedRoutine(name.to_owned())),
                _ => Ok(()),
            }
        })
    }
}
