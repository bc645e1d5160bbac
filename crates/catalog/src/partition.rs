//! Partitions of tables, and the files of tables in the warehouse: what a reader is to read, without listing folders.
//!
//! Whoever changes a table's files publishes in one transaction: a reader sees what was before, or all of what is new.

use std::collections::BTreeMap;
use std::path::PathBuf;

use datafusion::arrow::datatypes::SchemaRef;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params, params_from_iter};

use crate::metastore::{Catalog, now_micros};
use crate::moves::publish_moves;
use crate::relation::{decode, encode, from_json, json};
use crate::{Error, HiveStorage, Relation};

/// A partition to be made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewPartition {
    /// A text for each partition column; `None` is `__HIVE_DEFAULT_PARTITION__`.
    pub values: Vec<Option<String>>,
    /// `dt=2026-01-01/hour=7`, escaped as Hive does.
    pub name: String,
    /// Its folder; `None` for a table in the warehouse, whose files are listed.
    pub location: Option<PathBuf>,
    /// The columns of its files, where they are not the table's.
    pub columns: Option<SchemaRef>,
    pub storage: Option<HiveStorage>,
    pub parameters: BTreeMap<String, String>,
}

/// A partition as it is kept.
#[derive(Debug, Clone)]
pub struct Partition {
    pub id: i64,
    pub created_at: i64,
    pub new: NewPartition,
}

/// A file of a table in the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// 0 for a table without partitions.
    pub partition: i64,
    /// Below the table's location.
    pub path: String,
    pub bytes: u64,
    pub rows: Option<u64>,
}

/// A file to be named.
#[derive(Debug, Clone)]
pub struct PublishedFile {
    /// The name of its partition, which is there or in the same publication; `None` for a table without partitions.
    pub partition: Option<String>,
    pub path: String,
    pub bytes: u64,
    pub rows: Option<u64>,
}

/// A change of a table's files and partitions, visible at once or not at all.
#[derive(Debug, Clone, Default)]
pub struct Publication {
    /// All files that are there go.
    pub replaces_all: bool,
    /// The files of these partitions go, and with them what is said of columns that only those files have.
    pub replaces: Vec<String>,
    /// These files go; 40001 where one of them is not there any more.
    pub replaces_files: Vec<TableFile>,
    /// Made where they are not there.
    pub partitions: Vec<NewPartition>,
    pub files: Vec<PublishedFile>,
    /// The statement whose moves are for good with it; see [`Catalog::begin_moves`].
    pub moves: Option<i64>,
}

const COLUMNS: &str = "id, name, location, columns, storage, parameters, created_at";

/// Variables that one statement of SQLite may have, with some left over.
const VARIABLES_MAX: usize = 500;

