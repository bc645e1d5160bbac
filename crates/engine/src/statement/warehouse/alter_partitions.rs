//! ALTER TABLE … ADD, DROP and RENAME PARTITION.

use std::cmp::Ordering;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use datafusion::sql::sqlparser::ast::BinaryOperator;
use mead_catalog::{Partition, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{AlterTableAction, PartitionFilter, PartitionSpec};
use mead_storage::hive::partition_value;
use mead_storage::{remove_files, sync_folder};

use super::super::Runner;
use super::partition::{name_of_partition, new_partition};
use super::relation::{TableKind, table_kind};

impl Runner {
    pub(super) fn alter_partitions(
        &self,
        relation: &Relation,
        partition: Option<&PartitionSpec>,
        action: &AlterTableAction,
    ) -> Result<(), Diagnostic> {
        if table_kind(relation) != TableKind::Hive || relation.new.partitions.fields().is_empty() {
            return Err(Diagnostic::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("table \"{}\" has no partitions that could be named", relation.new.name),
            )
            .with_hint("tables that are made with PARTITIONED BY in Hive's form have"));
        }
        match action {
            AlterTableAction::AddPartitions { if_not_exists, partitions } => {
                self.add_partitions(relation, *if_not_exists, partitions)
            }
            AlterTableAction::DropPartitions { if_exists, partitions } => {
                self.drop_partitions(relation, *if_exists, partitions)
            }
            AlterTableAction::RecoverPartitions => self.repair(relation, true, true, false),
            AlterTableAction::RenamePartition(to) => match partition {
                Some(from) => self.rename_partition(relation, from, to),
                None => Err(Diagnostic::new(sqlstate::SYNTAX_ERROR, "a partition to be renamed is missing")),
            },
            _ => Err(Diagnostic::internal("an action that changes no partitions")),
        }
    }

    fn add_partitions(
        &self,
        relation: &Relation,
        if_not_exists: bool,
        partitions: &[(PartitionSpec, Option<String>)],
    ) -> Result<(), Diagnostic> {
        let mut new = Vec::with_capacity(partitions.len());
        for (spec, location) in partitions {
            let values = self.full_partition_values(relation, spec)?;
            let location = location.as_ref().map(|location| self.partition_folder(relation, location)).transpose()?;
            new.push(new_partition(relation, values, location));
        }
        for (place, partition) in new.iter().enumerate() {
            if new.iter().take(place).any(|other| other.name == partition.name) {
                return Err(mead_catalog::Error::DuplicatePartition(partition.name.clone()).into());
            }
            if !if_not_exists && self.engine.catalog.partition(relation.oid, &partition.name)?.is_some() {
                return Err(mead_catalog::Error::DuplicatePartition(partition.name.clone()).into());
            }
        }
        for folder in new.iter().filter_map(|partition| partition.location.as_ref()) {
            let io = |source| mead_storage::Error::Io { path: folder.clone(), source };
            std::fs::create_dir_all(folder).map_err(io)?;
            sync_folder(folder)?;
        }
        self.engine.catalog.add_partitions(relation.oid, &new, if_not_exists)?;
        Ok(())
    }

    /// Where a partition's files are said to be: below the table's folder, where the path is none of its own.
    pub(super) fn partition_folder(&self, relation: &Relation, location: &str) -> Result<PathBuf, Diagnostic> {
        let is_relative = !location.starts_with('/') && !location.contains(':');
        match (&relation.new.location, is_relative) {
            (Some(folder), true) if relation.new.kind == RelationKind::External => {
                self.resolve_path(&folder.join(location).display().to_string())
            }
            _ => self.resolve_path(location),
        }
    }

    fn drop_partitions(
        &self,
        relation: &Relation,
        if_exists: bool,
        choices: &[Vec<PartitionFilter>],
    ) -> Result<(), Diagnostic> {
        let all = self.engine.catalog.partitions(relation.oid, &[])?;
        let mut dropped: Vec<i64> = Vec::new();
        for filters in choices {
            let found = self.matching(relation, &all, filters)?;
            if found.is_empty() && !if_exists {
                let text: Vec<String> = filters
                    .iter()
                    .map(|filter| format!("{} {} {}", filter.column, filter.operator, filter.value))
                    .collect();
                return Err(mead_catalog::Error::UndefinedPartition(text.join(", ")).into());
            }
            dropped.extend(found.iter().map(|partition| partition.id));
        }
        dropped.sort_unstable();
        dropped.dedup();
        let unnamed = self.engine.catalog.drop_partitions(relation.oid, &dropped)?;
        if let Some(location) = &relation.new.location {
            remove_files(location, unnamed.into_iter().map(|path| location.join(path)).collect());
        }
        Ok(())
    }

    /// The partitions for which all comparisons are true.
    fn matching<'a>(
        &self,
        relation: &Relation,
        partitions: &'a [Partition],
        filters: &[PartitionFilter],
    ) -> Result<Vec<&'a Partition>, Diagnostic> {
        let mut found: Vec<&Partition> = partitions.iter().collect();
        for filter in filters {
            let columns = &relation.new.partitions;
            let Ok(place) = columns.index_of(&filter.column) else {
                return Err(Diagnostic::new(
                    sqlstate::UNDEFINED_COLUMN,
                    format!("\"{}\" is no partition column of table \"{}\"", filter.column, relation.new.name),
                ));
            };
            let field = columns.field(place);
            let wanted = self.partition_constant(field, &filter.value)?;
            let value = partition_value(field, wanted.as_deref())?;
            let mut kept = Vec::new();
            for partition in found {
                let text = partition.new.values.get(place).and_then(Option::as_deref);
                let own = partition_value(field, text)?;
                let is_true = match (own.is_null(), value.is_null()) {
                    // The partition of NULL is called by its name alone.
                    (true, true) => filter.operator == BinaryOperator::Eq,
                    (true, false) | (false, true) => filter.operator == BinaryOperator::NotEq,
                    (false, false) => own.partial_cmp(&value).is_some_and(|order| holds(&filter.operator, order)),
                };
                if is_true {
                    kept.push(partition);
                }
            }
            found = kept;
        }
        Ok(found)
    }

    fn rename_partition(
        &self,
        relation: &Relation,
        from: &PartitionSpec,
        to: &PartitionSpec,
    ) -> Result<(), Diagnostic> {
        let old = self.full_partition_values(relation, from)?;
        let name = name_of_partition(relation, &old);
        let Some(partition) = self.engine.catalog.partition(relation.oid, &name)? else {
            return Err(mead_catalog::Error::UndefinedPartition(name).into());
        };
        let mut new = partition.new.clone();
        new.values = self.full_partition_values(relation, to)?;
        new.name = name_of_partition(relation, &new.values);
        if new.name == partition.new.name {
            return Ok(());
        }
        if self.engine.catalog.partition(relation.oid, &new.name)?.is_some() {
            return Err(mead_catalog::Error::DuplicatePartition(new.name).into());
        }
        // A folder that has the partition's name is renamed too: the next partition of the old name would be put there.
        let root = relation.new.location.as_ref().filter(|_| relation.new.kind == RelationKind::External);
        let folders = root.and_then(|root| {
            let old = partition.new.location.clone().filter(|old| *old == root.join(&partition.new.name))?;
            Some((old, root.join(&new.name)))
        });
        let Some((old_folder, new_folder)) = folders else {
            return Ok(self.engine.catalog.alter_partitions(relation.oid, &[(partition, new)])?);
        };
        new.location = Some(new_folder.clone());
        let is_moved = old_folder.exists();
        if is_moved {
            rename_folder(&old_folder, &new_folder)?;
        }
        let altered = self.engine.catalog.alter_partitions(relation.oid, &[(partition, new)]);
        if altered.is_err() && is_moved {
            rename_folder(&new_folder, &old_folder)?;
        }
        Ok(altered?)
    }
}

fn rename_folder(from: &Path, to: &Path) -> Result<(), Diagnostic> {
    let io = |source| mead_storage::Error::Io { path: to.to_owned(), source };
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).map_err(io)?;
    }
    std::fs::rename(from, to).map_err(|error| match error.kind() {
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Diagnostic::new(
            sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("folder \"{}\" exists, and is not empty", to.display()),
        ),
        _ => io(error).into(),
    })?;
    for parent in [from.parent(), to.parent()].into_iter().flatten() {
        sync_folder(parent)?;
    }
    Ok(())
}

fn holds(operator: &BinaryOperator, order: Ordering) -> bool {
    match operator {
        BinaryOperator::Eq => order == Ordering::Equal,
        BinaryOperator::NotEq => order != Ordering::Equal,
        BinaryOperator::Lt => order == Ordering::Less,
        BinaryOperator::LtEq => order != Ordering::Greater,
        BinaryOperator::Gt => order == Ordering::Greater,
        BinaryOperator::GtEq => order != Ordering::Less,
        _ => false,
    }
}
