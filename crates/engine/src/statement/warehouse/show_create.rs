//! The statement that makes a relation, in Hive's words.

use std::collections::BTreeMap;
use std::fmt::Write;

use datafusion::arrow::datatypes::Schema;
use mead_catalog::{HiveStorage, Relation, RelationKind};
use mead_common::Diagnostic;
use mead_storage::hive::{COMMENT, DEFAULT, hive_type_name};

use super::super::Runner;
use super::relation::{TableKind, table_kind};
use super::show::database_name;

impl Runner {
    /// See the module's documentation.
    pub(super) fn create_statement(&self, relation: &Relation) -> Result<String, Diagnostic> {
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = written(relation, &mut text);
        Ok(text)
    }
}

fn written(relation: &Relation, text: &mut String) -> std::fmt::Result {
    let new = &relation.new;
    if new.kind == RelationKind::View {
        write!(text, "CREATE VIEW {}", name(relation))?;
        if new.columns_declared {
            let names: Vec<String> = new.columns.fields().iter().map(|field| quoted(field.name())).collect();
            write!(text, " ({})", names.join(", "))?;
        }
        return write!(text, " AS {}", new.definition.as_deref().unwrap_or_default());
    }
    let external = if new.kind == RelationKind::External { "EXTERNAL " } else { "" };
    writeln!(text, "CREATE {external}TABLE {}(", name(relation))?;
    columns(&new.columns, text)?;
    writeln!(text, ")")?;
    if let Some(comment) = &new.comment {
        writeln!(text, "COMMENT {}", string(comment))?;
    }
    if !new.partitions.fields().is_empty() {
        writeln!(text, "PARTITIONED BY ( ")?;
        columns(&new.partitions, text)?;
        writeln!(text, ")")?;
    }
    match (&new.storage, table_kind(relation)) {
        (Some(storage), _) => layout(storage, text)?,
        (None, TableKind::Delta) => writeln!(text, "USING delta")?,
        (None, _) => {
            writeln!(text, "STORED AS {}", new.format.as_deref().unwrap_or_default())?;
            if !new.options.is_empty() {
                writeln!(text, "OPTIONS (")?;
                properties(&new.options, text)?;
                writeln!(text, ")")?;
            }
        }
    }
    if let (RelationKind::External, Some(location)) = (new.kind, &new.location) {
        writeln!(text, "LOCATION\n  {}", string(&format!("file:{}", location.display())))?;
    }
    let shown = mead_catalog::statistics::own_properties(&new.properties);
    if !shown.is_empty() {
        writeln!(text, "TBLPROPERTIES (")?;
        properties(&shown, text)?;
        write!(text, ")")?;
    }
    Ok(())
}

fn layout(storage: &HiveStorage, text: &mut String) -> std::fmt::Result {
    if let Some(count) = storage.buckets {
        writeln!(text, "CLUSTERED BY ( ")?;
        let names: Vec<String> = storage.bucket_columns.iter().map(|column| format!("  {}", quoted(column))).collect();
        writeln!(text, "{})", names.join(", \n"))?;
        if !storage.sort_columns.is_empty() {
            let keys = storage
                .sort_columns
                .iter()
                .map(|(column, descends)| format!("  {} {}", quoted(column), if *descends { "DESC" } else { "ASC" }));
            writeln!(text, "SORTED BY ( \n{})", keys.collect::<Vec<_>>().join(", \n"))?;
        }
        writeln!(text, "INTO {count} BUCKETS")?;
    }
    if !storage.skewed_columns.is_empty() {
        let rows = storage.skewed_values.iter().map(|row| {
            let values: Vec<String> = row.iter().map(|value| string(value)).collect();
            format!("({})", values.join(","))
        });
        let rows: Vec<String> = rows.collect();
        writeln!(text, "SKEWED BY ({})\nON ({})", storage.skewed_columns.join(","), rows.join(","))?;
    }
    writeln!(text, "ROW FORMAT SERDE \n  {} ", string(&storage.serde))?;
    let shown: BTreeMap<String, String> = storage
        .serde_properties
        .iter()
        .filter(|(key, value)| key.as_str() != "serialization.format" || value.as_str() != "1")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !shown.is_empty() {
        writeln!(text, "WITH SERDEPROPERTIES ( ")?;
        properties(&shown, text)?;
        writeln!(text, ") ")?;
    }
    writeln!(text, "STORED AS INPUTFORMAT \n  {} ", string(&storage.input_format))?;
    writeln!(text, "OUTPUTFORMAT \n  {}", string(&storage.output_format))
}

fn columns(columns: &Schema, text: &mut String) -> std::fmt::Result {
    for (place, field) in columns.fields().iter().enumerate() {
        let separator = if place > 0 { ", \n" } else { "" };
        write!(text, "{separator}  {} {}", quoted(field.name()), hive_type_name(field))?;
        if !field.is_nullable() {
            write!(text, " NOT NULL")?;
        }
        if let Some(default) = field.metadata().get(DEFAULT) {
            write!(text, " DEFAULT {default}")?;
        }
        if let Some(comment) = field.metadata().get(COMMENT) {
            write!(text, " COMMENT {}", string(comment))?;
        }
    }
    Ok(())
}

fn properties(properties: &BTreeMap<String, String>, text: &mut String) -> std::fmt::Result {
    let all: Vec<String> =
        properties.iter().map(|(key, value)| format!("  {}={}", string(key), string(value))).collect();
    write!(text, "{}", all.join(", \n"))
}

fn name(relation: &Relation) -> String {
    match database_name(&relation.new.schema) {
        "default" => quoted(&relation.new.name),
        schema => format!("{}.{}", quoted(schema), quoted(&relation.new.name)),
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in quotes, as Hive escapes it.
fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for letter in text.chars() {
        match letter {
            '\'' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter if u32::from(letter) < 32 => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('\'');
    quoted
}
