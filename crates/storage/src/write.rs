//! Query results as files: `COPY … TO` and `INSERT OVERWRITE DIRECTORY`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv::WriterBuilder;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use futures::StreamExt;
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use crate::convert::Convert;
use crate::declared::file_schema;
use crate::durable::{sync_folder, temporary_beside};
use crate::{Error, ExternalFormat};

const ROW_GROUP_BYTES_MAX: usize = 128 << 20;

/// What a file is written as.
pub type WriteFormat = ExternalFormat;

/// How a file is written; only CSV has choices.
#[derive(Debug, Clone)]
pub struct WriteOptions {
    pub format: WriteFormat,
    pub header: bool,
    pub delimiter: u8,
    pub quote: u8,
    pub null: String,
}

impl WriteOptions {
    pub fn new(format: WriteFormat) -> Self {
        Self { format, header: false, delimiter: b',', quote: b'"', null: String::new() }
    }
}

/// Writes a stream to one file, which appears under its name only when it is whole. Gives the number of rows.
pub async fn write_file_from(
    path: &Path,
    options: &WriteOptions,
    rows: SendableRecordBatchStream,
) -> Result<u64, Error> {
    let temporary = Temporary(temporary_beside(path));
    let folder = path.parent().unwrap_or(Path::new("/"));
    let file = NewFile::create(folder, &temporary.0).map_err(|source| Error::io(path, source))?;
    let count = write_rows(file, path, options, rows).await?;
    std::fs::rename(&temporary.0, path).map_err(|source| Error::io(path, source))?;
    sync_folder(folder)?;
    Ok(count)
}

/// Writes a stream to a folder, in place of whatever was in it: to a staging folder beside it, which then takes its name.
pub async fn write_folder_from(
    path: &Path,
    options: &WriteOptions,
    rows: SendableRecordBatchStream,
) -> Result<u64, Error> {
    let staging = Temporary(temporary_beside(path));
    let folder = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(folder).map_err(|source| Error::io(folder, source))?;
    let extension = options.format.name().to_lowercase();
    let file = NewFile::create(folder, &staging.0.join(format!("part-00000.{extension}")));
    let file = file.map_err(|source| Error::io(path, source))?;
    let count = write_rows(file, path, options, rows).await?;
    sync_folder(&staging.0)?;
    replace_folder(&staging.0, path)?;
    sync_folder(folder)?;
    Ok(count)
}

/// A file that has no name until it is whole, so that a process that is killed leaves nothing of it; where the file system
/// has no such files, one under its temporary name.
struct NewFile {
    file: File,
    name: PathBuf,
    is_named: bool,
}

impl NewFile {
    /// `folder` is where the file lies, `name` what it will be called, on the same file system.
    fn create(folder: &Path, name: &Path) -> std::io::Result<Self> {
        let unnamed = unnamed(folder)?;
        let is_named = unnamed.is_none();
        let file = match unnamed {
            Some(file) => file,
            None => {
                Self::make_folder(name)?;
                File::create_new(name)?
            }
        };
        Ok(Self { file, name: name.to_owned(), is_named })
    }

    /// On disk, under its name.
    fn finish(file: &File, name: &Path, is_named: bool) -> std::io::Result<()> {
        file.sync_all()?;
        if !is_named {
            Self::make_folder(name)?;
            link(file, name)?;
        }
        Ok(())
    }

    fn make_folder(name: &Path) -> std::io::Result<()> {
        name.parent().map_or(Ok(()), std::fs::create_dir_all)
    }
}

