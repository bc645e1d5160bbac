//! What ANALYZE has found, as a table's or a partition's entry keeps it: among the properties, under Hive's names.
//!
//! It may be out of date, and tells the optimizer only what is likely.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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

/// Notes what has been found of some columns; what is known of others stays.
pub fn note_column_statistics(
    properties: &mut BTreeMap<String, String>,
    found: BTreeMap<String, ColumnStatistics>,
) -> Result<(), crate::Error> {
    let mut all = column_statistics(properties);
    all.extend(found);
    properties.insert(COLUMNS.to_owned(), crate::relation::json(&all)?);
    Ok(())
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
