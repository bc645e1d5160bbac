//! Who reads or writes a managed table's folder: a table that is dropped loses its folder when the last of them is done.
//!
//! A table's name goes at once, so nobody new comes. The leases are the process's, since a folder belongs to one process
//! and those that use it know it by its path alone.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use parking_lot::Mutex;

use crate::Error;

static FOLDERS: LazyLock<Mutex<HashMap<PathBuf, Folder>>> = LazyLock::new(Mutex::default);

#[derive(Debug, Default)]
struct Folder {
    leases: usize,
    dropped: bool,
    /// Files in it that nobody names any more.
    unnamed: Vec<PathBuf>,
}

/// Keeps a folder where it is for as long as it lives.
#[derive(Debug)]
pub struct Lease(PathBuf);

impl Lease {
    /// Of a managed table's folder, for as long as what is in it is read or written.
    pub fn take(folder: &Path) -> Self {
        FOLDERS.lock().entry(folder.to_owned()).or_default().leases += 1;
        Self(folder.to_owned())
    }
}

impl Clone for Lease {
    fn clone(&self) -> Self {
        Self::take(&self.0)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut folders = FOLDERS.lock();
        let Some(folder) = folders.get_mut(&self.0) else { return };
        folder.leases -= 1;
        if folder.leases > 0 {
            return;
        }
        let dropped = folder.dropped;
        let unnamed = std::mem::take(&mut folder.unnamed);
        folders.remove(&self.0);
        drop(folders);
        unnamed.iter().for_each(|file| remove_file(file));
        if dropped && let Err(error) = remove_folder(&self.0) {
            // What could not be removed is removed when the server starts again.
            tracing::warn!(%error, "a dropped table's folder stays until the next start");
        }
    }
}

/// Removes a folder now, or with its last lease.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    if let Some(folder) = FOLDERS.lock().get_mut(path) {
        folder.dropped = true;
        return Ok(());
    }
    remove_folder(path)
}

/// Removes files of a folder that no entry names any more, now or with the folder's last lease.
pub fn remove_files(folder: &Path, files: Vec<PathBuf>) {
    if let Some(leased) = FOLDERS.lock().get_mut(folder) {
        leased.unnamed.extend(files);
        return;
    }
    files.iter().for_each(|file| remove_file(file));
}

/// True for a file that waits for the folder's last lease to be removed.
pub(crate) fn is_unnamed(folder: &Path, file: &Path) -> bool {
    FOLDERS.lock().get(folder).is_some_and(|folder| folder.unnamed.iter().any(|unnamed| unnamed == file))
}

fn remove_file(file: &Path) {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, file = %file.display(), "a file that no table names stays until the next start");
        }
        _ => {}
    }
}

/// Removes a folder that no entry names any more, now or with its last lease.
pub fn remove_table_folder(path: &Path) -> Result<(), Error> {
    remove(path)
}

fn remove_folder(path: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::io(path, source)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_while_somebody_reads() {
        let folder = std::env::temp_dir().join(format!("mead-lease-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("rows");
        std::fs::write(&file, "1").unwrap();
        let lease = Lease::take(&folder);
        remove_files(&folder, vec![file.clone()]);
        assert!(file.exists() && is_unnamed(&folder, &file));
        drop(lease);
        assert!(!file.exists() && !is_unnamed(&folder, &file));
        std::fs::remove_dir(&folder).unwrap();
    }

    #[test]
    fn a_folder_goes_with_its_last_lease() {
        let folder = std::env::temp_dir().join(format!("mead-lease-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        let first = Lease::take(&folder);
        let second = first.clone();
        remove(&folder).unwrap();
        drop(first);
        assert!(folder.is_dir());
        drop(second);
        assert!(!folder.exists());
        // Without a lease it goes at once; that it is gone already is no error.
        std::fs::create_dir_all(&folder).unwrap();
        remove(&folder).unwrap();
        assert!(!folder.exists());
        remove(&folder).unwrap();
    }
}
