//! LOAD DATA: files become a table's as they are.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use mead_catalog::{NewRelation, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{InsertTarget, LoadData};
use mead_storage::Error;
use mead_storage::hive::{Leftovers, Serde, TableFormat};

use super::super::Runner;
use super::destination::{Destination, NewFile};
use super::insert::{TableInsert, dynamic_columns};
use super::partition::name_of_partition;
use super::wildcard::file_fits;
use crate::session::Execution;

impl Runner {
    /// LOCAL copies the files; without it they are moved, as in Hive.
    pub(super) async fn load_data(&self, load: &LoadData) -> Result<Execution, Diagnostic> {
        let relation = self.hive_table_named(&load.table, "LOAD DATA")?;
        if self.partition_values(&relation, &load.partition)?.iter().any(Option::is_none) {
            return self.load_dynamically(load, &relation).await;
        }
        let values = self.full_partition_values(&relation, &load.partition)?;
        let name = name_of_partition(&relation, &values);
        let sources = self.files_to_load(&load.path)?;
        self.check_not_own(&relation, &name, &sources)?;
        let mut destination = Destination::new(&self.engine.catalog, &relation, load.overwrite)?;
        let (folder, format) = destination.open(&name, &values)?;
        std::fs::create_dir_all(&folder).map_err(|source| Error::Io { path: folder.clone(), source })?;
        let mut copied = Leftovers::default();
        let mut files = Vec::new();
        for source in &sources {
            check_format(source, &format)?;
            let path = folder.join(unique_name(source));
            copied.file(path.clone());
            let bytes = copy(source, &path)?;
            files.push(NewFile { partition: name.clone(), path, bytes, rows: None });
        }
        destination.publish(&files)?;
        copied.keep();
        self.moved(load, &sources);
        Ok(Execution::done("LOAD DATA"))
    }

    /// Files whose rows tell their partitions, in columns behind the others: they are read and inserted, as in Hive 3.
    async fn load_dynamically(&self, load: &LoadData, relation: &Relation) -> Result<Execution, Diagnostic> {
        let sources = self.files_to_load(&load.path)?;
        self.check_not_own(relation, "", &sources)?;
        let fixed = self.partition_values(relation, &load.partition)?;
        let dynamic = dynamic_columns(relation, &fixed);
        let columns: Vec<_> = relation.new.columns.fields().iter().chain(&dynamic).cloned().collect();
        let mut plans = Vec::new();
        for source in &sources {
            let files = NewRelation {
                kind: RelationKind::External,
                columns: Arc::new(Schema::new(columns.clone())),
                partitions: Arc::new(Schema::empty()),
                location: Some(source.clone()),
                ..relation.new.clone()
            };
            let provider = self.engine.catalog.files_of(Relation { new: files, ..relation.clone() })?;
            plans.push(LogicalPlanBuilder::scan("files", provider_as_source(provider), None));
        }
        let report = |error| self.report(&error);
        let mut plans = plans.into_iter();
        let first = plans.next().ok_or_else(|| Diagnostic::internal("no files to load"))?;
        let rows = plans.try_fold(first.map_err(report)?, |rows, next| {
            next.and_then(|next| next.build()).and_then(|next| rows.union(next)).map_err(report)
        })?;
        let target = InsertTarget {
            table: load.table.clone(),
            overwrite: load.overwrite,
            partition: load.partition.clone(),
            if_not_exists: false,
            columns: Vec::new(),
        };
        let insert = self.fit_to_table(rows.build().map_err(report)?, &target)?;
        let plan = self.state.create_physical_plan(&insert.plan).await.map_err(report)?;
        self.run_table_insert(TableInsert::Files { insert: Box::new(insert), target }, plan).await?.publish()?;
        self.moved(load, &sources);
        Ok(Execution::done("LOAD DATA"))
    }