impl Catalog {
    /// The partitions of a relation by name. `wanted` has the values allowed for each partition column, where not all are;
    /// only partitions that have them are read.
    pub fn partitions(&self, oid: i64, wanted: &[Option<Vec<Option<String>>>]) -> Result<Vec<Partition>, Error> {
        self.read(|db| {
            // Where values are asked for they must lead to the partitions: the sign keeps SQLite from reading all of the relation.
            let sign = if wanted.iter().any(Option::is_some) { "+" } else { "" };
            let mut sql = format!("SELECT {COLUMNS} FROM partitions WHERE {sign}relation = ?1");
            let mut variables = vec![Value::Integer(oid)];
            for (position, values) in wanted.iter().enumerate() {
                let Some(values) = values.as_ref().filter(|values| values.len() < VARIABLES_MAX) else { continue };
                let places: Vec<String> = values
                    .iter()
                    .flatten()
                    .map(|value| {
                        variables.push(Value::Text(value.clone()));
                        format!("?{}", variables.len())
                    })
                    .collect();
                let is_null = values.iter().any(Option::is_none);
                sql.push_str(&format!(
                    " AND id IN (SELECT partition FROM partition_values WHERE relation = ?1 AND position = {position} \
                     AND (value IN ({}){}))",
                    places.join(", "),
                    if is_null { " OR value IS NULL" } else { "" }
                ));
            }
            sql.push_str(" ORDER BY name");
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(variables))?;
            let mut partitions = Vec::new();
            while let Some(row) = rows.next()? {
                partitions.push(partition_of(row)?);
            }
            if wanted.iter().all(Option::is_none) {
                all_values(db, oid, &mut partitions)?;
            } else {
                partitions.iter_mut().try_for_each(|partition| values_of(db, partition))?;
            }
            Ok(partitions)
        })
    }

    /// The partition of this name.
    pub fn partition(&self, oid: i64, name: &str) -> Result<Option<Partition>, Error> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached(&format!("SELECT {COLUMNS} FROM partitions WHERE relation = ?1 AND name = ?2"))?;
            let mut rows = statement.query(params![oid, name])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let mut partition = partition_of(row)?;
            values_of(db, &mut partition)?;
            Ok(Some(partition))
        })
    }

    /// Adds partitions, all or none; those that are there are an error unless that was allowed for. Gives how many are new.
    pub fn add_partitions(&self, oid: i64, new: &[NewPartition], if_not_exists: bool) -> Result<usize, Error> {
        self.write(|db| {
            let mut added = 0;
            for partition in new {
                match partition_id(db, oid, &partition.name)? {
                    Some(_) if if_not_exists => {}
                    Some(_) => return Err(Error::DuplicatePartition(partition.name.clone())),
                    None => {
                        insert_partition(db, oid, partition)?;
                        added += 1;
                    }
                }
            }
            Ok(added)
        })
    }

    /// Removes partitions; gives the files that they had, which nobody names any more.
    pub fn drop_partitions(&self, oid: i64, ids: &[i64]) -> Result<Vec<String>, Error> {
        self.write(|db| {
            let mut removed = Vec::new();
            for id in ids {
                removed.extend(take_files(db, oid, Some(*id))?);
                db.execute("DELETE FROM partitions WHERE relation = ?1 AND id = ?2", params![oid, id])?;
            }
            Ok(removed)
        })
    }

    /// Changes partitions from what was read of them to what is said, all or none; their files stay. 40001 where somebody
    /// else has changed one since it was read.
    pub fn alter_partitions(&self, oid: i64, changed: &[(Partition, NewPartition)]) -> Result<(), Error> {
        if changed.is_empty() {
            return Ok(());
        }
        self.write(|db| changed.iter().try_for_each(|(old, new)| alter_partition(db, oid, old, new)))
    }

    /// The files of a table in the warehouse, or of some of its partitions.
    pub fn files(&self, oid: i64, partitions: Option<&[i64]>) -> Result<Vec<TableFile>, Error> {
        self.read(|db| {
            let mut files = Vec::new();
            match partitions {
                None => {
                    let mut statement = db.prepare_cached(
                        "SELECT partition, path, bytes, rows FROM files WHERE relation = ?1 ORDER BY partition, path",
                    )?;
                    let mut rows = statement.query([oid])?;
                    while let Some(row) = rows.next()? {
                        files.push(file_of(row)?);
                    }
                }
                Some(ids) => {
                    let mut statement = db.prepare_cached(
                        "SELECT partition, path, bytes, rows FROM files WHERE relation = ?1 AND partition = ?2 \
                         ORDER BY path",
                    )?;
                    for id in ids {
                        let mut rows = statement.query(params![oid, id])?;
                        while let Some(row) = rows.next()? {
                            files.push(file_of(row)?);
                        }
                    }
                }
            }
            Ok(files)
        })
    }

    /// Publishes a change of a table, whose files were written for what was read of it. Gives the paths of files that nobody
    /// names any more; they are to be removed afterwards.
    pub fn publish_files(&self, relation: &Relation, publication: &Publication) -> Result<Vec<String>, Error> {
        self.write(|db| {
            let (was, now) = (&relation.new, self.same_table(db, relation)?.new);
            let is_readable = now.location == was.location && now.format == was.format && now.storage == was.storage;
            // A partition whose files are all new has the table's columns from now on: they must be those of the files.
            let has_columns = publication.replaces.is_empty() || now.columns == was.columns;
            if !is_readable || !has_columns || now.partitions != was.partitions {
                return Err(Error::ChangedMeanwhile);
            }
            publish(db, relation.oid, publication)
        })
    }
}

