//! MSCK: the metastore's partitions brought to what the folders have.

use std::path::{Path, PathBuf};

use mead_catalog::{NewPartition, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::Msck;
use mead_storage::hive::{partition_text, partition_value, partition_values};

use super::super::Runner;
use super::partition::new_partition;
use super::relation::{TableKind, table_kind};
use crate::session::Execution;

/// How many partitions are told by name.
const NAMED_MAX: usize = 20;

impl Runner {
    pub(super) fn msck(&self, msck: &Msck) -> Result<Execution, Diagnostic> {
        let relation = self.table_named(&msck.table)?;
        self.repair(&relation, msck.repair, msck.add, msck.drop)?;
        Ok(Execution::done("MSCK"))
    }

    /// Adds partitions whose folders are there, and drops those whose folders are gone; or only tells of them.
    pub(super) fn repair(&self, relation: &Relation, repair: bool, add: bool, drop: bool) -> Result<(), Diagnostic> {
        let columns = relation.new.partitions.fields();
        // What a managed table has, the metastore alone knows.
        let is_listed = table_kind(relation) == TableKind::Hive && relation.new.kind == RelationKind::External;
        let Some(location) = relation.new.location.as_ref().filter(|_| is_listed && !columns.is_empty()) else {
            return Ok(());
        };
        let known = self.engine.catalog.partitions(relation.oid, &[])?;
        let mut found = Vec::new();
        if location.exists() {
            let names: Vec<&str> = columns.iter().map(|field| field.name().as_str()).collect();
            partition_folders(location, &names, &mut Vec::new(), &mut found)?;
        }
        let mut new = Vec::new();
        let names: std::collections::HashSet<&str> =
            known.iter().map(|partition| partition.new.name.as_str()).collect();
        for (folder, texts) in found {
            let partition = self.found_partition(relation, folder, texts)?;
            if !names.contains(partition.name.as_str()) {
                new.push(partition);
            }
        }
        let gone: Vec<_> = known
            .iter()
            .filter(|partition| partition.new.location.as_ref().is_some_and(|folder| !folder.exists()))
            .collect();
        self.tell("not in the metastore", new.iter().map(|partition| partition.name.as_str()));
        self.tell("missing on the file system", gone.iter().map(|partition| partition.new.name.as_str()));
        if repair && add {
            self.engine.catalog.add_partitions(relation.oid, &new, true)?;
        }
        if repair && drop {
            let ids: Vec<i64> = gone.iter().map(|partition| partition.id).collect();
            self.engine.catalog.drop_partitions(relation.oid, &ids)?;
        }
        Ok(())
    }

    fn found_partition(
        &self,
        relation: &Relation,
        folder: PathBuf,
        texts: Vec<Option<String>>,
    ) -> Result<NewPartition, Diagnostic> {
        let mut values = Vec::with_capacity(texts.len());
        for (field, text) in relation.new.partitions.fields().iter().zip(texts) {
            let value = partition_value(field, text.as_deref()).map_err(|error| {
                let report = Diagnostic::from(error);
                report.with_detail(format!("folder \"{}\"", folder.display()))
            })?;
            values.push(partition_text(&value)?);
        }
        Ok(new_partition(relation, values, Some(folder)))
    }

    fn tell<'a>(&self, what: &str, names: impl ExactSizeIterator<Item = &'a str>) {
        let count = names.len();
        if count == 0 {
            return;
        }
        let shown: Vec<&str> = names.take(NAMED_MAX).collect();
        let more = if count > shown.len() { format!(" and {} more", count - shown.len()) } else { String::new() };
        self.notice(format!("partitions {what}: {}{more}", shown.join(", ")));
    }
}

/// The folders that are partitions, below `folder`, with their values' texts.
fn partition_folders(
    folder: &Path,
    columns: &[&str],
    above: &mut Vec<Option<String>>,
    found: &mut Vec<(PathBuf, Vec<Option<String>>)>,
) -> Result<(), Diagnostic> {
    let Some((column, below)) = columns.split_first() else {
        found.push((folder.to_owned(), above.clone()));
        return Ok(());
    };
    let io = |source| mead_storage::Error::Io { path: folder.to_owned(), source };
    let mut entries: Vec<_> = std::fs::read_dir(folder).map_err(io)?.collect::<Result<_, _>>().map_err(io)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(['.', '_']) || !entry.path().is_dir() {
            continue;
        }
        let value = match partition_values(&name).as_deref() {
            Some([(own, value)]) if own == column => value.clone(),
            _ => {
                return Err(Diagnostic::new(
                    sqlstate::INVALID_NAME,
                    format!("folder \"{}\" is no partition", entry.path().display()),
                )
                .with_hint(format!("folders there are called {column}=value")));
            }
        };
        above.push(value);
        partition_folders(&entry.path(), below, above, found)?;
        above.pop();
    }
    Ok(())
}
