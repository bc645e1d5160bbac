//! DESCRIBE in Hive's form: tables, partitions, columns, databases.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::sql::sqlparser::ast::ObjectName;
use mead_catalog::{Partition, Relation, RelationKind, statistics};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{DescribeHive, DescribeTarget, PartitionSpec};
use mead_storage::hive::{COMMENT, hive_type_name};

use super::super::Runner;
use super::super::explain::{rows, text_rows};
use super::show::database_name;
use crate::session::Execution;

/// A row: its cells, of which some are NULL.
pub(super) type Line = [Option<String>; 3];

/// The columns of each DESCRIBE.
pub(super) fn describe_schema(describe: &DescribeHive) -> SchemaRef {
    let names: &[&str] = match &describe.target {
        DescribeTarget::Database(_) => &["db_name", "comment", "location", "owner_name", "owner_type", "parameters"],
        DescribeTarget::Function(_) => &["tab_name"],
        DescribeTarget::Table { path, .. } if !path.is_empty() && describe.formatted => &["column_property", "value"],
        DescribeTarget::Table { .. } => &["col_name", "data_type", "comment"],
    };
    Arc::new(Schema::new(names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>()))
}

pub(super) fn line(a: &str, b: &str, c: &str) -> Line {
    [Some(a.to_owned()), Some(b.to_owned()), Some(c.to_owned())]
}

/// What stands between the parts: an empty first cell.
pub(super) fn empty() -> Line {
    [Some(String::new()), None, None]
}

impl Runner {
    pub(super) fn describe_hive(&self, describe: &DescribeHive) -> Result<Execution, Diagnostic> {
        let schema = describe_schema(describe);
        let stream = match &describe.target {
            DescribeTarget::Database(name) => text_rows(&schema, self.described_database(name, describe.extended)?)?,
            DescribeTarget::Function(name) => {
                text_rows(&schema, vec![self.described_function(name, describe.extended)?])?
            }
            DescribeTarget::Table { table, partition, path } => {
                self.described_table(&schema, describe, table, partition, path)?
            }
        };
        Ok(Execution::uncounted_rows(stream, "DESCRIBE"))
    }

    fn described_database(&self, name: &str, extended: bool) -> Result<Vec<Vec<String>>, Diagnostic> {
        let Some(database) = self.engine.catalog.database(name)? else {
            return Err(mead_catalog::Error::UndefinedSchema(name.to_owned()).into());
        };
        let folder = self.engine.catalog.folder();
        let location = database.location.unwrap_or_else(|| folder.display().to_string());
        let properties = database.properties.iter().map(|(key, value)| format!("{key}={value}"));
        let properties = match extended && !database.properties.is_empty() {
            true => format!("{{{}}}", properties.collect::<Vec<_>>().join(", ")),
            false => String::new(),
        };
        let cells = [
            database_name(&database.name).to_owned(),
            database.comment.unwrap_or_default(),
            format!("file:{location}"),
            database.owner,
            "USER".to_owned(),
            properties,
        ];
        Ok(cells.map(|cell| vec![cell]).to_vec())
    }

