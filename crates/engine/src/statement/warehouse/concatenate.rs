//! ALTER TABLE … CONCATENATE: the rows of a table or partition in as few files as they are written in now.
//!
//! Exactly the files that were read are replaced: those that come meanwhile stay, and where one went meanwhile, nothing is
//! replaced.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use mead_catalog::{NewRelation, Partition, Publication, PublishedFile, Relation, RelationKind, TableFile};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::PartitionSpec;
use mead_storage::hive::{
    DataFile, HiveTable, Leftovers, PartitionFiles, PartitionFolders, PartitionSource, Place, Serde, TableFormat,
    files_below, sync_folders,
};
use mead_storage::{Error, Lease, remove_files, replace_folder, sync_folder, temporary_beside};

use super::super::Runner;
use super::insert::WrittenRows;
use super::partition::name_of_partition;

impl Runner {
    /// Writes the rows anew. Of files of text there may be more in them than their rows tell, so that they stay.
    pub(super) async fn concatenate(
        &self,
        relation: &Relation,
        partition: Option<&PartitionSpec>,
    ) -> Result<(), Diagnostic> {
        let partition = self.partition_to_concatenate(relation, partition)?;
        let format = match &partition {
            Some(partition) => relation.partition_format(partition)?,
            None => relation.table_format()?,
        };
        if !matches!(format.serde, Serde::Avro | Serde::Orc | Serde::Parquet) {
            return Err(Diagnostic::unsupported(format!(
                "ALTER TABLE … CONCATENATE is not supported for table \"{}\"",
                relation.new.name
            ))
            .with_hint("the files of tables stored as ORC, PARQUET or AVRO can be concatenated"));
        }
        let location = relation.new.location.clone().unwrap_or_default();
        let folder = match &partition {
            Some(partition) => partition.new.location.clone(),
            None => (relation.new.kind == RelationKind::External).then(|| location.clone()),
        };
        match folder {
            Some(folder) => self.concatenate_folder(relation, partition.as_ref(), format, &folder).await,
            None => self.concatenate_named(relation, partition.as_ref(), format, &location).await,
        }
    }

    /// `None` for a table that has no partition columns.
    fn partition_to_concatenate(
        &self,
        relation: &Relation,
        spec: Option<&PartitionSpec>,
    ) -> Result<Option<Partition>, Diagnostic> {
        let Some(spec) = spec else {
            return match relation.new.partitions.fields().is_empty() {
                true => Ok(None),
                false => Err(Diagnostic::new(
                    sqlstate::SYNTAX_ERROR,
                    format!("table \"{}\" is partitioned: name the partition", relation.new.name),
                )),
            };
        };
        let name = name_of_partition(relation, &self.full_partition_values(relation, spec)?);
        match self.engine.catalog.partition(relation.oid, &name)? {
            Some(partition) => Ok(Some(partition)),
            None => Err(mead_catalog::Error::UndefinedPartition(name).into()),
        }
    }

    /// Files that the metastore names.
    async fn concatenate_named(
        &self,
        relation: &Relation,
        partition: Option<&Partition>,
        format: TableFormat,
        location: &Path,
    ) -> Result<(), Diagnostic> {
        let _lease = Lease::take(location);
        let id = partition.map_or(0, |partition| partition.id);
        let old = self.engine.catalog.files(relation.oid, Some(&[id]))?;
        if old.len() < 2 {
            return Ok(());
        }
        let one = |file: &TableFile| DataFile { path: location.join(&file.path), bytes: file.bytes, rows: file.rows };
        let read: Vec<DataFile> = old.iter().map(one).collect();
        let folder = partition.map_or_else(|| location.to_owned(), |partition| location.join(&partition.new.name));
        let written = self.written_anew(relation, partition, format, read, &folder).await?;
        let mut publication = Publication { replaces_files: old, ..Publication::default() };
        for file in &written.files {
            let below = file.path.strip_prefix(location).unwrap_or(&file.path);
            let path = below.to_str().ok_or_else(|| mead_catalog::Error::NotUnicode(file.path.clone()))?;
            publication.files.push(PublishedFile {
                partition: partition.map(|partition| partition.new.name.clone()),
                path: path.to_owned(),
                bytes: file.bytes,
                rows: file.rows,
            });
        }
        sync_folders(&folder, location)?;
        let unnamed = self.engine.catalog.publish_files(relation, &publication)?;
        written.keep();
        remove_files(location, unnamed.into_iter().map(|path| location.join(path)).collect());
        Ok(())
    }

