//! Where the files of an INSERT or LOAD DATA go, and how they become a table's: all at once, when they are on disk.
//!
//! Files of a table in the warehouse lie in its folder from the beginning, and nobody reads them before the metastore names
//! them. Files that go to a folder of somebody else's wait in a hidden folder, and are renamed; the metastore knows of it before,
//! so that a statement that fails, or is killed, leaves what was there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mead_catalog::{Catalog, NewRelation, Partition, Publication, PublishedFile, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_storage::hive::{Leftovers, PartitionFolders, TableFormat, sync_folders};
use mead_storage::{Error, Lease, Move, remove_files, sync_folder, temporary_beside};

use super::moves::Moves;
use super::partition::new_partition;

/// A file that waits to be published.
#[derive(Debug, Clone)]
pub(super) struct NewFile {
    pub partition: String,
    pub path: PathBuf,
    pub bytes: u64,
    pub rows: Option<u64>,
}

/// See the module's documentation.
pub(super) struct Destination {
    catalog: Arc<Catalog>,
    relation: Relation,
    location: PathBuf,
    overwrite: bool,
    /// The metastore has no entry of the table yet.
    is_new: bool,
    slots: BTreeMap<String, Slot>,
    /// Keeps the table's folder where it is.
    _lease: Option<Lease>,
    leftovers: Leftovers,
    /// The folder below the table's in which files wait that are to be renamed.
    waiting: Option<PathBuf>,
    /// What the metastore knows of the folders in which files wait.
    notes: Vec<Moves>,
}

/// One partition that gets files; or all of a table without partition columns.
struct Slot {
    values: Vec<Option<String>>,
    /// What the metastore has already.
    known: Option<Partition>,
    format: TableFormat,
    place: Place,
}

enum Place {
    /// A folder below the table's, whose files the metastore names.
    Named(PathBuf),
    /// Somebody else's folder, and where its new files wait.
    Folder { target: PathBuf, staging: PathBuf },
}