/// [`Catalog::publish_files`] within a transaction.
pub(crate) fn publish(db: &Transaction<'_>, oid: i64, publication: &Publication) -> Result<Vec<String>, Error> {
    if let Some(statement) = publication.moves {
        publish_moves(db, statement)?;
    }
    let mut removed = Vec::new();
    if publication.replaces_all {
        removed.extend(take_files(db, oid, None)?);
    }
    for name in &publication.replaces {
        if let Some(id) = partition_id(db, oid, name)? {
            removed.extend(take_files(db, oid, Some(id))?);
            db.prepare_cached("UPDATE partitions SET columns = NULL WHERE id = ?1")?.execute([id])?;
        }
    }
    for file in &publication.replaces_files {
        let mut take = db.prepare_cached("DELETE FROM files WHERE relation = ?1 AND partition = ?2 AND path = ?3")?;
        if take.execute(params![oid, file.partition, file.path])? == 0 {
            return Err(Error::ChangedMeanwhile);
        }
        removed.push(file.path.clone());
    }
    for partition in &publication.partitions {
        if partition_id(db, oid, &partition.name)?.is_none() {
            insert_partition(db, oid, partition)?;
        }
    }
    let mut insert =
        db.prepare_cached("INSERT INTO files (relation, partition, path, bytes, rows) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for file in &publication.files {
        let partition = match &file.partition {
            None => 0,
            Some(name) => match partition_id(db, oid, name)? {
                Some(id) => id,
                None => return Err(Error::UndefinedPartition(name.clone())),
            },
        };
        let bytes = i64::try_from(file.bytes).unwrap_or(i64::MAX);
        let rows = file.rows.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX));
        insert.execute(params![oid, partition, file.path, bytes, rows])?;
    }
    Ok(removed)
}

/// [`Catalog::alter_partitions`] of one partition, within a transaction.
pub(crate) fn alter_partition(
    db: &Transaction<'_>,
    oid: i64,
    old: &Partition,
    new: &NewPartition,
) -> Result<(), Error> {
    let id = old.id;
    let now = {
        let mut statement =
            db.prepare_cached(&format!("SELECT {COLUMNS} FROM partitions WHERE relation = ?1 AND id = ?2"))?;
        let mut rows = statement.query(params![oid, id])?;
        rows.next()?.map(partition_of).transpose()?
    };
    let Some(mut now) = now else { return Err(Error::UndefinedPartition(old.new.name.clone())) };
    values_of(db, &mut now)?;
    if now.new != old.new {
        return Err(Error::ChangedMeanwhile);
    }
    if partition_id(db, oid, &new.name)?.is_some_and(|other| other != id) {
        return Err(Error::DuplicatePartition(new.name.clone()));
    }
    let mut statement = db.prepare_cached(
        "UPDATE partitions SET name = ?3, location = ?4, columns = ?5, storage = ?6, parameters = ?7 \
         WHERE relation = ?1 AND id = ?2",
    )?;
    statement.execute(params![
        oid,
        id,
        new.name,
        location_text(new)?,
        new.columns.as_ref().map(|columns| encode(columns)),
        new.storage.as_ref().map(json).transpose()?,
        json(&new.parameters)?
    ])?;
    db.prepare_cached("DELETE FROM partition_values WHERE partition = ?1")?.execute([id])?;
    insert_values(db, oid, id, new)
}

fn partition_id(db: &Transaction<'_>, oid: i64, name: &str) -> Result<Option<i64>, Error> {
    let mut statement = db.prepare_cached("SELECT id FROM partitions WHERE relation = ?1 AND name = ?2")?;
    Ok(statement.query_row(params![oid, name], |row| row.get(0)).optional()?)
}

