//! SHOW of what is in the metastore: databases, tables, views, partitions, columns, properties, and what makes a table.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::sql::sqlparser::ast::ObjectName;
use mead_catalog::{PUBLIC, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{PartitionSpec, ShowHive};
use mead_storage::hive::files_below;

use super::super::Runner;
use super::super::explain::text_rows;
use super::relation::{TableKind, table_kind};
use super::wildcard::{Part, fits};
use crate::session::Execution;

/// The columns of each SHOW.
pub(super) fn show_schema(show: &ShowHive) -> SchemaRef {
    let names: &[&str] = match show {
        ShowHive::Columns { .. } => &["field"],
        ShowHive::CreateTable(_) => &["createtab_stmt"],
        ShowHive::Databases { .. } => &["database_name"],
        ShowHive::Functions { .. } => &["tab_name"],
        ShowHive::Partitions { .. } => &["partition"],
        ShowHive::Properties { .. } => &["prpt_name", "prpt_value"],
        ShowHive::MaterializedViews { .. }
        | ShowHive::TableExtended { .. }
        | ShowHive::Tables { .. }
        | ShowHive::Views { .. } => &["tab_name"],
    };
    Arc::new(Schema::new(names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>()))
}

impl Runner {
    pub(super) fn show_hive(&self, show: &ShowHive) -> Result<Execution, Diagnostic> {
        let columns = match show {
            ShowHive::Columns { table, pattern } => vec![self.column_names(table, pattern.as_deref())?],
            ShowHive::CreateTable(table) => {
                vec![self.create_statement(&self.relation_named(table)?)?.lines().map(str::to_owned).collect()]
            }
            ShowHive::Databases { pattern } => {
                let schemas = self.engine.catalog.schemas()?.into_iter();
                let names = schemas.map(|(_, name, _)| database_name(&name).to_owned());
                let names = names.filter(|name| !mead_catalog::is_temporary_schema(name));
                let mut names: Vec<String> = names.filter(|name| matches(pattern.as_deref(), name)).collect();
                names.sort_unstable();
                vec![names]
            }
            ShowHive::Functions { pattern } => {
                let mut names: Vec<String> = self.function_names();
                names.retain(|name| matches(pattern.as_deref(), name));
                vec![names]
            }
            ShowHive::MaterializedViews { database, pattern } => {
                vec![self.names(database.as_deref(), pattern.as_deref(), Relation::is_materialized)?]
            }
            ShowHive::Partitions { table, partition } => vec![self.partition_names(table, partition)?],
            ShowHive::Properties { table, key } => self.shown_properties(table, key.as_deref())?,
            ShowHive::TableExtended { database, pattern, partition } => {
                vec![self.extended(database.as_deref(), pattern, partition)?]
            }
            ShowHive::Tables { database, pattern } => {
                vec![self.names(database.as_deref(), pattern.as_deref(), |_| true)?]
            }
            ShowHive::Views { database, pattern } => {
                let is_view = |relation: &Relation| relation.new.kind == RelationKind::View;
                vec![self.names(database.as_deref(), pattern.as_deref(), is_view)?]
            }
        };
        Ok(Execution::uncounted_rows(text_rows(&show_schema(show), columns)?, "SHOW"))
    }

    /// The relations of a database, by default of the current one and the session's temporary ones.
    fn relations_in(&self, database: Option<&str>) -> Result<Vec<Relation>, Diagnostic> {
        let catalog = &self.engine.catalog;
        let schema = match database {
            Some(name) if !catalog.schema_exists(name)? => {
                return Err(mead_catalog::Error::UndefinedSchema(name.to_owned()).into());
            }
            Some(name) => Some(name.to_owned()),
            None => self.settings.current_schema(),
        };
        let mut relations = match &schema {
            Some(schema) => catalog.relations(Some(schema))?,
            None => Vec::new(),
        };
        if let (None, Some(temporary)) = (database, self.settings.temporary_schema()) {
            relations.extend(catalog.relations(Some(temporary))?);
        }
        Ok(relations)
    }

    fn names(
        &self,
        database: Option<&str>,
        pattern: Option<&str>,
        wanted: impl Fn(&Relation) -> bool,
    ) -> Result<Vec<String>, Diagnostic> {
        let relations = self.relations_in(database)?.into_iter().filter(wanted);
        let mut names: Vec<String> = relations.map(|relation| relation.new.name).collect();
        names.retain(|name| matches(pattern, name));
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn column_names(&self, table: &ObjectName, pattern: Option<&str>) -> Result<Vec<String>, Diagnostic> {
        let relation = self.relation_named(table)?;
        let mut names: Vec<String> = relation.all_columns().fields().iter().map(|field| field.name().clone()).collect();
        names.retain(|name| matches(pattern, name));
        Ok(names)
    }

    fn partition_names(&self, table: &ObjectName, spec: &PartitionSpec) -> Result<Vec<String>, Diagnostic> {
        let relation = self.table_named(table)?;
        if relation.new.partitions.fields().is_empty() {
            return Err(Diagnostic::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("table \"{}\" is not partitioned", relation.new.name),
            ));
        }
        if table_kind(&relation) != TableKind::Hive {
            let message = format!("the partitions of table \"{}\" are not in the metastore", relation.new.name);
            return Err(Diagnostic::unsupported(message));
        }
        let values = self.partition_values(&relation, spec)?;
        let wanted: Vec<_> = values.into_iter().map(|value| value.map(|value| vec![value])).collect();
        let partitions = self.engine.catalog.partitions(relation.oid, &wanted)?;
        Ok(partitions.into_iter().map(|partition| partition.new.name).collect())
    }

    fn shown_properties(&self, table: &ObjectName, key: Option<&str>) -> Result<Vec<Vec<String>>, Diagnostic> {
        let relation = self.relation_named(table)?;
        let new = &relation.new;
        let mut properties = mead_catalog::statistics::shown_properties(&new.properties);
        if let Some(comment) = &new.comment {
            properties.insert("comment".to_owned(), comment.clone());
        }
        let Some(key) = key else {
            let (keys, values) = properties.into_iter().unzip();
            return Ok(vec![keys, values]);
        };
        Ok(match properties.remove(key) {
            Some(value) => vec![vec![key.to_owned()], vec![value]],
            None => {
                let name = format!("{}.{}", database_name(&new.schema), new.name);
                vec![vec![format!("Table {name} does not have property: {key}")], vec![String::new()]]
            }
        })
    }

    /// SHOW TABLE EXTENDED: a line for each fact, an empty one behind each table.
    fn extended(&self, database: Option<&str>, pattern: &str, spec: &PartitionSpec) -> Result<Vec<String>, Diagnostic> {
        let mut lines = Vec::new();
        for relation in self.relations_in(database)? {
            let new = &relation.new;
            if !matches(Some(pattern), &new.name) {
                continue;
            }
            let folders = match spec.0.is_empty() {
                true => new.location.iter().cloned().collect(),
                false => {
                    let partitions = self.partitions_of(&relation, spec)?.into_iter();
                    let place = |partition: mead_catalog::Partition| {
                        let own = partition.new.location;
                        own.or_else(|| new.location.as_ref().map(|folder| folder.join(&partition.new.name)))
                    };
                    partitions.filter_map(place).collect::<Vec<_>>()
                }
            };
            let is_partitioned = !new.partitions.fields().is_empty();
            lines.push(format!("tableName:{}", new.name));
            lines.push(format!("owner:{}", new.owner));
            for folder in &folders {
                lines.push(format!("location:file:{}", folder.display()));
            }
            if let Some(storage) = &new.storage {
                lines.push(format!("inputformat:{}", storage.input_format));
                lines.push(format!("outputformat:{}", storage.output_format));
            }
            let fields = new
                .columns
                .fields()
                .iter()
                .map(|field| format!("{} {}", mead_storage::hive::hive_type_name(field), field.name()));
            lines.push(format!("columns:struct columns {{ {}}}", fields.collect::<Vec<_>>().join(", ")));
            lines.push(format!("partitioned:{is_partitioned}"));
            if is_partitioned {
                let fields = new
                    .partitions
                    .fields()
                    .iter()
                    .map(|field| format!("{} {}", mead_storage::hive::hive_type_name(field), field.name()));
                let fields: Vec<String> = fields.collect();
                lines.push(format!("partitionColumns:struct partition_columns {{ {}}}", fields.join(", ")));
            }
            let mut sizes = Vec::new();
            for folder in folders.iter().filter(|folder| folder.exists()) {
                sizes.extend(files_below(folder)?.into_iter().map(|file| file.bytes));
            }
            lines.push(format!("totalNumberFiles:{}", sizes.len()));
            lines.push(format!("totalFileSize:{}", sizes.iter().sum::<u64>()));
            lines.push(format!("maxFileSize:{}", sizes.iter().max().unwrap_or(&0)));
            lines.push(format!("minFileSize:{}", sizes.iter().min().unwrap_or(&0)));
            lines.push(String::new());
        }
        Ok(lines)
    }
}

/// The schema's name as Hive has it.
pub(super) fn database_name(schema: &str) -> &str {
    if schema == PUBLIC { "default" } else { schema }
}

/// Hive's patterns: `*` and `%` for any letters, `.` and `_` as they stand, `|` between choices, in any case.
fn matches(pattern: Option<&str>, name: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let part = |letter: char| if matches!(letter, '*' | '%') { Part::Many } else { Part::One(letter) };
    pattern.to_lowercase().split('|').any(|choice| fits(&choice.trim().chars().map(part).collect::<Vec<_>>(), &name))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_are_hives() {
        assert!(matches(None, "t"));
        assert!(matches(Some("TEST3*"), "test3a"));
        assert!(matches(Some("a*|b*"), "bcd"));
        assert!(matches(Some("*b*d"), "abcbd"));
        assert!(!matches(Some("a.c"), "abc"));
        assert!(!matches(Some("*b"), "abc"));
    }
}