impl Destination {
    pub(super) fn new(catalog: &Arc<Catalog>, relation: &Relation, overwrite: bool) -> Result<Self, Diagnostic> {
        let location = relation.new.location.clone();
        let location = location.ok_or_else(|| Diagnostic::internal("a table of files without a location"))?;
        if location.is_file() {
            return Err(Diagnostic::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("the location of table \"{}\" is one file", relation.new.name),
            )
            .with_hint("rows can be added to tables whose LOCATION is a folder"));
        }
        let is_managed = relation.new.kind == RelationKind::Managed;
        Ok(Self {
            catalog: Arc::clone(catalog),
            relation: relation.clone(),
            _lease: is_managed.then(|| Lease::take(&location)),
            location,
            overwrite,
            is_new: false,
            slots: BTreeMap::new(),
            leftovers: Leftovers::default(),
            waiting: None,
            notes: Vec::new(),
        })
    }

    /// For a table that is made with its rows.
    pub(super) fn of_new(catalog: &Arc<Catalog>, relation: &NewRelation) -> Result<Self, Diagnostic> {
        let relation = Relation { oid: 0, created_at: 0, new: relation.clone() };
        Ok(Self { is_new: true, ..Self::new(catalog, &relation, false)? })
    }

    /// True where the partition is there already.
    pub(super) fn has_partition(&self, name: &str) -> Result<bool, Diagnostic> {
        Ok(self.known(name)?.is_some())
    }

    fn known(&self, name: &str) -> Result<Option<Partition>, Diagnostic> {
        match self.is_new {
            true => Ok(None),
            false => Ok(self.catalog.partition(self.relation.oid, name)?),
        }
    }

    /// Notes a partition that is to be there afterwards, with files or without.
    pub(super) fn open(&mut self, name: &str, values: &[Option<String>]) -> Result<(PathBuf, TableFormat), Diagnostic> {
        if !self.slots.contains_key(name) {
            let slot = self.slot(name, values)?;
            if let Place::Folder { staging, .. } = &slot.place {
                self.leftovers.folder(staging.clone());
            }
            self.slots.insert(name.to_owned(), slot);
        }
        let slot = self.slots.get(name).ok_or_else(|| Diagnostic::internal("a partition was not opened"))?;
        let folder = match &slot.place {
            Place::Named(folder) => folder,
            Place::Folder { staging, .. } => staging,
        };
        Ok((folder.clone(), slot.format.clone()))
    }

    fn slot(&mut self, name: &str, values: &[Option<String>]) -> Result<Slot, Diagnostic> {
        let is_managed = self.relation.new.kind == RelationKind::Managed;
        let (known, format, target) = if values.is_empty() {
            (None, self.relation.table_format()?, (!is_managed).then(|| self.location.clone()))
        } else {
            let known = self.known(name)?;
            let format = match &known {
                Some(partition) => self.relation.partition_format(partition)?,
                None => self.relation.table_format()?,
            };
            let target = match &known {
                Some(partition) => partition.new.location.clone(),
                None => new_partition(&self.relation, values.to_vec(), None).location,
            };
            (known, format, target)
        };
        let place = match target {
            None => Place::Named(self.location.join(name)),
            // Files are renamed from one folder into the other: both must be on one file system.
            Some(target) => {
                let staging = self.staging(&target, name)?;
                Place::Folder { target, staging }
            }
        };
        Ok(Slot { values: values.to_vec(), known, format, place })
    }

    /// A folder in which files wait for a target: below the table's own where that can be, and known to the metastore, which
    /// removes it if nobody else does.
    fn staging(&mut self, target: &Path, name: &str) -> Result<PathBuf, Diagnostic> {
        let is_whole = target == self.location && self.overwrite;
        if is_whole || !target.starts_with(&self.location) {
            let beside = if self.overwrite { temporary_beside(target) } else { temporary_beside(&target.join("new")) };
            self.notes.push(Moves::folder(&self.catalog, beside.clone())?);
            return Ok(beside);
        }
        let waiting = match &self.waiting {
            Some(waiting) => waiting.clone(),
            None => {
                let waiting = temporary_beside(&self.location.join("new"));
                self.notes.push(Moves::folder(&self.catalog, waiting.clone())?);
                self.waiting.insert(waiting).clone()
            }
        };
        Ok(if name.is_empty() { waiting } else { waiting.join(name) })
    }

    /// Makes the files the table's.
    pub(super) fn publish(mut self, files: &[NewFile]) -> Result<(), Diagnostic> {
        let (publication, moves) = self.prepare(files)?;
        let unnamed = self.catalog.publish_files(&self.relation, &publication)?;
        moves.keep();
        self.remove_staging();
        self.leftovers.keep();
        let unnamed = unnamed.into_iter().map(|path| self.location.join(path)).collect();
        remove_files(&self.location, unnamed);
        Ok(())
    }

    /// Makes the table with its files; gives the one that it replaces.
    pub(super) fn publish_new(mut self, files: &[NewFile], replace: bool) -> Result<Option<Relation>, Diagnostic> {
        let (publication, moves) = self.prepare(files)?;
        let old = self.catalog.create_filled(&self.relation.new, replace, &publication)?;
        moves.keep();
        self.remove_staging();
        self.leftovers.keep();
        Ok(old)
    }

    /// Brings the files to where they will be read, and says what the metastore is to be told.
    fn prepare(&mut self, files: &[NewFile]) -> Result<(Publication, Moves), Diagnostic> {
        self.sync(files)?;
        let moves = self.move_files(files)?;
        let mut publication = Publication {
            moves: moves.number(),
            replaces_all: self.overwrite && self.relation.new.partitions.fields().is_empty(),
            ..Publication::default()
        };
        for (name, slot) in self.slots.iter().filter(|(_, slot)| !slot.values.is_empty()) {
            if self.overwrite {
                publication.replaces.push(name.clone());
            }
            if slot.known.is_none() {
                publication.partitions.push(new_partition(&self.relation, slot.values.clone(), None));
            }
        }
        for file in files {
            if let Some(Slot { place: Place::Named(_), .. }) = self.slots.get(&file.partition) {
                let below = file.path.strip_prefix(&self.location).unwrap_or(&file.path);
                let path = below.to_str().ok_or_else(|| mead_catalog::Error::NotUnicode(file.path.clone()))?;
                publication.files.push(PublishedFile {
                    partition: (!file.partition.is_empty()).then(|| file.partition.clone()),
                    path: path.to_owned(),
                    bytes: file.bytes,
                    rows: file.rows,
                });
            }
        }
        Ok((publication, moves))
    }

    /// The folders' entries, which the files themselves do not bring to disk.
    fn sync(&self, files: &[NewFile]) -> Result<(), Diagnostic> {
        let folders: std::collections::BTreeSet<&Path> = files.iter().filter_map(|file| file.path.parent()).collect();
        for folder in folders {
            sync_folders(folder, &self.location)?;
        }
        Ok(())
    }

    /// Removes the folders in which files waited.
    fn remove_staging(&self) {
        for slot in self.slots.values() {
            if let Place::Folder { staging, .. } = &slot.place
                && let Err(error) = std::fs::remove_dir_all(staging)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, path = %staging.display(), "an empty folder could not be removed");
            }
        }
    }

    /// Moves what waits into the folders that it is for.
    fn move_files(&mut self, files: &[NewFile]) -> Result<Moves, Diagnostic> {
        let mut moves = Vec::new();
        for (name, slot) in &self.slots {
            let Place::Folder { target, staging } = &slot.place else { continue };
            let io = |source| Error::Io { path: target.clone(), source };
            let above = if self.overwrite { target.parent() } else { Some(target.as_path()) };
            if let Some(above) = above {
                std::fs::create_dir_all(above).map_err(io)?;
                sync_folders(above, &self.location)?;
            }
            if self.overwrite {
                std::fs::create_dir_all(staging).map_err(io)?;
                sync_folder(staging)?;
                moves.push(Move::new(staging.clone(), target.clone())?);
            } else {
                for file in files.iter().filter(|file| file.partition == *name) {
                    let file_name = file.path.file_name().unwrap_or_default();
                    moves.push(Move::new(file.path.clone(), target.join(file_name))?);
                }
            }
        }
        let mut moves = Moves::new(moves);
        moves.run(&self.catalog)?;
        Ok(moves)
    }
}

impl PartitionFolders for Destination {
    fn folder(&mut self, name: &str, values: &[Option<String>]) -> Result<(PathBuf, TableFormat), Error> {
        Ok(self.open(name, values)?)
    }
}