#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> std::io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags};
    let mode = Mode::from_raw_mode(0o666);
    match rustix::fs::open(folder, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, mode) {
        Ok(file) => Ok(Some(File::from(file))),
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The way that open(2) describes for those who have no right to link a descriptor itself.
#[cfg(target_os = "linux")]
fn link(file: &File, name: &Path) -> std::io::Result<()> {
    use std::os::fd::AsRawFd;
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, descriptor, CWD, name, rustix::fs::AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_: &Path) -> std::io::Result<Option<File>> {
    Ok(None)
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Puts `staging` in the place of `path`, and whatever was there in the place of `staging`: in one step where the file
/// system can exchange names, so that a reader or a crash meets the old folder or the new one.
pub fn replace_folder(staging: &Path, path: &Path) -> Result<(), Error> {
    match rustix::fs::renameat_with(CWD, staging, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(Errno::NOENT) => std::fs::rename(staging, path).map_err(|source| Error::io(path, source)),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => replace_in_steps(staging, path),
        Err(error) => Err(Error::io(path, error.into())),
    }
}

/// As [`replace_folder`], for file systems without an exchange: for a moment there is no folder under the name.
fn replace_in_steps(staging: &Path, path: &Path) -> Result<(), Error> {
    let old = temporary_beside(path);
    std::fs::rename(path, &old).map_err(|source| Error::io(path, source))?;
    if let Err(source) = std::fs::rename(staging, path) {
        std::fs::rename(&old, path).map_err(|source| Error::io(path, source))?;
        return Err(Error::io(path, source));
    }
    std::fs::rename(&old, staging).map_err(|source| Error::io(&old, source))
}

/// Removed when it goes out of scope, if it is still there.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Either is right: a file that was renamed is gone already.
        let _ = std::fs::remove_file(&self.0);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `path` is the name for errors.
async fn write_rows(
    file: NewFile,
    path: &Path,
    options: &WriteOptions,
    mut rows: SendableRecordBatchStream,
) -> Result<u64, Error> {
    let NewFile { file, name, is_named } = file;
    // A file of text has uuids as text.
    let schema = match options.format {
        ExternalFormat::Parquet => rows.schema(),
        format => file_schema(format, &rows.schema()),
    };
    let convert = Convert { origin: None, checks_json: false };
    let mut sink = Sink::new(file, options, Arc::clone(&schema))?;
    // A header is owed even where there are no rows.
    sink.write(&RecordBatch::new_empty(Arc::clone(&schema)))?;
    let mut count = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        count += batch.num_rows() as u64;
        sink.write(&convert.batch(&batch, &schema)?)?;
    }
    let file = sink.finish(path)?;
    NewFile::finish(&file, &name, is_named).map_err(|source| Error::io(path, source))?;
    Ok(count)
}

/// A row group is held in memory until it is whole: rows of large arrays must not make it so by their number alone.
pub(crate) fn parquet_properties() -> WriterProperties {
    WriterProperties::builder().set_max_row_group_bytes(Some(ROW_GROUP_BYTES_MAX)).build()
}

enum Sink {
    Csv(Box<datafusion::arrow::csv::Writer<BufWriter<File>>>),
    Json(LineDelimitedWriter<BufWriter<File>>),
    Parquet(Box<ArrowWriter<File>>),
}

impl Sink {
    fn new(file: File, options: &WriteOptions, schema: datafusion::arrow::datatypes::SchemaRef) -> Result<Self, Error> {
        let buffered = |file| BufWriter::with_capacity(1 << 20, file);
        Ok(match options.format {
            ExternalFormat::Csv => {
                let builder = WriterBuilder::new()
                    .with_header(options.header)
                    .with_delimiter(options.delimiter)
                    .with_quote(options.quote)
                    .with_null(options.null.clone());
                Self::Csv(Box::new(builder.build(buffered(file))))
            }
            ExternalFormat::Json => Self::Json(LineDelimitedWriter::new(buffered(file))),
            ExternalFormat::Parquet => Self::Parquet(Box::new(
                ArrowWriter::try_new(file, schema, Some(parquet_properties()))
                    .map_err(datafusion::error::DataFusionError::from)?,
            )),
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        match self {
            Self::Csv(writer) => writer.write(batch).map_err(datafusion::error::DataFusionError::from)?,
            Self::Json(writer) => writer.write(batch).map_err(datafusion::error::DataFusionError::from)?,
            Self::Parquet(writer) => writer.write(batch).map_err(datafusion::error::DataFusionError::from)?,
        }
        Ok(())
    }

    fn finish(self, path: &Path) -> Result<File, Error> {
        let unbuffered =
            |writer: BufWriter<File>| writer.into_inner().map_err(|error| Error::io(path, error.into_error()));
        match self {
            Self::Csv(writer) => unbuffered(writer.into_inner()),
            Self::Json(mut writer) => {
                writer.finish().map_err(datafusion::error::DataFusionError::from)?;
                let mut inner = writer.into_inner();
                inner.flush().map_err(|source| Error::io(path, source))?;
                unbuffered(inner)
            }
            Self::Parquet(writer) => {
                writer.into_inner().map_err(|error| datafusion::error::DataFusionError::from(error).into())
            }
        }
    }
}
