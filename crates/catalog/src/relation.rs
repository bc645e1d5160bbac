//! Tables and views.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::ipc::convert::{IpcSchemaEncoder, fb_to_schema};
use datafusion::arrow::ipc::root_as_schema;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::database::SYSTEM_SCHEMAS;
use crate::metastore::{Catalog, new_oid, now_micros};
use crate::partition::{alter_partition, publish};
use crate::{Error, NewPartition, Partition, Publication, schema_name};

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
#[derive(Debug, Clone, PartialEq)]
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
    /// TBLPROPERTIES.
    pub properties: BTreeMap<String, String>,
    /// How Hive would read the files; of tables in Hive's formats alone.
    pub storage: Option<HiveStorage>,
}

/// How the files of a table or partition are read and laid out, in Hive's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiveStorage {
    pub serde: String,
    pub serde_properties: BTreeMap<String, String>,
    pub input_format: String,
    pub output_format: String,
    pub buckets: Option<u32>,
    pub bucket_columns: Vec<String>,
    /// Each with true where it descends.
    pub sort_columns: Vec<(String, bool)>,
    pub skewed_columns: Vec<String>,
    /// A row of texts for each combination.
    pub skewed_values: Vec<Vec<String>>,
}

/// A relation as it is kept.
#[derive(Debug, Clone)]
pub struct Relation {
    pub oid: i64,
    pub created_at: i64,
    pub new: NewRelation,
}

impl Relation {
    /// True for a table that has the rows of a query, which only REFRESH changes.
    pub fn is_materialized(&self) -> bool {
        self.new.kind == RelationKind::Managed && self.new.definition.is_some()
    }

    /// As error messages call it.
    pub fn noun(&self) -> &'static str {
        if self.is_materialized() { "materialized view" } else { self.new.kind.noun() }
    }

    /// All columns: the files', then the partitions'.
    pub fn all_columns(&self) -> SchemaRef {
        let fields: Vec<_> = self.new.columns.fields().iter().chain(self.new.partitions.fields()).cloned().collect();
        Arc::new(Schema::new(fields))
    }
}

const COLUMNS: &str = "oid, schema, name, kind, owner, columns, partitions, format, location, options, columns_declared, \
                       definition, comment, created_at, properties, storage";

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
        self.create_filled(new, replace, &Publication::default())
    }

    /// [`Self::create_relation`] of a table in the warehouse, with files that it has from the beginning.
    pub fn create_filled(
        &self,
        new: &NewRelation,
        replace: bool,
        publication: &Publication,
    ) -> Result<Option<Relation>, Error> {
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
            self.insert_relation(db, oid, schema, new, now_micros())?;
            publish(db, oid, publication)?;
            Ok(old)
        })
    }

    fn insert_relation(
        &self,
        db: &Transaction<'_>,
        oid: i64,
        schema: &str,
        new: &NewRelation,
        created_at: i64,
    ) -> Result<(), Error> {
        db.execute(
            &format!(
                "INSERT INTO relations ({COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16) \
                 ON CONFLICT (oid) DO UPDATE SET schema = ?2, name = ?3, kind = ?4, owner = ?5, columns = ?6, \
                 partitions = ?7, format = ?8, location = ?9, options = ?10, columns_declared = ?11, definition = ?12, \
                 comment = ?13, properties = ?15, storage = ?16"
            ),
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
                json(&new.options)?,
                new.columns_declared,
                new.definition,
                new.comment,
                created_at,
                json(&new.properties)?,
                new.storage.as_ref().map(json).transpose()?
            ],
        )?;
        Ok(())
    }

    /// Changes a relation from what was read of it to what `new` says, its name and schema included; partitions and files
    /// stay. 42P07 where another one has the name, 40001 where somebody else has changed the relation since it was read.
    pub fn alter_relation(&self, old: &Relation, new: &NewRelation) -> Result<(), Error> {
        self.alter_with_partitions(old, new, &[])
    }

    /// [`Self::alter_relation`] and [`Self::alter_partitions`], both or none.
    pub fn alter_with_partitions(
        &self,
        old: &Relation,
        new: &NewRelation,
        partitions: &[(Partition, NewPartition)],
    ) -> Result<(), Error> {
        let schema = schema_name(&new.schema);
        if !self.schema_exists(schema)? {
            return Err(Error::UndefinedSchema(schema.to_owned()));
        }
        if SYSTEM_SCHEMAS.contains(&schema) {
            return Err(Error::SystemSchema(schema.to_owned()));
        }
        self.write(|db| {
            let other: Option<i64> = db
                .query_row(
                    "SELECT oid FROM relations WHERE schema = ?1 AND name = ?2 AND oid <> ?3",
                    params![schema, new.name, old.oid],
                    |row| row.get(0),
                )
                .optional()?;
            if other.is_some() {
                return Err(Error::DuplicateRelation(new.name.clone()));
            }
            match self.entry(db, old.oid)? {
                None => return Err(Error::UndefinedRelation { kind: old.new.kind.noun(), name: old.new.name.clone() }),
                Some(now) if now.created_at != old.created_at || now.new != old.new => {
                    return Err(Error::ChangedMeanwhile);
                }
                Some(_) => {}
            }
            self.insert_relation(db, old.oid, schema, new, old.created_at)?;
            partitions.iter().try_for_each(|(before, new)| alter_partition(db, old.oid, before, new))
        })
    }

    /// Notes the columns that a table under a Delta log has, whose log has them already; what else was changed meanwhile
    /// stays as it is.
    pub fn note_columns(&self, relation: &Relation, columns: &SchemaRef) -> Result<(), Error> {
        self.write(|db| {
            self.same_table(db, relation)?;
            db.execute("UPDATE relations SET columns = ?2 WHERE oid = ?1", params![relation.oid, encode(columns)])?;
            Ok(())
        })
    }

    /// A relation as it is now.
    fn entry(&self, db: &Connection, oid: i64) -> Result<Option<Relation>, Error> {
        let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM relations WHERE oid = ?1"))?;
        let mut rows = statement.query([oid])?;
        rows.next()?.map(|row| self.relation_of(row)).transpose()
    }

    /// A table as it is now. CREATE OR REPLACE gives its number to another table, which counts as dropped here.
    pub(crate) fn same_table(&self, db: &Connection, relation: &Relation) -> Result<Relation, Error> {
        let now = self.entry(db, relation.oid)?;
        now.filter(|now| now.created_at == relation.created_at).ok_or(Error::DroppedMeanwhile)
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
        let properties: String = row.get("properties")?;
        let storage: Option<String> = row.get("storage")?;
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
                options: from_json(&options)?,
                columns_declared: row.get("columns_declared")?,
                definition: row.get("definition")?,
                comment: row.get("comment")?,
                properties: from_json(&properties)?,
                storage: storage.as_deref().map(from_json).transpose()?,
            },
        })
    }

    /// A location as the metastore keeps it: relative to the data directory, which may be moved, where it lies below it.
    fn kept_location(&self, new: &NewRelation) -> Result<Option<String>, Error> {
        let Some(path) = &new.location else { return Ok(None) };
        let kept = path.strip_prefix(self.folder()).unwrap_or(path);
        match kept.to_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(Error::NotUnicode(path.clone())),
        }
    }
}

