//! OPTIMIZE, VACUUM and RESTORE of managed tables.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use deltalake::operations::optimize::OptimizeType;
use futures::TryStreamExt;
use mead_common::{Diagnostic, sqlstate};

use super::ManagedTable;
use super::change::turn;
use super::history::AsOf;
use crate::lease::{Lease, is_unnamed, remove_files};
use crate::unfinished::Unfinished;
use crate::{Error, sync_folder};

/// How long files stay that no version names any more, if nobody says otherwise.
pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);

/// Files that no entry has ever named may be some statement's that has not ended.
const UNNAMED_AGE: Duration = Duration::from_secs(24 * 3600);

/// What OPTIMIZE did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Optimized {
    pub files_added: u64,
    pub files_removed: u64,
}

impl ManagedTable {
    /// Makes few files of many; with columns, so that rows with similar values in them lie together.
    pub async fn optimize(&self, z_order: &[String]) -> Result<Optimized, Error> {
        let _turn = turn(&self.folder).await;
        let _lease = Lease::take(&self.folder);
        let unfinished = Unfinished::new(&self.folder);
        let table = self.open(std::sync::Arc::clone(&unfinished)).await?;
        let kind = match z_order.is_empty() {
            true => OptimizeType::Compact,
            false => OptimizeType::ZOrder(z_order.to_vec()),
        };
        let optimized = table.optimize().with_type(kind).await.map_err(|error| self.delta(error));
        unfinished.abandon();
        let (_, metrics) = optimized?;
        Ok(Optimized { files_added: metrics.num_files_added, files_removed: metrics.num_files_removed })
    }

    /// Removes files that no version within the retention needs; gives their number. With `dry_run` it only counts.
    pub async fn vacuum(&self, retention: Duration, dry_run: bool) -> Result<u64, Error> {
        let _turn = turn(&self.folder).await;
        let lease = Lease::take(&self.folder);
        let table = self.open(Unfinished::new(&self.folder)).await?;
        let snapshot = table.snapshot().map_err(|error| self.delta(error))?;
        let mut kept: HashSet<PathBuf> =
            snapshot.log_data().iter().map(|view| self.folder.join(view.object_store_path().as_ref())).collect();
        let log_store = table.log_store();
        let tombstones: Vec<_> =
            snapshot.all_tombstones(log_store.as_ref()).try_collect().await.map_err(|error| self.delta(error))?;
        let now = SystemTime::now();
        let since_1970 = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let oldest = i64::try_from(since_1970.saturating_sub(retention).as_millis()).unwrap_or(i64::MAX);
        let mut removable: HashSet<PathBuf> = HashSet::new();
        for tombstone in tombstones {
            let path = self.folder.join(tombstone.path().as_ref());
            match tombstone.deletion_timestamp() {
                Some(moment) if moment <= oldest => removable.insert(path),
                _ => kept.insert(path),
            };
        }
        let mut found = Vec::new();
        data_files(&self.folder, &mut found)?;
        let age = |path: &Path| {
            let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
            now.duration_since(modified).ok()
        };
        found.retain(|path| {
            !kept.contains(path)
                && (removable.contains(path) || age(path).is_some_and(|age| age > UNNAMED_AGE.max(retention)))
        });
        let count = found.len() as u64;
        if count > 0 && !dry_run {
            // Whoever still reads an old version has it to its end.
            drop(lease);
            remove_files(&self.folder, found);
            if self.folder.is_dir() {
                sync_folder(&self.folder)?;
            }
        }
        Ok(count)
    }

    /// Brings the table back to how it was, in a new version.
    pub async fn restore(&self, at: AsOf, name: &str) -> Result<(), Error> {
        let _turn = turn(&self.folder).await;
        let _lease = Lease::take(&self.folder);
        let unfinished = Unfinished::new(&self.folder);
        let table = self.open(std::sync::Arc::clone(&unfinished)).await?;
        let old = self.open_as_of(at, name).await?;
        let version = old.version().unwrap_or(0);
        if Some(version) == table.version() {
            return Ok(());
        }
        let columns = |table: &deltalake::DeltaTable| {
            table.snapshot().map(|snapshot| snapshot.snapshot().arrow_schema()).map_err(|error| self.delta(error))
        };
        if columns(&old)? != columns(&table)? {
            return Err(Diagnostic::unsupported(format!("table \"{name}\" had other columns in version {version}"))
                .with_hint("INSERT OVERWRITE … SELECT … VERSION AS OF brings rows back into the columns there are now")
                .into());
        }
        for view in old.snapshot().map_err(|error| self.delta(error))?.log_data().iter() {
            let path = self.folder.join(view.object_store_path().as_ref());
            if !path.exists() || is_unnamed(&self.folder, &path) {
                return Err(Diagnostic::new(
                    sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                    format!("version {version} of table \"{name}\" cannot be restored"),
                )
                .with_detail(format!("its file \"{}\" has been removed", path.display()))
                .into());
            }
        }
        let restored = table.restore().with_version_to_restore(version).await.map_err(|error| self.delta(error));
        unfinished.abandon();
        restored.map(|_| ())
    }
}

/// The files of rows in a table's folder, without those of its log.
fn data_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let io = |source| Error::io(folder, source);
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with(['_', '.']) {
            continue;
        }
        if path.is_dir() {
            data_files(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