    /// Files of somebody else's folder. The new ones take its place at once; what else was in it comes back.
    async fn concatenate_folder(
        &self,
        relation: &Relation,
        partition: Option<&Partition>,
        format: TableFormat,
        folder: &Path,
    ) -> Result<(), Diagnostic> {
        let old = files_below(folder)?;
        if old.len() < 2 {
            return Ok(());
        }
        let staging = temporary_beside(folder);
        let mut leftovers = Leftovers::default();
        leftovers.folder(staging.clone());
        let written = self.written_anew(relation, partition, format, old.clone(), &staging).await?;
        std::fs::create_dir_all(&staging).map_err(|source| Error::Io { path: staging.clone(), source })?;
        sync_folder(&staging)?;
        replace_folder(&staging, folder)?;
        // From here on the staging folder has what was there.
        leftovers.keep();
        written.keep();
        let moved = |file: &DataFile| Some(staging.join(file.path.strip_prefix(folder).ok()?));
        let is_there = |file: &DataFile| {
            moved(file).and_then(|path| path.metadata().ok()).is_some_and(|there| there.len() == file.bytes)
        };
        if !old.iter().all(is_there) {
            replace_folder(&staging, folder)?;
            std::fs::remove_dir_all(&staging).map_err(|source| Error::Io { path: staging.clone(), source })?;
            return Err(mead_catalog::Error::ChangedMeanwhile.into());
        }
        for path in old.iter().filter_map(moved) {
            std::fs::remove_file(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
        }
        bring_back(&staging, folder)?;
        sync_folder(folder)?;
        Ok(())
    }

    /// The rows of files in new files, which have the same columns.
    async fn written_anew(
        &self,
        relation: &Relation,
        partition: Option<&Partition>,
        format: TableFormat,
        files: Vec<DataFile>,
        folder: &Path,
    ) -> Result<WrittenRows, Diagnostic> {
        let columns = partition.and_then(|partition| partition.new.columns.clone());
        let columns = columns.unwrap_or_else(|| Arc::clone(&relation.new.columns));
        let table = HiveTable::new(
            relation.new.name.clone(),
            Arc::clone(&columns),
            Arc::new(Schema::empty()),
            format.clone(),
            Arc::new(Listed(files)),
            None,
        );
        let plan = LogicalPlanBuilder::scan(relation.new.name.as_str(), provider_as_source(Arc::new(table)), None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(|error| self.report(&error))?;
        let plan = self.state.create_physical_plan(&plan).await.map_err(|error| self.report(&error))?;
        let values = partition.map(|partition| partition.new.values.clone()).unwrap_or_default();
        let own = NewRelation { columns, ..relation.new.clone() };
        let mut target = OneFolder(folder.to_owned(), format);
        self.write_rows(&own, plan, values.into_iter().map(Some).collect(), &mut target).await
    }
}

/// Moves all that a folder has into another one, and removes it.
fn bring_back(from: &Path, to: &Path) -> Result<(), Diagnostic> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    for entry in std::fs::read_dir(from).map_err(io(from))? {
        let path = entry.map_err(io(from))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() && (target.exists() || std::fs::read_dir(&path).map_err(io(&path))?.next().is_none()) {
            bring_back(&path, &target)?;
        } else {
            std::fs::rename(&path, &target).map_err(io(&path))?;
        }
    }
    std::fs::remove_dir(from).map_err(io(from))?;
    Ok(())
}

/// Files that were listed before.
#[derive(Debug)]
struct Listed(Vec<DataFile>);

impl PartitionSource for Listed {
    fn find(&self, _: &[Option<Vec<Option<String>>>]) -> Result<Vec<PartitionFiles>, Diagnostic> {
        let place = Place::Files(self.0.clone());
        let (values, name) = (Vec::new(), String::new());
        Ok(vec![PartitionFiles { values, name, place, format: None, columns: None, rows: None }])
    }
}

/// Where all rows go.
struct OneFolder(PathBuf, TableFormat);

impl PartitionFolders for OneFolder {
    fn folder(&mut self, _: &str, _: &[Option<String>]) -> Result<(PathBuf, TableFormat), Error> {
        Ok((self.0.clone(), self.1.clone()))
    }
}