    /// Without LOCAL the files are the table's now. It has their rows: what happens here is no failure any more.
    fn moved(&self, load: &LoadData, sources: &[PathBuf]) {
        for source in sources.iter().filter(|_| !load.local) {
            match std::fs::remove_file(source) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    self.notice(format!("file \"{}\" was loaded, but not removed: {error}", source.display()));
                }
                _ => {}
            }
        }
    }

    /// Files that are the target's already cannot be loaded into it: they would be there twice, or go with what is replaced.
    fn check_not_own(&self, relation: &Relation, partition: &str, sources: &[PathBuf]) -> Result<(), Diagnostic> {
        let known = match partition.is_empty() {
            true => None,
            false => self.engine.catalog.partition(relation.oid, partition)?,
        };
        let below = relation.new.location.as_ref().map(|folder| folder.join(partition));
        let target = known.and_then(|partition| partition.new.location).or(below);
        let managed = relation.new.location.clone().filter(|_| relation.new.kind == RelationKind::Managed);
        for folder in target.into_iter().chain(managed) {
            // As the sources are, with links followed.
            let folder = folder.canonicalize().unwrap_or(folder);
            let is_own = |source: &&PathBuf| source.canonicalize().is_ok_and(|source| source.starts_with(&folder));
            if let Some(source) = sources.iter().find(is_own) {
                return Err(Diagnostic::new(
                    sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                    format!("file \"{}\" lies in the folder that it is to be loaded into", source.display()),
                ));
            }
        }
        Ok(())
    }

    /// The file, the files of the folder, or the files whose names fit a pattern of `*` and `?`.
    fn files_to_load(&self, location: &str) -> Result<Vec<PathBuf>, Diagnostic> {
        let (folder, pattern) = match location.rsplit_once('/') {
            Some((folder, name)) if name.contains(['*', '?']) => (folder, Some(name)),
            _ => (location, None),
        };
        let path = self.resolve_path(folder)?;
        let io = |source| Error::Io { path: path.clone(), source };
        let metadata = std::fs::metadata(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::Missing(path.display().to_string()),
            _ => io(error),
        })?;
        if metadata.is_file() {
            return Ok(vec![path]);
        }
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(io)? {
            let entry = entry.map_err(io)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let fits = pattern.is_none_or(|pattern| file_fits(pattern, &name));
            if !fits || name.starts_with(['.', '_']) {
                continue;
            }
            // A link in the folder may lead out of what the user may reach.
            let file = self.resolve_path(&entry.path().to_string_lossy())?;
            if file.is_dir() {
                return Err(Diagnostic::new(
                    sqlstate::WRONG_OBJECT_TYPE,
                    format!("\"{}\" is a folder, and LOAD DATA reads files", file.display()),
                ));
            }
            files.push(file);
        }
        files.sort();
        match files.is_empty() {
            true => Err(Error::Missing(location.to_owned()).into()),
            false => Ok(files),
        }
    }
}

/// Hive's test for formats that it would fail to read afterwards.
fn check_format(file: &Path, format: &TableFormat) -> Result<(), Diagnostic> {
    let magic: &[u8] = match format.serde {
        Serde::Avro => b"Obj\x01",
        Serde::Orc => b"ORC",
        Serde::Parquet => b"PAR1",
        Serde::Json | Serde::LazySimple | Serde::OpenCsv | Serde::Regex => return Ok(()),
    };
    let mut begin = vec![0; magic.len()];
    let read = File::open(file).and_then(|mut open| std::io::Read::read_exact(&mut open, &mut begin));
    match read {
        Ok(()) if begin == magic => Ok(()),
        Err(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
            Err(Error::Io { path: file.to_owned(), source }.into())
        }
        _ => Err(Diagnostic::new(
            sqlstate::BAD_COPY_FILE_FORMAT,
            format!("file \"{}\" is not in the table's format, {}", file.display(), format.serde.format_name()),
        )),
    }
}

/// A name that begins as the file's and ends as it does, since its end tells how it is compressed.
fn unique_name(file: &Path) -> String {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let unique = uuid::Uuid::new_v4().simple();
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => format!("{stem}-{unique}.{extension}"),
        _ => format!("{name}-{unique}"),
    }
}

/// Copies a file, and waits until it is on disk. Gives its length.
fn copy(from: &Path, to: &Path) -> Result<u64, Diagnostic> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    let mut source = File::open(from).map_err(io(from))?;
    let mut target = File::create_new(to).map_err(io(to))?;
    let bytes = std::io::copy(&mut source, &mut target).map_err(io(to))?;
    target.sync_all().map_err(io(to))?;
    Ok(bytes)
}
