//! One file of a table, from batches.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::ArrowWriter;
use mead_common::Diagnostic;

use super::avro_writer::AvroWriter;
use super::format::{Serde, TableFormat};
use super::lazy_simple::Delimiters;
use super::open_csv::OpenCsv;
use super::orc_writer::OrcWriter;
use super::text_writer::write_json;
use crate::Error;
use crate::write::parquet_properties;

/// Text is handed to the file in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

/// See the module's documentation.
pub struct HiveWriter {
    path: PathBuf,
    sink: Sink,
    rows: u64,
}

/// A file that is on disk.
#[derive(Debug, Clone)]
pub struct WrittenFile {
    pub path: PathBuf,
    pub bytes: u64,
    pub rows: u64,
}

enum Sink {
    Avro(Box<AvroWriter>),
    Orc(Box<OrcWriter<BufWriter<File>>>),
    Parquet(Box<ArrowWriter<File>>),
    Text { file: BufWriter<File>, format: TextFormat },
}

enum TextFormat {
    Csv(OpenCsv),
    Json,
    LazySimple(Delimiters),
}

impl HiveWriter {
    /// `schema`: the columns of the files, without the partitions'.
    pub fn create(path: PathBuf, format: &TableFormat, schema: &SchemaRef) -> Result<Self, Error> {
        let create = || File::create_new(&path).map_err(|source| Error::io(&path, source));
        let text = |format| {
            let file = create()?;
            Ok::<_, Error>(Sink::Text { file: BufWriter::with_capacity(PIECE_BYTES, file), format })
        };
        let sink = match format.serde {
            Serde::LazySimple => text(TextFormat::LazySimple(Delimiters::new(format)?))?,
            Serde::OpenCsv => text(TextFormat::Csv(OpenCsv::new(format)?))?,
            Serde::Json => text(TextFormat::Json)?,
            Serde::Parquet => {
                let file = create()?;
                let writer = ArrowWriter::try_new(file, SchemaRef::clone(schema), Some(parquet_properties()));
                Sink::Parquet(Box::new(writer.map_err(DataFusionError::from)?))
            }
            Serde::Avro => Sink::Avro(Box::new(AvroWriter::new(create()?, schema)?)),
            Serde::Orc => {
                let file = BufWriter::with_capacity(PIECE_BYTES, create()?);
                Sink::Orc(Box::new(OrcWriter::new(file, schema)?))
            }
            Serde::Regex => {
                let class = format.serde.class().rsplit('.').next().unwrap_or_default();
                return Err(Diagnostic::unsupported(format!("{class} cannot write")).into());
            }
        };
        Ok(Self { path, sink, rows: 0 })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.rows += batch.num_rows() as u64;
        match &mut self.sink {
            Sink::Avro(writer) => writer.write(batch)?,
            Sink::Orc(writer) => writer.write(batch)?,
            Sink::Parquet(writer) => writer.write(batch).map_err(DataFusionError::from)?,
            Sink::Text { file, format } => {
                let mut text = Vec::new();
                match format {
                    TextFormat::LazySimple(delimiters) => delimiters.write(batch, &mut text)?,
                    TextFormat::Csv(csv) => csv.write(batch, &mut text)?,
                    TextFormat::Json => write_json(batch, &mut text)?,
                }
                file.write_all(&text).map_err(|source| Error::io(&self.path, source))?;
            }
        }
        Ok(())
    }

    /// Ends the file, and waits until it is on disk.
    pub fn finish(self) -> Result<WrittenFile, Error> {
        let Self { path, sink, rows } = self;
        let io = |source| Error::io(&path, source);
        let unbuffered = |file: BufWriter<File>| file.into_inner().map_err(|error| io(error.into_error()));
        let file = match sink {
            Sink::Avro(writer) => unbuffered(writer.finish()?)?,
            Sink::Orc(writer) => unbuffered(writer.finish()?)?,
            Sink::Parquet(writer) => writer.into_inner().map_err(DataFusionError::from)?,
            Sink::Text { file, .. } => unbuffered(file)?,
        };
        file.sync_all().map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        Ok(WrittenFile { path: path.clone(), bytes, rows })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}
