//! Files that a statement wrote into a managed table and that no entry of its log names yet: they go if it does not end well.
//!
//! A write that was begun is finished even where its statement is cancelled, since nobody can tell how far it has come: so
//! each runs as a task of its own, and what is to be removed is removed behind the last of them.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use object_store::path::Path;
use object_store::{Error, Result};
use parking_lot::Mutex;

use crate::lease::Lease;

/// The files of one statement.
#[derive(Debug)]
pub(crate) struct Unfinished {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<PathBuf>,
    writing: usize,
    abandoned: bool,
}

impl Unfinished {
    pub(crate) fn new(folder: &FilePath) -> Arc<Self> {
        Arc::new(Self { folder: folder.to_owned(), state: Mutex::default() })
    }

    /// Runs `work`, which makes the file at `location`, to its end. An entry of the table's log finishes all files before it.
    pub(crate) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        location: &Path,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let is_entry = is_log_entry(location);
        {
            let mut state = self.state.lock();
            if state.abandoned {
                return Err(generic("the statement has ended"));
            }
            state.writing += 1;
            if !is_in_log(location) {
                state.files.push(FilePath::new("/").join(location.as_ref()));
            }
        }
        let (unfinished, lease) = (Arc::clone(self), Lease::take(&self.folder));
        let task = tokio::spawn(async move {
            let written = work.await;
            unfinished.written(is_entry && written.is_ok());
            drop(lease);
            written
        });
        task.await.map_err(generic)?
    }

    fn written(&self, is_finished: bool) {
        let mut state = self.state.lock();
        state.writing -= 1;
        if is_finished {
            state.files.clear();
        }
        if state.abandoned && state.writing == 0 {
            remove(&mut state);
        }
    }

    /// The statement has ended: what is unfinished goes, and nothing more is written.
    pub(crate) fn abandon(&self) {
        let mut state = self.state.lock();
        state.abandoned = true;
        if state.writing == 0 {
            remove(&mut state);
        }
    }
}

fn remove(state: &mut State) {
    for file in state.files.drain(..) {
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, file = %file.display(), "a file that belongs to no table stays");
            }
            _ => {}
        }
    }
}

fn is_in_log(location: &Path) -> bool {
    location.parts().any(|part| part.as_ref() == "_delta_log")
}

/// `_delta_log/00000000000000000001.json`.
fn is_log_entry(location: &Path) -> bool {
    let number = location.filename().and_then(|name| name.strip_suffix(".json"));
    is_in_log(location) && number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn generic(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Generic { store: "DurableFileSystem", source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("mead-unfinished-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(folder.join("_delta_log")).unwrap();
        folder
    }

    async fn write(unfinished: &Arc<Unfinished>, file: PathBuf) -> Result<()> {
        let location = Path::from_absolute_path(&file).unwrap();
        unfinished.write(&location, async move { std::fs::write(file, "rows").map_err(generic) }).await
    }

    #[tokio::test]
    async fn files_that_no_entry_names_are_removed() {
        let folder = folder();
        let unfinished = Unfinished::new(&folder);
        write(&unfinished, folder.join("kept.parquet")).await.unwrap();
        write(&unfinished, folder.join("_delta_log/_commit_1.json.tmp")).await.unwrap();
        write(&unfinished, folder.join("_delta_log/00000000000000000001.json")).await.unwrap();
        write(&unfinished, folder.join("lost.parquet")).await.unwrap();
        unfinished.abandon();
        assert!(folder.join("kept.parquet").exists());
        assert!(folder.join("_delta_log/00000000000000000001.json").exists());
        assert!(!folder.join("lost.parquet").exists());
        assert!(write(&unfinished, folder.join("late.parquet")).await.is_err());
        assert!(!folder.join("late.parquet").exists());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_write_whose_statement_is_gone_is_removed_when_it_ends() {
        let folder = folder();
        let unfinished = Unfinished::new(&folder);
        let file = folder.join("slow.parquet");
        let location = Path::from_absolute_path(&file).unwrap();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go_on, may_go_on) = tokio::sync::oneshot::channel();
        let (ended, has_ended) = tokio::sync::oneshot::channel();
        let slow = file.clone();
        let statement = tokio::spawn({
            let unfinished = Arc::clone(&unfinished);
            async move {
                let work = async move {
                    begun.send(()).unwrap();
                    may_go_on.await.unwrap();
                    std::fs::write(slow, "rows").map_err(generic)?;
                    ended.send(()).unwrap();
                    Ok(())
                };
                unfinished.write(&location, work).await
            }
        });
        has_begun.await.unwrap();
        statement.abort();
        assert!(statement.await.unwrap_err().is_cancelled());
        unfinished.abandon();
        // The folder of a table that is dropped meanwhile waits for it.
        crate::lease::remove(&folder).unwrap();
        assert!(folder.exists());
        go_on.send(()).unwrap();
        has_ended.await.unwrap();
        for _ in 0..500 {
            if !folder.exists() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{} stays", folder.display());
    }
}
