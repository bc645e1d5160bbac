//! ALTER TABLE … CONCATENATE: the rows of a table or partition in as few files as they are written in now.

use mead_catalog::Relation;
use mead_common::{Diagnostic, Dialect, sqlstate};
use mead_parser::{PartitionSpec, Statement, Warehouse};
use mead_storage::hive::{Serde, hive_type_name};

use super::super::Runner;

impl Runner {
    /// Writes the rows anew. Of files of text there may be more in them than their rows tell, so that they stay.
    pub(super) async fn concatenate(
        &self,
        relation: &Relation,
        partition: Option<&PartitionSpec>,
    ) -> Result<(), Diagnostic> {
        let serde = relation.table_format()?.serde;
        if !matches!(serde, Serde::Avro | Serde::Orc | Serde::Parquet) {
            return Err(Diagnostic::unsupported(format!(
                "ALTER TABLE … CONCATENATE is not supported for table \"{}\"",
                relation.new.name
            ))
            .with_hint("the files of tables stored as ORC, PARQUET or AVRO can be concatenated"));
        }
        let fields = relation.new.partitions.fields();
        let (mut clause, mut condition) = (String::new(), String::new());
        match (fields.is_empty(), partition) {
            (true, _) => {}
            (false, None) => {
                return Err(Diagnostic::new(
                    sqlstate::SYNTAX_ERROR,
                    format!("table \"{}\" is partitioned: name the partition", relation.new.name),
                ));
            }
            (false, Some(spec)) => {
                let values = self.full_partition_values(relation, spec)?;
                self.partitions_of(relation, spec)?;
                let one = |(field, value): (&std::sync::Arc<_>, &Option<String>)| {
                    let value = value.as_deref().map_or("NULL".to_owned(), |value| {
                        format!("CAST({} AS {})", text(value), hive_type_name(field))
                    });
                    (quoted(field.name()), value)
                };
                let pairs: Vec<(String, String)> = fields.iter().zip(&values).map(one).collect();
                let join = |between: &str, separator: &str| {
                    let all: Vec<String> =
                        pairs.iter().map(|(name, value)| format!("{name} {between} {value}")).collect();
                    all.join(separator)
                };
                clause = format!(" PARTITION ({})", join("=", ", "));
                condition = format!(" WHERE {}", join("<=>", " AND "));
            }
        }
        let name = format!("{}.{}", quoted(&relation.new.schema), quoted(&relation.new.name));
        let columns: Vec<String> = relation.new.columns.fields().iter().map(|field| quoted(field.name())).collect();
        let sql = format!("INSERT OVERWRITE TABLE {name}{clause} SELECT {} FROM {name}{condition}", columns.join(", "));
        let parsed = mead_parser::parse(&sql, Dialect::Hive)?;
        let Some(Statement::Warehouse(Warehouse::Insert(insert))) = parsed.into_iter().next().map(|one| one.statement)
        else {
            return Err(Diagnostic::internal("a statement of our own is no INSERT"));
        };
        let mut runner = self.clone();
        runner.source.dialect = Dialect::Hive;
        runner.insert_hive(&insert).await?;
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}
