//! What ANALYZE has found, as a table's or a partition's entry keeps it: among the properties, under Hive's names.
//!
//! It may be out of date, and tells the optimizer only what is likely.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::relation::{from_json, json};
use crate::{Catalog, Error, Relation};

/// How many files there are.
pub const FILES: &str = "numFiles";
/// How many rows there are.
pub const ROWS: &str = "numRows";
/// Bytes of the rows' values.
pub const RAW_BYTES: &str = "rawDataSize";
/// Bytes of the files.
pub const BYTES: &str = "totalSize";
/// What is known of the columns, which is no property that anybody has set.
const COLUMNS: &str = "mead.column_statistics";

/// What is known of a column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnStatistics {
    pub nulls: u64,
    pub distinct: Option<u64>,
    pub min: Option<String>,
    pub max: Option<String>,
    pub average_length: Option<f64>,
    pub longest: Option<u64>,
    pub trues: Option<u64>,
    pub falses: Option<u64>,
}

/// What is known of each column.
pub fn column_statistics(properties: &BTreeMap<String, String>) -> BTreeMap<String, ColumnStatistics> {
    let text = properties.get(COLUMNS).map(String::as_str).unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}

/// What has been found of a table's or a partition's rows.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    /// Under the properties' names.
    pub numbers: BTreeMap<&'static str, u64>,
    pub columns: BTreeMap<String, ColumnStatistics>,
}

impl Statistics {
    /// What is known of other columns stays.
    fn note(&self, properties: &mut BTreeMap<String, String>) -> Result<(), Error> {
        properties.extend(self.numbers.iter().map(|(name, number)| ((*name).to_owned(), number.to_string())));
        if !self.columns.is_empty() {
            let mut all = column_statistics(properties);
            all.extend(self.columns.clone());
            properties.insert(COLUMNS.to_owned(), json(&all)?);
        }
        Ok(())
    }
}

impl Catalog {
    /// Notes what has been found of a table, and of partitions by their numbers. To find it may have taken long: what was
    /// changed meanwhile stays as it is.
    pub fn note_statistics(
        &self,
        relation: &Relation,
        table: Option<&Statistics>,
        partitions: &[(i64, Statistics)],
    ) -> Result<(), Error> {
        self.write(|db| {
            let mut properties = self.same_table(db, relation)?.new.properties;
            if let Some(found) = table {
                found.note(&mut properties)?;
                let values = params![relation.oid, json(&properties)?];
                db.execute("UPDATE relations SET properties = ?2 WHERE oid = ?1", values)?;
            }
            let mut read = db.prepare_cached("SELECT parameters FROM partitions WHERE id = ?1")?;
            let mut write = db.prepare_cached("UPDATE partitions SET parameters = ?2 WHERE id = ?1")?;
            for (id, found) in partitions {
                let text: Option<String> = read.query_row([id], |row| row.get(0)).optional()?;
                // One that was dropped meanwhile needs no statistics.
                let Some(text) = text else { continue };
                let mut parameters = from_json(&text)?;
                found.note(&mut parameters)?;
                write.execute(params![id, json(&parameters)?])?;
            }
            Ok(())
        })
    }
}

/// The properties that are shown.
pub fn shown_properties(properties: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut shown = properties.clone();
    shown.remove(COLUMNS);
    shown
}

/// The properties that somebody has set.
pub fn own_properties(properties: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut own = shown_properties(properties);
    own.retain(|key, _| ![FILES, ROWS, RAW_BYTES, BYTES].contains(&key.as_str()));
    own
}
