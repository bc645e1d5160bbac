//! One file of a table, from batches.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
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
    /// `footer`: the lines at the end that readers pass over.
    Text {
        file: BufWriter<File>,
        format: TextFormat,
        footer: usize,
    },
}

enum TextFormat {
    Csv(OpenCsv),
    Json,
    LazySimple(Delimiters),
}

/// More lines than this are not written before the rows.
const HEADER_LINES_MAX: usize = 1000;

impl HiveWriter {
    /// `schema`: the columns of the files, without the partitions'.
    pub fn create(path: PathBuf, format: &TableFormat, schema: &SchemaRef) -> Result<Self, Error> {
        let create = || File::create_new(&path).map_err(|source| Error::io(&path, source));
        let text = |kind: TextFormat| {
            let header = header(format, schema, &kind)?;
            let mut file = BufWriter::with_capacity(PIECE_BYTES, create()?);
            file.write_all(&header).map_err(|source| Error::io(&path, source))?;
            Ok::<_, Error>(Sink::Text { file, format: kind, footer: format.footer()? })
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
            Sink::Text { file, format, .. } => {
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
            Sink::Text { mut file, footer, .. } => {
                file.write_all(&vec![b'\n'; footer]).map_err(io)?;
                unbuffered(file)?
            }
        };
        file.sync_all().map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        Ok(WrittenFile { path: path.clone(), bytes, rows })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The lines that readers of the table pass over at a file's beginning, or they would pass over rows: the columns' names, and
/// empty ones.
fn header(format: &TableFormat, schema: &SchemaRef, kind: &TextFormat) -> Result<Vec<u8>, Error> {
    let count = format.count("skip.header.line.count")?;
    if count > HEADER_LINES_MAX {
        return Err(Diagnostic::unsupported(format!("a header of {count} lines cannot be written")).into());
    }
    let mut text = Vec::new();
    if count > 0 {
        let names =
            schema.fields().iter().map(|field| Arc::new(StringArray::from(vec![field.name().as_str()])) as ArrayRef);
        let names: Vec<ArrayRef> = names.collect();
        let columns: Vec<Field> =
            schema.fields().iter().map(|field| Field::new(field.name(), DataType::Utf8, true)).collect();
        let names = RecordBatch::try_new(Arc::new(Schema::new(columns)), names).map_err(DataFusionError::from)?;
        match kind {
            TextFormat::Csv(csv) => csv.write(&names, &mut text)?,
            TextFormat::Json => text.push(b'\n'),
            TextFormat::LazySimple(delimiters) => delimiters.write(&names, &mut text)?,
        }
        text.resize(text.len() + count - 1, b'\n');
    }
    Ok(text)
}
