//! What DESCRIBE FORMATTED tells behind a table's columns.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mead_catalog::{Partition, Relation, RelationKind, statistics};
use mead_common::Diagnostic;
use mead_storage::hive::DEFAULT_PARTITION;

use super::super::Runner;
use super::describe::{Line, empty, table_type};
use super::show::database_name;

/// A name with its colon, and what belongs to it.
fn fact(name: &str, value: impl Into<String>) -> Line {
    [Some(name.to_owned()), Some(value.into()), None]
}

fn heading(text: &str) -> Line {
    [Some(text.to_owned()), None, None]
}

fn moment(micros: i64) -> String {
    let moment: Option<DateTime<Utc>> = DateTime::from_timestamp_micros(micros);
    moment.map(|moment| moment.format("%a %b %d %H:%M:%S UTC %Y").to_string()).unwrap_or_default()
}

impl Runner {
    pub(super) fn formatted(
        &self,
        relation: &Relation,
        partition: Option<&Partition>,
        lines: &mut Vec<Line>,
    ) -> Result<(), Diagnostic> {
        let new = &relation.new;
        lines.push(empty());
        match partition {
            Some(partition) => {
                lines.push(heading("# Detailed Partition Information"));
                let values = partition.new.values.iter().map(|value| value.as_deref().unwrap_or(DEFAULT_PARTITION));
                lines.push(fact("Partition Value:", format!("[{}]", values.collect::<Vec<_>>().join(", "))));
                lines.push(fact("Database:", database_name(&new.schema)));
                lines.push(fact("Table:", new.name.as_str()));
                lines.push(fact("CreateTime:", moment(partition.created_at)));
                lines.push(fact("LastAccessTime:", "UNKNOWN"));
                let folder = partition.new.location.clone();
                let folder = folder.or_else(|| new.location.as_ref().map(|folder| folder.join(&partition.new.name)));
                let folder = folder.map(|folder| format!("file:{}", folder.display()));
                lines.push(fact("Location:", folder.unwrap_or_default()));
                parameters("Partition Parameters:", &statistics::shown_properties(&partition.new.parameters), lines);
            }
            None => {
                lines.push(heading("# Detailed Table Information"));
                lines.push(fact("Database:", database_name(&new.schema)));
                lines.push(fact("OwnerType:", "USER"));
                lines.push(fact("Owner:", new.owner.as_str()));
                lines.push(fact("CreateTime:", moment(relation.created_at)));
                lines.push(fact("LastAccessTime:", "UNKNOWN"));
                lines.push(fact("Retention:", "0"));
                if let Some(location) = &new.location {
                    lines.push(fact("Location:", format!("file:{}", location.display())));
                }
                lines.push(fact("Table Type:", table_type(new.kind)));
                let mut shown = statistics::shown_properties(&new.properties);
                shown.extend(new.comment.clone().map(|comment| ("comment".to_owned(), comment)));
                if new.kind == RelationKind::External {
                    shown.entry("EXTERNAL".to_owned()).or_insert_with(|| "TRUE".to_owned());
                }
                parameters("Table Parameters:", &shown, lines);
            }
        }
        let storage = partition.and_then(|partition| partition.new.storage.as_ref()).or(new.storage.as_ref());
        if new.kind != RelationKind::View {
            lines.push(empty());
            lines.push(heading("# Storage Information"));
        }
        match storage {
            Some(storage) => {
                lines.push(fact("SerDe Library:", storage.serde.as_str()));
                lines.push(fact("InputFormat:", storage.input_format.as_str()));
                lines.push(fact("OutputFormat:", storage.output_format.as_str()));
                lines.push(fact("Compressed:", "No"));
                lines.push(fact("Num Buckets:", storage.buckets.map_or("-1".to_owned(), |count| count.to_string())));
                lines.push(fact("Bucket Columns:", format!("[{}]", storage.bucket_columns.join(", "))));
                let keys = storage
                    .sort_columns
                    .iter()
                    .map(|(column, descends)| format!("Order(col:{column}, order:{})", u8::from(!descends)));
                lines.push(fact("Sort Columns:", format!("[{}]", keys.collect::<Vec<_>>().join(", "))));
                if !storage.skewed_columns.is_empty() {
                    lines.push(fact("Skewed Columns:", format!("[{}]", storage.skewed_columns.join(", "))));
                    let rows = storage.skewed_values.iter().map(|row| format!("[{}]", row.join(", ")));
                    lines.push(fact("Skewed Values:", format!("[{}]", rows.collect::<Vec<_>>().join(", "))));
                }
                parameters("Storage Desc Params:", &storage.serde_properties, lines);
            }
            None if new.kind != RelationKind::View => {
                lines.push(fact("Provider:", new.format.clone().unwrap_or_default().to_lowercase()));
                if !new.options.is_empty() {
                    parameters("Storage Desc Params:", &new.options, lines);
                }
            }
            None => {
                lines.push(empty());
                lines.push(heading("# View Information"));
                let text = new.definition.clone().unwrap_or_default();
                lines.push(fact("View Original Text:", text.clone()));
                lines.push(fact("View Expanded Text:", text));
                lines.push(fact("View Rewrite Enabled:", "No"));
            }
        }
        Ok(())
    }
}

/// Keys and values, indented by an empty first cell.
fn parameters(name: &str, values: &BTreeMap<String, String>, lines: &mut Vec<Line>) {
    if values.is_empty() {
        return;
    }
    lines.push(heading(name));
    for (key, value) in values {
        lines.push([Some(String::new()), Some(key.clone()), Some(value.clone())]);
    }
}
