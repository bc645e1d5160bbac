//! The files that a statement adds to a table: one after the other, each of one partition.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::partition;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use mead_common::{Diagnostic, sqlstate};

use super::format::TableFormat;
use super::partition_name::partition_name;
use super::partitions::text_at;
use super::writer::{HiveWriter, WrittenFile};
use crate::Error;

/// Says where the files of a partition go, and in which format, by its name and values; for a table without partition columns
/// both are empty.
pub trait PartitionFolders {
    fn folder(&mut self, name: &str, values: &[Option<String>]) -> Result<(PathBuf, TableFormat), Error>;
}

/// A file of a partition.
#[derive(Debug, Clone)]
pub struct PartitionFile {
    /// The partition's name.
    pub partition: String,
    pub file: WrittenFile,
}

/// See the module's documentation. Rows come sorted by their partitions: one file is open at a time, so that memory does not
/// grow with the number of partitions. Rows of a partition that was left already begin another file.
pub struct TableWriter {
    /// The columns of the files.
    columns: SchemaRef,
    partition_columns: SchemaRef,
    /// The value of each partition column that is not read from the rows.
    fixed: Vec<Option<Option<String>>>,
    open: Option<(String, HiveWriter)>,
    finished: Vec<PartitionFile>,
    leftovers: Leftovers,
}

impl TableWriter {
    /// `fixed` has the values of the partition columns that are the same for all rows; the others' come behind the columns of the
    /// files in each batch.
    pub fn new(columns: SchemaRef, partition_columns: SchemaRef, fixed: Vec<Option<Option<String>>>) -> Self {
        Self { columns, partition_columns, fixed, open: None, finished: Vec::new(), leftovers: Leftovers::default() }
    }

    pub fn write(&mut self, batch: &RecordBatch, folders: &mut dyn PartitionFolders) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let count = self.columns.fields().len();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let arrays: Vec<ArrayRef> = batch.columns().iter().take(count).cloned().collect();
        self.check_nulls(&arrays)?;
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.columns), arrays, &options)
            .map_err(DataFusionError::from)?;
        let keys: Vec<ArrayRef> = batch.columns().iter().skip(count).cloned().collect();
        if keys.is_empty() {
            return self.write_partition(&rows, &keys, 0, folders);
        }
        for range in partition(&keys).map_err(DataFusionError::from)?.ranges() {
            let slice = rows.slice(range.start, range.end - range.start);
            self.write_partition(&slice, &keys, range.start, folders)?;
        }
        Ok(())
    }

    /// Writes rows of one partition, whose key is that of `row`.
    fn write_partition(
        &mut self,
        rows: &RecordBatch,
        keys: &[ArrayRef],
        row: usize,
        folders: &mut dyn PartitionFolders,
    ) -> Result<(), Error> {
        let mut dynamic = keys.iter();
        let mut values = Vec::with_capacity(self.fixed.len());
        for fixed in &self.fixed {
            values.push(match fixed {
                Some(fixed) => fixed.clone(),
                None => match dynamic.next() {
                    Some(key) => text_at(key, row)?,
                    None => return Err(Diagnostic::internal("a partition column without values").into()),
                },
            });
        }
        let names = self.partition_columns.fields().iter().map(|field| field.name().as_str());
        let name = partition_name(names, &values);
        if self.open.as_ref().is_none_or(|(open, _)| *open != name) {
            self.close()?;
            let (folder, format) = folders.folder(&name, &values)?;
            std::fs::create_dir_all(&folder).map_err(|source| Error::io(&folder, source))?;
            let path = folder.join(new_file_name(&format));
            self.leftovers.file(path.clone());
            self.open = Some((name, HiveWriter::create(path, &format, &self.columns)?));
        }
        match &mut self.open {
            Some((_, writer)) => writer.write(rows),
            None => Ok(()),
        }
    }

    fn check_nulls(&self, arrays: &[ArrayRef]) -> Result<(), Error> {
        for (field, array) in self.columns.fields().iter().zip(arrays) {
            if !field.is_nullable() && array.null_count() > 0 {
                let message = format!("null value in column \"{}\" violates not-null constraint", field.name());
                return Err(Diagnostic::new(sqlstate::NOT_NULL_VIOLATION, message).into());
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        if let Some((partition, writer)) = self.open.take() {
            self.finished.push(PartitionFile { partition, file: writer.finish()? });
        }
        Ok(())
    }

    /// Ends the last file. All files are on disk then; their folders are not, which [`sync_folders`] sees to.
    pub fn finish(mut self) -> Result<(Vec<PartitionFile>, Leftovers), Error> {
        self.close()?;
        Ok((self.finished, self.leftovers))
    }
}

/// A name that no other file has.
fn new_file_name(format: &TableFormat) -> String {
    let unique = uuid::Uuid::new_v4().simple();
    match format.serde.extension() {
        Some(extension) => format!("part-{unique}.{extension}"),
        None => format!("part-{unique}"),
    }
}

/// Files and folders that go when this does, unless they are kept: of a statement that did not end well.
#[derive(Debug, Default)]
pub struct Leftovers {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Leftovers {
    pub fn file(&mut self, path: PathBuf) {
        self.files.push(path);
    }

    pub fn folder(&mut self, path: PathBuf) {
        self.folders.push(path);
    }

    /// Nothing is removed.
    pub fn keep(&mut self) {
        self.files.clear();
        self.folders.clear();
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        let removed = self.files.iter().map(|path| (path, std::fs::remove_file(path)));
        let removed = removed.chain(self.folders.iter().map(|path| (path, std::fs::remove_dir_all(path))));
        for (path, result) in removed {
            if let Err(error) = result
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, path = %path.display(), "what a failed statement wrote could not be removed");
            }
        }
    }
}

/// Waits until the entries of a folder are on disk, and those of the folders above it up to `root`.
pub fn sync_folders(folder: &Path, root: &Path) -> Result<(), Error> {
    for folder in folder.ancestors() {
        crate::sync_folder(folder)?;
        if folder == root || !folder.starts_with(root) {
            break;
        }
    }
    Ok(())
}