/// Columns in Arrow's IPC form, which keeps every type and all metadata.
pub(crate) fn encode(schema: &Schema) -> Vec<u8> {
    IpcSchemaEncoder::new().schema_to_fb(schema).finished_data().to_vec()
}

pub(crate) fn decode(bytes: &[u8]) -> Result<SchemaRef, Error> {
    let schema = root_as_schema(bytes).map_err(|error| Error::Corrupt(format!("a relation's columns: {error}")))?;
    Ok(Arc::new(fb_to_schema(schema)))
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Corrupt(error.to_string()))
}

pub(crate) fn from_json<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::{DataType, Field};

    use super::*;
    use crate::PublishedFile;
    use crate::statistics::{ROWS, Statistics};

    fn new_table(location: &str) -> NewRelation {
        NewRelation {
            schema: "public".to_owned(),
            name: "t".to_owned(),
            kind: RelationKind::Managed,
            owner: "mead".to_owned(),
            columns: Arc::new(Schema::new(vec![Field::new("a", DataType::Int32, true)])),
            partitions: Arc::new(Schema::empty()),
            format: Some("TEXTFILE".to_owned()),
            location: Some(PathBuf::from(location)),
            options: BTreeMap::new(),
            columns_declared: true,
            definition: None,
            comment: None,
            properties: BTreeMap::new(),
            storage: Some(HiveStorage::default()),
        }
    }

    #[test]
    fn what_somebody_else_changed_is_not_undone() {
        let folder = std::env::temp_dir().join(format!("mead-relation-{}", std::process::id()));
        let catalog = Catalog::open(&folder).unwrap();
        let read = || catalog.relation("public", "t").unwrap().unwrap();
        let file = |path: &str| PublishedFile { partition: None, path: path.to_owned(), bytes: 1, rows: None };
        catalog.create_relation(&new_table("/one"), false).unwrap();
        let old = read();
        let commented = NewRelation { comment: Some("first".to_owned()), ..old.new.clone() };
        catalog.alter_relation(&old, &commented).unwrap();
        // Who read the table before must not write back what it was.
        let stale = NewRelation { owner: "other".to_owned(), ..old.new.clone() };
        assert!(matches!(catalog.alter_relation(&old, &stale), Err(Error::ChangedMeanwhile)));
        let found = Statistics { numbers: BTreeMap::from([(ROWS, 7)]), columns: BTreeMap::new() };
        catalog.note_statistics(&old, Some(&found), &[]).unwrap();
        assert_eq!(read().new.comment.as_deref(), Some("first"));
        assert_eq!(read().new.properties.get(ROWS).map(String::as_str), Some("7"));
        // Files are replaced once.
        let first = Publication { files: vec![file("x")], ..Publication::default() };
        catalog.publish_files(&old, &first).unwrap();
        let files = catalog.files(old.oid, None).unwrap();
        let replaced = Publication { replaces_files: files, files: vec![file("y")], ..Publication::default() };
        assert_eq!(catalog.publish_files(&old, &replaced).unwrap(), ["x"]);
        let again = Publication { files: vec![file("z")], ..replaced };
        assert!(matches!(catalog.publish_files(&old, &again), Err(Error::ChangedMeanwhile)));
        assert_eq!(catalog.files(old.oid, None).unwrap().len(), 1);
        // Another table under the same number gets none of the files that were written for the first one.
        catalog.create_relation(&new_table("/two"), true).unwrap();
        assert_eq!(read().oid, old.oid);
        assert!(matches!(catalog.publish_files(&old, &first), Err(Error::DroppedMeanwhile)));
        assert!(matches!(catalog.note_statistics(&old, Some(&found), &[]), Err(Error::DroppedMeanwhile)));
        assert!(catalog.files(old.oid, None).unwrap().is_empty());
        drop(catalog);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