    fn described_table(
        &self,
        schema: &SchemaRef,
        describe: &DescribeHive,
        table: &ObjectName,
        spec: &PartitionSpec,
        path: &[String],
    ) -> Result<SendableRecordBatchStream, Diagnostic> {
        let (relation, path) = self.described_relation(table, path)?;
        let partition = match spec.0.is_empty() {
            true => None,
            false => {
                self.full_partition_values(&relation, spec)?;
                self.partitions_of(&relation, spec)?.into_iter().next()
            }
        };
        if let Some((column, below)) = path.split_first() {
            return column_rows(schema, describe, &relation, partition.as_ref(), column, below);
        }
        let columns = partition.as_ref().and_then(|partition| partition.new.columns.clone());
        let columns = columns.unwrap_or_else(|| Arc::clone(&relation.new.columns));
        let mut lines = Vec::new();
        if describe.formatted {
            lines.push(line("# col_name", "data_type", "comment"));
        }
        let all = columns.fields().iter().chain(relation.new.partitions.fields());
        let of_files = columns.fields().len();
        lines.extend(all.take(if describe.formatted { of_files } else { usize::MAX }).map(|field| column_line(field)));
        if !relation.new.partitions.fields().is_empty() {
            lines.push(empty());
            lines.push([Some("# Partition Information".to_owned()), None, None]);
            lines.push(line("# col_name", "data_type", "comment"));
            lines.extend(relation.new.partitions.fields().iter().map(|field| column_line(field)));
        }
        if describe.formatted {
            self.formatted(&relation, partition.as_ref(), &mut lines)?;
        } else if describe.extended {
            lines.push(empty());
            let what = if partition.is_some() { "Partition" } else { "Table" };
            lines.push([
                Some(format!("Detailed {what} Information")),
                Some(self.detailed(&relation, partition.as_ref())),
                None,
            ]);
        }
        let column = |place: usize| -> ArrayRef {
            Arc::new(lines.iter().map(|line| line.get(place).cloned().flatten()).collect::<StringArray>())
        };
        rows(schema, vec![column(0), column(1), column(2)])
    }

    /// `a.b.c` may be a table in a database with a column, or a table with a column and what is below it.
    fn described_relation(&self, table: &ObjectName, path: &[String]) -> Result<(Relation, Vec<String>), Diagnostic> {
        let found = self.relation_named(table);
        let parts: Vec<String> =
            table.0.iter().filter_map(|part| part.as_ident()).map(|part| part.value.to_lowercase()).collect();
        let (Err(error), true) = (&found, parts.len() > 1) else { return Ok((found?, path.to_vec())) };
        for count in (1..parts.len()).rev() {
            let shorter = ObjectName(table.0.iter().take(count).cloned().collect());
            if let Ok(relation) = self.relation_named(&shorter) {
                let rest = parts.iter().skip(count).chain(path).cloned().collect();
                return Ok((relation, rest));
            }
        }
        Err(error.duplicate())
    }

    /// What EXTENDED tells of a table in one line.
    fn detailed(&self, relation: &Relation, partition: Option<&Partition>) -> String {
        let new = &relation.new;
        let location = partition.and_then(|partition| partition.new.location.as_ref()).or(new.location.as_ref());
        let location = location.map(|folder| format!("file:{}", folder.display())).unwrap_or_default();
        let storage = partition.and_then(|partition| partition.new.storage.as_ref()).or(new.storage.as_ref());
        let format = storage.map(|storage| {
            format!(
                ", inputFormat:{}, outputFormat:{}, serdeInfo:{}",
                storage.input_format, storage.output_format, storage.serde
            )
        });
        let parameters = partition.map_or(&new.properties, |partition| &partition.new.parameters);
        let parameters = statistics::shown_properties(parameters);
        let parameters: Vec<String> = parameters.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let values = partition.map(|partition| {
            let values = partition
                .new
                .values
                .iter()
                .map(|value| value.clone().unwrap_or_else(|| mead_storage::hive::DEFAULT_PARTITION.to_owned()));
            format!("values:[{}], ", values.collect::<Vec<_>>().join(", "))
        });
        format!(
            "{}({}dbName:{}, tableName:{}, owner:{}, location:{location}{}, parameters:{{{}}}{})",
            if partition.is_some() { "Partition" } else { "Table" },
            values.unwrap_or_default(),
            database_name(&new.schema),
            new.name,
            new.owner,
            format.unwrap_or_default(),
            parameters.join(", "),
            if partition.is_some() { String::new() } else { format!(", tableType:{}", table_type(new.kind)) },
        )
    }
}

pub(super) fn table_type(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::External => "EXTERNAL_TABLE",
        RelationKind::Managed => "MANAGED_TABLE",
        RelationKind::View => "VIRTUAL_VIEW",
    }
}

