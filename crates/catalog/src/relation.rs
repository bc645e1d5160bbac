//! Tables and views.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::ipc::convert::{IpcSchemaEncoder, fb_to_schema};
use datafusion::arrow::ipc::root_as_schema;
use rusqlite::{OptionalExtension, Row, params};

use crate::database::SYSTEM_SCHEMAS;
use crate::metastore::{Catalog, new_oid, now_micros};
use crate::{Error, schema_name};

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    External,
    Managed,
    View,
}

impl RelationKind {
    fn text(self) -> &'static str {
        match self {
            RelationKind::External => "external",
            RelationKind::Managed => "managed",
            RelationKind::View => "view",
        }
    }

    fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "external" => Ok(RelationKind::External),
            "managed" => Ok(RelationKind::Managed),
            "view" => Ok(RelationKind::View),
            other => Err(Error::Corrupt(format!("a relation of kind {other}"))),
        }
    }

    /// As error messages call it.
    pub fn noun(self) -> &'static str {
        if self == RelationKind::View { "view" } else { "table" }
    }
}

/// A relation to be made.
#[derive(Debug, Clone)]
pub struct NewRelation {
    pub schema: String,
    pub name: String,
    pub kind: RelationKind,
    pub owner: String,
    /// The columns; of an external table those of its files.
    pub columns: SchemaRef,
    /// Hive's partition columns, which come after the others.
    pub partitions: SchemaRef,
    pub format: Option<String>,
    pub location: Option<PathBuf>,
    pub options: BTreeMap<String, String>,
    pub columns_declared: bool,
    /// A view's query.
    pub definition: Option<String>,
    pub comment: Option<String>,
}

/// A relation as it is kept.
#[derive(Debug, Clone)]
pub struct Relation {
    pub oid: i64,
    pub created_at: i64,
    pub new: NewRelation,
}

impl Relation {
    /// All columns: the files', then the partitions'.
    pub fn all_columns(&self) -> SchemaRef {
        let fields: Vec<_> = self.new.columns.fields().iter().chain(self.new.partitions.fields()).cloned().collect();
        Arc::new(Schema::new(fields))
    }
}

const COLUMNS: &str = "oid, schema, name, kind, owner, columns, partitions, format, location, options, columns_declared, \
                       definition, comment, created_at";

impl Catalog {
    /// `name` in `schema`, if there is one.
    pub fn relation(&self, schema: &str, name: &str) -> Result<Option<Relation>, Error> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached(&format!("SELECT {COLUMNS} FROM relations WHERE schema = ?1 AND name = ?2"))?;
            let mut rows = statement.query([schema_name(schema), name])?;
            rows.next()?.map(|row| self.relation_of(row)).transpose()
        })
    }

    /// All relations of a schema, or of all schemas, by name.
    pub fn relations(&self, schema: Option<&str>) -> Result<Vec<Relation>, Error> {
        let schema = schema.map(schema_name);
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM relations WHERE ?1 IS NULL OR schema = ?1 ORDER BY schema, name"
            ))?;
            let mut rows = statement.query([schema])?;
            let mut relations = Vec::new();
            while let Some(row) = rows.next()? {
                relations.push(self.relation_of(row)?);
            }
            Ok(relations)
        })
    }

    /// Adds a relation, in place of the one of its name if `replace`; gives what it replaced. A view does not take a table's
    /// place, nor a table a view's.
    pub fn create_relation(&self, new: &NewRelation, replace: bool) -> Result<Option<Relation>, Error> {
        let schema = schema_name(&new.schema);
        if SYSTEM_SCHEMAS.contains(&schema) {
            return Err(Error::SystemSchema(schema.to_owned()));
        }
        self.write(|db| {
            let known: Option<i64> =
                db.query_row("SELECT oid FROM schemas WHERE name = ?1", [schema], |row| row.get(0)).optional()?;
            if known.is_none() {
                return Err(Error::UndefinedSchema(schema.to_owned()));
            }
            let mut old = None;
            {
                let mut statement =
                    db.prepare_cached(&format!("SELECT {COLUMNS} FROM relations WHERE schema = ?1 AND name = ?2"))?;
                let mut rows = statement.query([schema, &new.name])?;
                if let Some(row) = rows.next()? {
                    old = Some(self.relation_of(row)?);
                }
            }
            if let Some(old) = &old {
                if !replace {
                    return Err(Error::DuplicateRelation(new.name.clone()));
                }
                if old.new.kind.noun() != new.kind.noun() {
                    return Err(Error::WrongKind { kind: new.kind.noun(), name: new.name.clone() });
                }
                db.execute("DELETE FROM relations WHERE oid = ?1", [old.oid])?;
            }
            let oid = match &old {
                Some(old) => old.oid,
                None => new_oid(db, "relation")?,
            };
            let options = serde_json::to_string(&new.options).map_err(|error| Error::Corrupt(error.to_string()))?;
            db.execute(
                &format!("INSERT INTO relations ({COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)"),
                params![
                    oid,
                    schema,
                    new.name,
                    new.kind.text(),
                    new.owner,
                    encode(&new.columns),
                    encode(&new.partitions),
                    new.format,
                    self.kept_location(new)?,
                    options,
                    new.columns_declared,
                    new.definition,
                    new.comment,
                    now_micros()
                ],
            )?;
            Ok(old)
        })
    }

    /// Removes a relation's entry and gives it; its data is still there.
    pub fn drop_relation(&self, schema: &str, name: &str) -> Result<Option<Relation>, Error> {
        let relation = self.relation(schema, name)?;
        if let Some(relation) = &relation {
            self.write(|db| Ok(db.execute("DELETE FROM relations WHERE oid = ?1", [relation.oid])?))?;
        }
        Ok(relation)
    }

    fn relation_of(&self, row: &Row<'_>) -> Result<Relation, Error> {
        let kind: String = row.get("kind")?;
        let options: String = row.get("options")?;
        let location: Option<String> = row.get("location")?;
        Ok(Relation {
            oid: row.get("oid")?,
            created_at: row.get("created_at")?,
            new: NewRelation {
                schema: row.get("schema")?,
                name: row.get("name")?,
                kind: RelationKind::parse(&kind)?,
                owner: row.get("owner")?,
                columns: decode(&row.get::<_, Vec<u8>>("columns")?)?,
                partitions: decode(&row.get::<_, Vec<u8>>("partitions")?)?,
                format: row.get("format")?,
                location: location.map(|location| self.folder().join(location)),
                options: serde_json::from_str(&options).map_err(|error| Error::Corrupt(error.to_string()))?,
                columns_declared: row.get("columns_declared")?,
                definition: row.get("definition")?,
                comment: row.get("comment")?,
            },
        })
    }

    /// A location as the metastore keeps it: of mead's own tables below the data directory, which may be moved.
    fn kept_location(&self, new: &NewRelation) -> Result<Option<String>, Error> {
        let Some(path) = &new.location else { return Ok(None) };
        let kept = match new.kind {
            RelationKind::Managed => path.strip_prefix(self.folder()).unwrap_or(path),
            _ => path,
        };
        match kept.to_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(Error::NotUnicode(path.clone())),
        }
    }
}

/// Columns in Arrow's IPC form, which keeps every type and all metadata.
fn encode(schema: &Schema) -> Vec<u8> {
    IpcSchemaEncoder::new().schema_to_fb(schema).finished_data().to_vec()
}

fn decode(bytes: &[u8]) -> Result<SchemaRef, Error> {
    let schema = root_as_schema(bytes).map_err(|error| Error::Corrupt(format!("a relation's columns: {error}")))?;
    Ok(Arc::new(fb_to_schema(schema)))
}