fn insert_partition(db: &Transaction<'_>, oid: i64, new: &NewPartition) -> Result<i64, Error> {
    let mut statement = db.prepare_cached(
        "INSERT INTO partitions (relation, name, location, columns, storage, parameters, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    statement.execute(params![
        oid,
        new.name,
        location_text(new)?,
        new.columns.as_ref().map(|columns| encode(columns)),
        new.storage.as_ref().map(json).transpose()?,
        json(&new.parameters)?,
        now_micros()
    ])?;
    let id = db.last_insert_rowid();
    insert_values(db, oid, id, new)?;
    Ok(id)
}

fn insert_values(db: &Transaction<'_>, oid: i64, id: i64, new: &NewPartition) -> Result<(), Error> {
    let mut statement = db.prepare_cached(
        "INSERT INTO partition_values (partition, relation, position, value) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (position, value) in new.values.iter().enumerate() {
        statement.execute(params![id, oid, i64::try_from(position).unwrap_or(i64::MAX), value])?;
    }
    Ok(())
}

fn location_text(new: &NewPartition) -> Result<Option<String>, Error> {
    let Some(path) = &new.location else { return Ok(None) };
    path.to_str().map(|text| Some(text.to_owned())).ok_or_else(|| Error::NotUnicode(path.clone()))
}

/// Unnames the files of a partition, or of the whole table.
fn take_files(db: &Transaction<'_>, oid: i64, partition: Option<i64>) -> Result<Vec<String>, Error> {
    let mut statement =
        db.prepare_cached("DELETE FROM files WHERE relation = ?1 AND (?2 IS NULL OR partition = ?2) RETURNING path")?;
    let paths = statement.query_map(params![oid, partition], |row| row.get(0))?;
    Ok(paths.collect::<Result<_, _>>()?)
}

fn partition_of(row: &Row<'_>) -> Result<Partition, Error> {
    let columns: Option<Vec<u8>> = row.get("columns")?;
    let storage: Option<String> = row.get("storage")?;
    Ok(Partition {
        id: row.get("id")?,
        created_at: row.get("created_at")?,
        new: NewPartition {
            values: Vec::new(),
            name: row.get("name")?,
            location: row.get::<_, Option<String>>("location")?.map(PathBuf::from),
            columns: columns.as_deref().map(decode).transpose()?,
            storage: storage.as_deref().map(from_json).transpose()?,
            parameters: from_json(&row.get::<_, String>("parameters")?)?,
        },
    })
}

fn values_of(db: &Connection, partition: &mut Partition) -> Result<(), Error> {
    let mut statement =
        db.prepare_cached("SELECT value FROM partition_values WHERE partition = ?1 ORDER BY position")?;
    let values = statement.query_map([partition.id], |row| row.get(0))?;
    partition.new.values = values.collect::<Result<_, _>>()?;
    Ok(())
}

/// The values of all partitions of a relation, in one pass.
fn all_values(db: &Connection, oid: i64, partitions: &mut [Partition]) -> Result<(), Error> {
    let mut places: BTreeMap<i64, usize> = BTreeMap::new();
    for (place, partition) in partitions.iter().enumerate() {
        places.insert(partition.id, place);
    }
    let mut statement =
        db.prepare_cached("SELECT partition, value FROM partition_values WHERE relation = ?1 ORDER BY position")?;
    let mut rows = statement.query([oid])?;
    while let Some(row) = rows.next()? {
        if let Some(place) = places.get(&row.get::<_, i64>(0)?) {
            partitions[*place].new.values.push(row.get(1)?);
        }
    }
    Ok(())
}

fn file_of(row: &Row<'_>) -> Result<TableFile, Error> {
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(TableFile {
        partition: row.get(0)?,
        path: row.get(1)?,
        bytes: count(row.get(2)?),
        rows: row.get::<_, Option<i64>>(3)?.map(count),
    })
}
