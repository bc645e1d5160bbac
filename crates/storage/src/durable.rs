//! The local file system as an object store that is on disk when it says so.
//!
//! object_store's `LocalFileSystem` returns before its data has left the page cache. Here every write, copy and rename
//! is followed by an fsync of the file, of its folder and of the folders above that may be new, before it is
//! acknowledged.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};
use url::Url;

use crate::Error;
use crate::unfinished::Unfinished;

/// How many folders above a file are synced: more than a table's layout has below its root.
const FOLDERS_SYNCED: usize = 4;

/// See the module's documentation.
#[derive(Debug)]
pub struct DurableFileSystem {
    store: Arc<LocalFileSystem>,
    /// What one statement writes; `None` where nobody takes it back.
    unfinished: Option<Arc<Unfinished>>,
}

impl DurableFileSystem {
    /// The whole file system, from `/`.
    pub fn new() -> Self {
        Self { store: Arc::new(LocalFileSystem::new()), unfinished: None }
    }

    /// The same, for a statement that writes into one table.
    pub(crate) fn of_statement(unfinished: Arc<Unfinished>) -> Self {
        Self { unfinished: Some(unfinished), ..Self::new() }
    }

    async fn sync(&self, location: &Path) -> Result<()> {
        sync_location(&self.store, location).await
    }
}

/// Runs what makes the file at `location`.
async fn write<T: Send + 'static>(
    unfinished: Option<&Arc<Unfinished>>,
    location: &Path,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    match unfinished {
        Some(unfinished) => unfinished.write(location, work).await,
        None => work.await,
    }
}

impl Default for DurableFileSystem {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for DurableFileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DurableFileSystem")
    }
}

async fn sync_location(store: &LocalFileSystem, location: &Path) -> Result<()> {
    let path = store.path_to_filesystem(location)?;
    tokio::task::spawn_blocking(move || sync_path(&path))
        .await
        .map_err(|error| generic(Box::new(error)))?
        .map_err(|error| generic(Box::new(error)))
}

fn generic(source: Box<dyn std::error::Error + Send + Sync>) -> object_store::Error {
    object_store::Error::Generic { store: "DurableFileSystem", source }
}

/// The file, its folder, and the folders above.
fn sync_path(path: &FilePath) -> std::io::Result<()> {
    File::open(path)?.sync_all()?;
    for folder in path.ancestors().skip(1).take(FOLDERS_SYNCED) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[async_trait]
impl ObjectStore for DurableFileSystem {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let (store, path) = (Arc::clone(&self.store), location.clone());
        let work = async move {
            let result = store.put_opts(&path, payload, options).await?;
            sync_location(&store, &path).await?;
            Ok(result)
        };
        write(self.unfinished.as_ref(), location, work).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.store.put_multipart_opts(location, options).await?;
        Ok(Box::new(DurableUpload {
            inner: Some(inner),
            store: Arc::clone(&self.store),
            location: location.clone(),
            unfinished: self.unfinished.clone(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.store.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.store.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await?;
        self.sync(to).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let (store, source, target) = (Arc::clone(&self.store), from.clone(), to.clone());
        let work = async move {
            store.rename_opts(&source, &target, options).await?;
            sync_location(&store, &target).await
        };
        write(self.unfinished.as_ref(), to, work).await
    }
}

/// An upload in parts, synced when it is complete.
#[derive(Debug)]
struct DurableUpload {
    /// `None` once it is complete.
    inner: Option<Box<dyn MultipartUpload>>,
    store: Arc<LocalFileSystem>,
    location: Path,
    unfinished: Option<Arc<Unfinished>>,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        match &mut self.inner {
            Some(inner) => inner.put_part(data),
            None => Box::pin(async { Err(generic("the upload is complete".into())) }),
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let Some(mut inner) = self.inner.take() else { return Err(generic("the upload is complete".into())) };
        let (store, location) = (Arc::clone(&self.store), self.location.clone());
        let work = async move {
            let result = inner.complete().await?;
            sync_location(&store, &location).await?;
            Ok(result)
        };
        write(self.unfinished.as_ref(), &self.location, work).await
    }

    async fn abort(&mut self) -> Result<()> {
        match &mut self.inner {
            Some(inner) => inner.abort().await,
            None => Ok(()),
        }
    }
}

/// Writes a whole file: to a temporary name beside it, synced, renamed, and the folder synced. Readers see the old file or
/// the new one. Blocks.
pub fn write_file(path: &FilePath, bytes: &[u8]) -> Result<(), Error> {
    let folder = path
        .parent()
        .ok_or_else(|| Error::Path { path: path.display().to_string(), reason: "it has no folder".to_owned() })?;
    let temporary = temporary_beside(path);
    let write = || -> std::io::Result<()> {
        let mut file = File::create_new(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|source| {
        // Nothing half-written stays behind; that the removal fails too changes nothing.
        let _ = std::fs::remove_file(&temporary);
        Error::io(path, source)
    })
}

/// A name in the same folder that nothing has, and that no reader takes for data.
pub fn temporary_beside(path: &FilePath) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!("._{name}.{}", uuid::Uuid::new_v4().simple()))
}

/// Makes a folder's entries durable. Blocks.
pub fn sync_folder(path: &FilePath) -> Result<(), Error> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|source| Error::io(path, source))
}

/// The URL of a local path; a folder's ends with a slash.
pub fn file_url(path: &FilePath, folder: bool) -> Result<Url, Error> {
    let url = if folder { Url::from_directory_path(path) } else { Url::from_file_path(path) };
    url.map_err(|()| Error::Path { path: path.display().to_string(), reason: "it is not absolute".to_owned() })
}
