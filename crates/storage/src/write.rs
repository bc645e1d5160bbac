//! Query results as files: `COPY … TO` and `INSERT OVERWRITE DIRECTORY`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv::WriterBuilder;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::ArrowWriter;
use futures::StreamExt;
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use crate::durable::{sync_folder, temporary_beside};
use crate::{Error, ExternalFormat};

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
    let count = write_rows(&temporary.0, options, rows).await?;
    std::fs::rename(&temporary.0, path).map_err(|source| Error::io(path, source))?;
    if let Some(folder) = path.parent() {
        sync_folder(folder)?;
    }
    Ok(count)
}

/// Writes a stream to a folder, in place of whatever was in it: to a staging folder beside it, which then takes its name.
pub async fn write_folder_from(
    path: &Path,
    options: &WriteOptions,
    rows: SendableRecordBatchStream,
) -> Result<u64, Error> {
    let staging = Temporary(temporary_beside(path));
    std::fs::create_dir_all(&staging.0).map_err(|source| Error::io(&staging.0, source))?;
    let extension = options.format.name().to_lowercase();
    let count = write_rows(&staging.0.join(format!("part-00000.{extension}")), options, rows).await?;
    sync_folder(&staging.0)?;
    take_place(&staging.0, path)?;
    if let Some(folder) = path.parent() {
        sync_folder(folder)?;
    }
    Ok(count)
}

/// Puts `staging` in the place of `path`, and whatever was there in the place of `staging`: in one step where the file
/// system can exchange names, so that a reader or a crash meets the old folder or the new one.
fn take_place(staging: &Path, path: &Path) -> Result<(), Error> {
    match rustix::fs::renameat_with(CWD, staging, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(Errno::NOENT) => std::fs::rename(staging, path).map_err(|source| Error::io(path, source)),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => take_place_in_steps(staging, path),
        Err(error) => Err(Error::io(path, error.into())),
    }
}

/// As [`take_place`], for file systems without an exchange: for a moment there is no folder under the name.
fn take_place_in_steps(staging: &Path, path: &Path) -> Result<(), Error> {
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

async fn write_rows(path: &Path, options: &WriteOptions, mut rows: SendableRecordBatchStream) -> Result<u64, Error> {
    let file = File::create_new(path).map_err(|source| Error::io(path, source))?;
    let mut sink = Sink::new(file, options, rows.schema())?;
    // A header is owed even where there are no rows.
    sink.write(&RecordBatch::new_empty(rows.schema()))?;
    let mut count = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        count += batch.num_rows() as u64;
        sink.write(&batch)?;
    }
    let file = sink.finish(path)?;
    file.sync_all().map_err(|source| Error::io(path, source))?;
    Ok(count)
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
                ArrowWriter::try_new(file, schema, None).map_err(datafusion::error::DataFusionError::from)?,
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
