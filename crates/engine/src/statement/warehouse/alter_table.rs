//! ALTER TABLE in Hive's forms: what is said of a table or of one of its partitions, and the branching to columns,
//! partitions and storage.

use std::collections::BTreeMap;

use mead_catalog::{NewPartition, NewRelation, Partition, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{AlterTable, AlterTableAction, PartitionSpec, identifier_text};

use super::super::Runner;
use super::partition::name_of_partition;
use super::relation::{TableKind, table_kind};
use crate::session::Execution;

/// What the statement is called where it is refused.
const ALTER_TABLE: &str = "ALTER TABLE";

/// Properties that would make a table another kind of table.
const KINDS: [&str; 2] = ["EXTERNAL", "transactional"];

impl Runner {
    pub(super) async fn alter_table(&self, alter: &AlterTable) -> Result<Execution, Diagnostic> {
        let relation = match self.relation_named(&alter.table) {
            Err(error) if alter.if_exists && error.sqlstate == sqlstate::UNDEFINED_TABLE => {
                self.notice(format!("{}, skipping", error.message));
                return Ok(Execution::done(ALTER_TABLE));
            }
            relation => relation?,
        };
        let is_view = relation.new.kind == RelationKind::View || relation.is_materialized();
        match &alter.action {
            // Hive takes these for views too.
            AlterTableAction::Rename(_)
            | AlterTableAction::SetProperties(_)
            | AlterTableAction::UnsetProperties { .. } => {}
            _ if is_view => {
                return Err(mead_catalog::Error::WrongKind { kind: "table", name: relation.new.name }.into());
            }
            _ => {}
        }
        let partition = alter.partition.as_ref();
        match &alter.action {
            AlterTableAction::Rename(name) => self.rename_relation(&relation, name)?,
            AlterTableAction::SetProperties(properties) => self.set_properties(&relation, partition, properties)?,
            AlterTableAction::UnsetProperties { if_exists, keys } => {
                self.unset(&relation, partition, *if_exists, keys)?
            }
            AlterTableAction::UpdateStatistics(values) => self.set_properties(&relation, partition, values)?,
            AlterTableAction::AddColumns { .. }
            | AlterTableAction::ChangeColumn { .. }
            | AlterTableAction::DropColumns { .. }
            | AlterTableAction::PartitionColumn(_)
            | AlterTableAction::RenameColumn { .. }
            | AlterTableAction::ReplaceColumns { .. }
            | AlterTableAction::SetColumnComment { .. }
            | AlterTableAction::SetNotNull { .. } => self.alter_columns(&relation, partition, &alter.action).await?,
            AlterTableAction::AddPartitions { .. }
            | AlterTableAction::DropPartitions { .. }
            | AlterTableAction::RecoverPartitions
            | AlterTableAction::RenamePartition(_) => self.alter_partitions(&relation, partition, &alter.action)?,
            AlterTableAction::Buckets(_)
            | AlterTableAction::BucketCount(_)
            | AlterTableAction::SetFileFormat(_)
            | AlterTableAction::SetLocation(_)
            | AlterTableAction::SetSerde { .. }
            | AlterTableAction::Skew(_)
            | AlterTableAction::UnsetSerdeProperties(_) => self.alter_storage(&relation, partition, &alter.action)?,
            AlterTableAction::Constraint => {}
            AlterTableAction::Touch => {
                if let Some(spec) = partition {
                    self.partitions_of(&relation, spec)?;
                }
            }
            AlterTableAction::Compact | AlterTableAction::Concatenate => match table_kind(&relation) {
                TableKind::Delta => {
                    let optimize = mead_parser::Optimize { table: alter.table.clone(), z_order: Vec::new() };
                    self.optimize(&optimize).await?;
                }
                TableKind::Hive if matches!(alter.action, AlterTableAction::Concatenate) => {
                    self.concatenate(&relation, partition).await?;
                }
                _ => {
                    let what = match alter.action {
                        AlterTableAction::Compact => "COMPACT",
                        _ => "CONCATENATE",
                    };
                    return Err(Diagnostic::unsupported(format!(
                        "ALTER TABLE … {what} is not supported for table \"{}\"",
                        relation.new.name
                    ))
                    .with_hint("transactional tables can be compacted"));
                }
            },
        }
        Ok(Execution::done(ALTER_TABLE))
    }

    /// A relation gets another name, perhaps in another schema.
    pub(super) fn rename_relation(
        &self,
        relation: &Relation,
        name: &datafusion::sql::sqlparser::ast::ObjectName,
    ) -> Result<(), Diagnostic> {
        let schema = match name.0.len() {
            // Unqualified, it stays where it is.
            1 => relation.new.schema.clone(),
            _ => self.qualify(name)?.schema,
        };
        let last = name.0.last().and_then(|part| part.as_ident()).map(identifier_text).unwrap_or_default();
        let is_hive = self.source.dialect.is_hive_like();
        let name = if is_hive { last.to_lowercase() } else { last };
        let new = NewRelation { schema, name, ..relation.new.clone() };
        Ok(self.engine.catalog.alter_relation(relation, &new)?)
    }

    pub(super) fn set_properties(
        &self,
        relation: &Relation,
        partition: Option<&PartitionSpec>,
        properties: &BTreeMap<String, String>,
    ) -> Result<(), Diagnostic> {
        if let Some(spec) = partition {
            return self.alter_each(relation, spec, |partition| {
                partition.parameters.extend(properties.clone());
                Ok(())
            });
        }
        let mut new = relation.new.clone();
        for (key, value) in properties {
            let is_kind = KINDS.iter().any(|kind| key.eq_ignore_ascii_case(kind));
            let known = new.properties.iter().find(|(own, _)| own.eq_ignore_ascii_case(key)).map(|(_, value)| value);
            if is_kind && known.is_none_or(|known| !known.eq_ignore_ascii_case(value)) {
                let message = format!("property \"{key}\" of table \"{}\" cannot be changed", new.name);
                return Err(Diagnostic::unsupported(message).with_hint("it is given when the table is made"));
            }
            if key == "comment" {
                new.comment = Some(value.clone());
            } else {
                new.properties.insert(key.clone(), value.clone());
            }
        }
        if table_kind(relation) == TableKind::Hive {
            let whole = Relation { oid: relation.oid, created_at: relation.created_at, new: new.clone() };
            whole.table_format()?.validate(&new.columns)?;
        }
        Ok(self.engine.catalog.alter_relation(relation, &new)?)
    }

    pub(super) fn unset(
        &self,
        relation: &Relation,
        partition: Option<&PartitionSpec>,
        if_exists: bool,
        keys: &[String],
    ) -> Result<(), Diagnostic> {
        let missing = |what: &str, name: &str, key: &str| {
            Diagnostic::new(sqlstate::UNDEFINED_OBJECT, format!("{what} \"{name}\" has no property \"{key}\""))
                .with_hint("UNSET TBLPROPERTIES IF EXISTS passes over properties that are not there")
        };
        if let Some(spec) = partition {
            return self.alter_each(relation, spec, |partition| {
                for key in keys {
                    if partition.parameters.remove(key).is_none() && !if_exists {
                        return Err(missing("partition", &partition.name, key));
                    }
                }
                Ok(())
            });
        }
        let mut new = relation.new.clone();
        for key in keys {
            if KINDS.iter().any(|kind| key.eq_ignore_ascii_case(kind)) {
                let message = format!("property \"{key}\" of table \"{}\" cannot be changed", new.name);
                return Err(Diagnostic::unsupported(message));
            }
            let is_comment = key == "comment" && new.comment.take().is_some();
            if new.properties.remove(key).is_none() && !is_comment && !if_exists {
                return Err(missing(new.kind.noun(), &new.name, key));
            }
        }
        Ok(self.engine.catalog.alter_relation(relation, &new)?)
    }

    /// The partitions that a clause means, of which there must be one at least.
    pub(super) fn partitions_of(
        &self,
        relation: &Relation,
        spec: &PartitionSpec,
    ) -> Result<Vec<Partition>, Diagnostic> {
        let values = self.partition_values(relation, spec)?;
        let wanted: Vec<_> = values.iter().map(|value| value.clone().map(|value| vec![value])).collect();
        let found = self.engine.catalog.partitions(relation.oid, &wanted)?;
        if found.is_empty() {
            let name = match values.iter().cloned().collect::<Option<Vec<_>>>() {
                Some(values) => name_of_partition(relation, &values),
                None => spec_text(spec),
            };
            return Err(mead_catalog::Error::UndefinedPartition(name).into());
        }
        Ok(found)
    }

    /// Changes all partitions that a clause means, at once.
    pub(super) fn alter_each(
        &self,
        relation: &Relation,
        spec: &PartitionSpec,
        change: impl Fn(&mut NewPartition) -> Result<(), Diagnostic>,
    ) -> Result<(), Diagnostic> {
        let mut changed = Vec::new();
        for partition in self.partitions_of(relation, spec)? {
            let mut new = partition.new.clone();
            change(&mut new)?;
            changed.push((partition, new));
        }
        Ok(self.engine.catalog.alter_partitions(relation.oid, &changed)?)
    }
}

fn spec_text(spec: &PartitionSpec) -> String {
    let one = |(name, value): &(String, Option<datafusion::sql::sqlparser::ast::Expr>)| match value {
        Some(value) => format!("{name}={value}"),
        None => name.clone(),
    };
    spec.0.iter().map(one).collect::<Vec<_>>().join("/")
}
