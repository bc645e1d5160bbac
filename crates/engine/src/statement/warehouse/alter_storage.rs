//! ALTER TABLE … SET FILEFORMAT, SERDE, SERDEPROPERTIES and LOCATION, and the layout in buckets.
//!
//! As in Hive a partition has the format that the table had when it was made: what changes later is for new partitions.

use mead_catalog::{HiveStorage, NewRelation, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{AlterTableAction, PartitionSpec};
use mead_storage::hive::Serde;

use super::super::Runner;
use super::relation::{TableKind, table_kind};
use super::storage::{add_layout, check_layout, hive_storage};

impl Runner {
    pub(super) fn alter_storage(
        &self,
        relation: &Relation,
        partition: Option<&PartitionSpec>,
        action: &AlterTableAction,
    ) -> Result<(), Diagnostic> {
        let Some(table) = relation.new.storage.as_ref().filter(|_| table_kind(relation) == TableKind::Hive) else {
            return Err(Diagnostic::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("table \"{}\" is not in one of Hive's formats", relation.new.name),
            ));
        };
        if let AlterTableAction::SetLocation(location) = action {
            return self.set_location(relation, partition, location);
        }
        match action {
            AlterTableAction::Buckets(buckets) => check_layout(&relation.new.columns, buckets.as_ref(), None)?,
            AlterTableAction::Skew(skew) => check_layout(&relation.new.columns, None, skew.as_ref())?,
            _ => {}
        }
        if let Some(spec) = partition {
            return self.alter_each(relation, spec, |partition| {
                let mut storage = partition.storage.clone().unwrap_or_else(|| table.clone());
                change(&mut storage, action)?;
                let new = NewRelation { storage: Some(storage.clone()), ..relation.new.clone() };
                let whole = Relation { oid: relation.oid, created_at: relation.created_at, new };
                whole.table_format()?.validate(partition.columns.as_ref().unwrap_or(&relation.new.columns))?;
                partition.storage = Some(storage);
                Ok(())
            });
        }
        let mut storage = table.clone();
        change(&mut storage, action)?;
        let new = NewRelation {
            format: Some(Serde::of_class(&storage.serde)?.format_name().to_owned()),
            storage: Some(storage),
            ..relation.new.clone()
        };
        let whole = Relation { oid: relation.oid, created_at: relation.created_at, new: new.clone() };
        whole.table_format()?.validate(&new.columns)?;
        let mut kept = Vec::new();
        for partition in self.engine.catalog.partitions(relation.oid, &[])? {
            if partition.new.storage.is_none() {
                let mut own = partition.new.clone();
                own.storage = Some(table.clone());
                kept.push((partition, own));
            }
        }
        Ok(self.engine.catalog.alter_with_partitions(relation, &new, &kept)?)
    }

    fn set_location(
        &self,
        relation: &Relation,
        partition: Option<&PartitionSpec>,
        location: &str,
    ) -> Result<(), Diagnostic> {
        if relation.new.kind != RelationKind::External {
            let what = if partition.is_some() { "partitions of table" } else { "table" };
            return Err(Diagnostic::unsupported(format!(
                "the location of {what} \"{}\" cannot be changed",
                relation.new.name
            ))
            .with_detail("its files belong to the data directory")
            .with_hint("external tables lie where they are told to"));
        }
        let folder = self.partition_folder(relation, location)?;
        match partition {
            Some(spec) => self.alter_each(relation, spec, |partition| {
                partition.location = Some(folder.clone());
                Ok(())
            }),
            None => {
                let new = NewRelation { location: Some(folder), ..relation.new.clone() };
                Ok(self.engine.catalog.alter_relation(relation, &new)?)
            }
        }
    }
}

/// How files are laid out after an action.
fn change(storage: &mut HiveStorage, action: &AlterTableAction) -> Result<(), Diagnostic> {
    match action {
        AlterTableAction::SetFileFormat(format) => {
            let new = hive_storage(None, Some(format))?;
            let serde = Serde::of_class(&new.serde)?;
            // A format of text leaves it to the serde how lines are read.
            if !(serde.is_text() && Serde::of_class(&storage.serde)?.is_text() && serde != Serde::Json) {
                storage.serde = new.serde;
            }
            storage.input_format = new.input_format;
            storage.output_format = new.output_format;
        }
        AlterTableAction::SetSerde { class, properties } => {
            if let Some(class) = class {
                let serde = Serde::of_class(class)?;
                let files = Serde::of_input_format(&storage.input_format)?;
                if files.is_some_and(|files| files != serde) || (files.is_none() && !serde.is_text()) {
                    let name = class.rsplit('.').next().unwrap_or(class);
                    let of = files.map_or("TEXTFILE", Serde::format_name);
                    return Err(Diagnostic::unsupported(format!("serde {name} cannot read files stored as {of}"))
                        .with_hint("ALTER TABLE … SET FILEFORMAT changes both"));
                }
                storage.serde.clone_from(class);
            }
            storage.serde_properties.extend(properties.clone());
        }
        AlterTableAction::UnsetSerdeProperties(keys) => {
            keys.iter().for_each(|key| {
                storage.serde_properties.remove(key);
            });
        }
        AlterTableAction::Buckets(Some(buckets)) => add_layout(storage, Some(buckets), None),
        AlterTableAction::Buckets(None) => {
            storage.buckets = None;
            storage.bucket_columns.clear();
            storage.sort_columns.clear();
        }
        AlterTableAction::BucketCount(count) => storage.buckets = Some(*count),
        AlterTableAction::Skew(Some(skew)) => add_layout(storage, None, Some(skew)),
        AlterTableAction::Skew(None) => {
            storage.skewed_columns.clear();
            storage.skewed_values.clear();
        }
        _ => return Err(Diagnostic::internal("an action that changes no storage")),
    }
    Ok(())
}