fn column_line(field: &Field) -> Line {
    line(field.name(), &hive_type_name(field), field.metadata().get(COMMENT).map_or("", String::as_str))
}

/// DESCRIBE of a column, or of what is below it.
fn column_rows(
    schema: &SchemaRef,
    describe: &DescribeHive,
    relation: &Relation,
    partition: Option<&Partition>,
    column: &str,
    below: &[String],
) -> Result<SendableRecordBatchStream, Diagnostic> {
    let all = relation.all_columns();
    let Ok(field) = all.field_with_name(column) else {
        return Err(Diagnostic::new(
            sqlstate::UNDEFINED_COLUMN,
            format!("column \"{column}\" of relation \"{}\" does not exist", relation.new.name),
        ));
    };
    if !below.is_empty() {
        let lines = nested(field, below)?;
        let column = |place: usize| lines.iter().map(|line| line[place].clone().unwrap_or_default()).collect();
        return text_rows(schema, vec![column(0), column(1), column(2)]);
    }
    let comment = field.metadata().get(COMMENT).cloned().unwrap_or_default();
    if !describe.formatted {
        return match field.data_type() {
            DataType::Struct(_) | DataType::List(_) | DataType::Map(..) if !describe.extended => {
                text_rows(schema, vec![vec![column.to_owned()], vec![hive_type_name(field)], vec![comment]])
            }
            _ => text_rows(schema, vec![vec![column.to_owned()], vec![hive_type_name(field)], vec![comment]]),
        };
    }
    let properties = partition.map_or(&relation.new.properties, |partition| &partition.new.parameters);
    let known = statistics::column_statistics(properties).remove(column);
    let text = |value: Option<String>| value.unwrap_or_default();
    let number = |value: Option<u64>| text(value.map(|value| value.to_string()));
    let known = known.as_ref();
    let cells = [
        ("col_name", column.to_owned()),
        ("data_type", hive_type_name(field)),
        ("min", text(known.and_then(|known| known.min.clone()))),
        ("max", text(known.and_then(|known| known.max.clone()))),
        ("num_nulls", number(known.map(|known| known.nulls))),
        ("distinct_count", number(known.and_then(|known| known.distinct))),
        ("avg_col_len", text(known.and_then(|known| known.average_length).map(|value| value.to_string()))),
        ("max_col_len", number(known.and_then(|known| known.longest))),
        ("num_trues", number(known.and_then(|known| known.trues))),
        ("num_falses", number(known.and_then(|known| known.falses))),
        ("comment", comment),
    ];
    let (names, values) = cells.into_iter().map(|(name, value)| (name.to_owned(), value)).unzip();
    text_rows(schema, vec![names, values])
}

/// `field.$elem$`, `field.$key$`, `field.$value$`, `field.name`: the fields there, or the one type.
fn nested(field: &Field, path: &[String]) -> Result<Vec<Line>, Diagnostic> {
    let mut field = Field::new(field.name(), field.data_type().clone(), true);
    for step in path {
        let inner = match (field.data_type(), step.as_str()) {
            (DataType::List(item), "$elem$") => Some(Arc::clone(item)),
            (DataType::Map(entries, _), "$key$" | "$value$") => match entries.data_type() {
                DataType::Struct(fields) => fields.get(usize::from(step == "$value$")).cloned(),
                _ => None,
            },
            (DataType::Struct(fields), name) => fields.iter().find(|field| field.name() == name).cloned(),
            _ => None,
        };
        let Some(inner) = inner else {
            let message = format!("\"{}\" has no field \"{step}\"", field.name());
            return Err(Diagnostic::new(sqlstate::UNDEFINED_COLUMN, message));
        };
        field = Field::new(step.as_str(), inner.data_type().clone(), true);
    }
    let from = "from deserializer";
    Ok(match field.data_type() {
        DataType::Struct(fields) => {
            fields.iter().map(|field| line(field.name(), &hive_type_name(field), from)).collect()
        }
        _ => vec![line(field.name(), &hive_type_name(&field), from)],
    })
}
