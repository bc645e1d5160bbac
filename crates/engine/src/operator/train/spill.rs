//! The file that a statement's training rows are spilled to, and who may have to go there.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::{SpillFile as TemporaryFile, SpillWriter};
use mead_common::{Diagnostic, Notice};
use mead_ml::{SpillFile, SpillSpace};
use parking_lot::Mutex;

use crate::error::diagnostic_of;
use crate::execution::StatementContext;

/// Makes the statement's file when the first row must go there.
pub(super) struct Spill {
    disk: Arc<DiskManager>,
    statement: Arc<StatementContext>,
    space: Mutex<Option<Arc<SpillSpace>>>,
}

impl Spill {
    pub(super) fn new(disk: Arc<DiskManager>, statement: Arc<StatementContext>) -> Self {
        Self { disk, statement, space: Mutex::new(None) }
    }

    /// The file, which the client hears of when it is made. It is removed when the last who has it lets it go.
    pub(super) fn space(&self) -> Result<Arc<SpillSpace>, Diagnostic> {
        let mut space = self.space.lock();
        if let Some(space) = &*space {
            return Ok(Arc::clone(space));
        }
        let file = self.disk.create_tmp_file("training").map_err(|error| diagnostic_of(&error))?;
        let file = RowFile::open(file)?;
        self.statement.notice(Notice::notice("training rows exceed the memory limit; spilling to disk"));
        Ok(Arc::clone(space.insert(Arc::new(SpillSpace::new(Box::new(file))))))
    }

    pub(super) fn statement(&self) -> &StatementContext {
        &self.statement
    }
}

/// A temporary file under the server's limit for all of them.
struct RowFile {
    path: PathBuf,
    rows: File,
    writer: Mutex<Writer>,
    /// Removes the file when it goes.
    _file: Arc<dyn TemporaryFile>,
}

struct Writer {
    writer: Box<dyn SpillWriter>,
    /// Where it writes next.
    offset: u64,
}

impl std::fmt::Debug for RowFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl RowFile {
    fn open(file: Arc<dyn TemporaryFile>) -> Result<Self, Diagnostic> {
        let path = file.path().ok_or_else(|| Diagnostic::internal("a temporary file without a path"))?.to_owned();
        let rows = File::open(&path).map_err(|error| diagnostic_of(&DataFusionError::IoError(error)))?;
        let writer = file.open_writer().map_err(|error| diagnostic_of(&error))?;
        Ok(Self { path, rows, writer: Mutex::new(Writer { writer, offset: 0 }), _file: file })
    }
}

impl SpillFile for RowFile {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut writer = self.writer.lock();
        if writer.offset != offset {
            return Err(io::Error::other("an earlier write to it failed"));
        }
        writer.writer.write_all(bytes).map_err(full)?;
        writer.offset += bytes.len() as u64;
        Ok(())
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.rows.read_exact_at(bytes, offset)
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}

/// DataFusion wraps the errors of the disk, and tells its own limit as a text.
fn full(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<DataFusionError>()) {
        Some(DataFusionError::IoError(inner)) => io::Error::new(inner.kind(), inner.to_string()),
        _ if error.to_string().contains("max_temp_directory_size") => io::Error::new(
            io::ErrorKind::StorageFull,
            "temporary files have reached the size that the server allows for all of them",
        ),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(bytes: u64) -> Arc<DiskManager> {
        let builder = DiskManager::builder().with_max_temp_directory_size(bytes);
        Arc::new(builder.build().unwrap())
    }

    #[test]
    fn rows_come_back_and_the_file_goes() {
        let file = RowFile::open(disk(100).create_tmp_file("a test").unwrap()).unwrap();
        file.write_all_at(b"abc", 0).unwrap();
        file.write_all_at(b"de", 3).unwrap();
        assert!(file.write_all_at(b"x", 9).is_err());
        let mut bytes = [0; 3];
        file.read_exact_at(&mut bytes, 2).unwrap();
        assert_eq!(&bytes, b"cde");
        assert!(file.read_exact_at(&mut bytes, 3).is_err());
        let path = file.path.clone();
        assert!(path.exists());
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn the_limit_of_temporary_files_is_a_full_disk() {
        let file = RowFile::open(disk(100).create_tmp_file("a test").unwrap()).unwrap();
        file.write_all_at(&[0; 90], 0).unwrap();
        let error = file.write_all_at(&[0; 90], 90).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
    }

    #[test]
    fn a_disk_without_room_is_a_full_disk() {
        let wrapped = DataFusionError::IoError(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full(wrapped.into()).kind(), io::ErrorKind::StorageFull);
    }
}
