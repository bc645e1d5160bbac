//! TRUNCATE.

use std::path::Path;

use mead_catalog::{Publication, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::Truncate;
use mead_storage::{remove_files, sync_folder};

use super::super::Runner;
use super::relation::{TableKind, table_kind};
use crate::session::Execution;

impl Runner {
    pub(super) async fn truncate(&self, truncate: &Truncate) -> Result<Execution, Diagnostic> {
        for name in &truncate.tables {
            let relation = self.table_named(name)?;
            match table_kind(&relation) {
                TableKind::Delta if truncate.partition.0.is_empty() => self.truncate_managed(name).await?,
                TableKind::Delta => {
                    let message = format!("table \"{}\" is not partitioned", relation.new.name);
                    return Err(Diagnostic::new(sqlstate::WRONG_OBJECT_TYPE, message));
                }
                TableKind::Hive if relation.new.kind == RelationKind::Managed || truncate.force => {
                    self.truncate_files(&relation, truncate)?;
                }
                TableKind::Hive | TableKind::Files => {
                    return Err(Diagnostic::new(
                        sqlstate::WRONG_OBJECT_TYPE,
                        format!("cannot truncate external table \"{}\"", relation.new.name),
                    )
                    .with_hint("TRUNCATE TABLE … FORCE removes the files of external tables in Hive's formats"));
                }
            }
        }
        Ok(Execution::done("TRUNCATE TABLE"))
    }

    fn truncate_files(&self, relation: &Relation, truncate: &Truncate) -> Result<(), Diagnostic> {
        let location = relation.new.location.clone().unwrap_or_default();
        let is_partitioned = !relation.new.partitions.fields().is_empty();
        let partitions = match (is_partitioned, truncate.partition.0.is_empty()) {
            (false, true) => Vec::new(),
            (true, true) => self.engine.catalog.partitions(relation.oid, &[])?,
            _ => self.partitions_of(relation, &truncate.partition)?,
        };
        let outside = partitions.iter().find(|partition| partition.new.location.is_some());
        if let Some(partition) = outside.filter(|_| !truncate.force) {
            return Err(Diagnostic::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("cannot truncate partition \"{}\" of table \"{}\"", partition.new.name, relation.new.name),
            )
            .with_detail("it has a LOCATION of its own, whose files may be somebody else's")
            .with_hint("TRUNCATE TABLE … FORCE removes them"));
        }
        let mut folders: Vec<_> = partitions.iter().filter_map(|partition| partition.new.location.clone()).collect();
        if relation.new.kind == RelationKind::Managed {
            let publication = Publication {
                replaces_all: !is_partitioned,
                replaces: partitions.into_iter().map(|partition| partition.new.name).collect(),
                ..Publication::default()
            };
            let unnamed = self.engine.catalog.publish_files(relation, &publication)?;
            remove_files(&location, unnamed.into_iter().map(|path| location.join(path)).collect());
        } else if !is_partitioned {
            folders.push(location);
        }
        // Folders of somebody else's lose their files one by one, when nothing can be refused any more.
        folders.iter().try_for_each(|folder| empty(folder))
    }
}

/// Removes the files that a reader of the folder would read.
fn empty(folder: &Path) -> Result<(), Diagnostic> {
    for file in mead_storage::hive::files_below(folder)? {
        let io = |source| mead_storage::Error::Io { path: file.path.clone(), source };
        std::fs::remove_file(&file.path).map_err(io)?;
    }
    if folder.is_dir() {
        sync_folder(folder)?;
    }
    Ok(())
}
