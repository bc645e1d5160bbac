//! Files and folders that are brought into place by a change of names, which can be taken back.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::{Error, replace_folder, sync_folder};

/// One change of names: what waits under `source` comes to `target`, and what is there, if anything, to `source`. The inode
/// tells afterwards, also after a crash, whether it has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub source: PathBuf,
    pub target: PathBuf,
    /// Of what waits.
    pub inode: u64,
}

impl Move {
    /// The move of what waits under `source`.
    pub fn new(source: PathBuf, target: PathBuf) -> Result<Self, Error> {
        let metadata = std::fs::symlink_metadata(&source).map_err(|error| Error::io(&source, error))?;
        Ok(Self { source, target, inode: metadata.ino() })
    }

    /// Changes the names; on disk when this returns.
    pub fn run(&self) -> Result<(), Error> {
        replace_folder(&self.source, &self.target)?;
        self.sync()
    }

    /// Changes them back, if they have changed.
    pub fn undo(&self) -> Result<(), Error> {
        let inode = |path: &Path| std::fs::symlink_metadata(path).ok().map(|metadata| metadata.ino());
        if inode(&self.target) != Some(self.inode) {
            return Ok(());
        }
        match inode(&self.source) {
            Some(_) => replace_folder(&self.source, &self.target)?,
            None => std::fs::rename(&self.target, &self.source).map_err(|error| Error::io(&self.target, error))?,
        }
        self.sync()
    }

    /// Removes what is under `source` now: the old one behind a move, the new one behind one that was taken back.
    pub fn discard(&self) -> Result<(), Error> {
        let removed = match std::fs::symlink_metadata(&self.source) {
            Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(&self.source),
            Ok(_) => std::fs::remove_file(&self.source),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(&self.source, error)),
            _ => Ok(()),
        }
    }

    fn sync(&self) -> Result<(), Error> {
        [&self.source, &self.target].into_iter().filter_map(|path| path.parent()).try_for_each(sync_folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_taken_back_if_it_has_happened() {
        let folder = std::env::temp_dir().join(format!("mead-moves-{}", uuid::Uuid::new_v4().simple()));
        let place = |name: &str| folder.join(name);
        let write = |name: &str, text: &str| {
            std::fs::create_dir_all(place(name)).unwrap();
            std::fs::write(place(name).join("rows"), text).unwrap();
        };
        let read = |name: &str| std::fs::read_to_string(place(name).join("rows")).ok();
        write("new", "new");
        write("table", "old");
        let exchange = Move::new(place("new"), place("table")).unwrap();
        exchange.undo().unwrap();
        assert_eq!((read("table"), read("new")), (Some("old".to_owned()), Some("new".to_owned())));
        exchange.run().unwrap();
        assert_eq!((read("table"), read("new")), (Some("new".to_owned()), Some("old".to_owned())));
        exchange.undo().unwrap();
        assert_eq!((read("table"), read("new")), (Some("old".to_owned()), Some("new".to_owned())));
        let fresh = Move::new(place("new"), place("other")).unwrap();
        fresh.run().unwrap();
        assert_eq!((read("other"), read("new")), (Some("new".to_owned()), None));
        fresh.discard().unwrap();
        fresh.undo().unwrap();
        assert_eq!((read("other"), read("new")), (None, Some("new".to_owned())));
        fresh.discard().unwrap();
        assert_eq!(read("new"), None);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
