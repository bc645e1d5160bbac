//! The file that rows are spilled to, seen from here.

use std::fmt::Debug;
use std::io;

use parking_lot::Mutex;

use crate::Error;

/// A file of the statement's own. Whoever makes it removes it.
pub trait SpillFile: Debug + Send + Sync {
    /// Writes all bytes. Without room on the disk, an error of kind [`io::ErrorKind::StorageFull`].
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Fills `bytes`, or fails.
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Where it lies, for messages.
    fn place(&self) -> String;
}

/// Room in such a file, for any number of datasets.
#[derive(Debug)]
pub struct SpillSpace {
    file: Box<dyn SpillFile>,
    end: Mutex<u64>,
}

impl SpillSpace {
    /// `file` is empty.
    pub fn new(file: Box<dyn SpillFile>) -> Self {
        Self { file, end: Mutex::new(0) }
    }

    /// Bytes given out so far.
    pub fn bytes(&self) -> u64 {
        *self.end.lock()
    }

    /// The offset of a new range.
    pub(super) fn allocate(&self, bytes: u64) -> u64 {
        let mut end = self.end.lock();
        let start = *end;
        *end += bytes;
        start
    }

    pub(super) fn write(&self, bytes: &[u8], offset: u64) -> Result<(), Error> {
        self.file.write_all_at(bytes, offset).map_err(|source| self.error("write to", source))
    }

    pub(super) fn read(&self, bytes: &mut [u8], offset: u64) -> Result<(), Error> {
        self.file.read_exact_at(bytes, offset).map_err(|source| self.error("read", source))
    }

    /// What was read is not what was written.
    pub(super) fn damaged(&self) -> Error {
        self.error("read", io::Error::new(io::ErrorKind::InvalidData, "it is not what was written"))
    }

    fn error(&self, action: &'static str, source: io::Error) -> Error {
        Error::Spill { action, place: self.file.place(), source }
    }
}
