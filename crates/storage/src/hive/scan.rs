//! The rows of one text file as batches.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result};

use super::builder::Builder;
use super::format::{Serde, TableFormat};
use super::json;
use super::lazy_simple::{self, Delimiters};
use super::lines::Lines;
use super::open_csv::OpenCsv;
use super::regex_serde::RegexSerde;
use crate::Error;

/// A batch ends behind so many bytes of lines, whatever its number of rows.
const BATCH_BYTES_MAX: usize = 16 << 20;

/// How the lines of a table's files are read, for some of its columns.
#[derive(Debug, Clone)]
pub(super) struct LineFormat {
    kind: Kind,
    /// Columns that the table has.
    columns: usize,
    /// Of the columns that are read: their places, ascending.
    places: Vec<usize>,
    schema: SchemaRef,
    header: usize,
    footer: usize,
}

#[derive(Debug, Clone)]
enum Kind {
    Json {
        names: Vec<String>,
        /// Lines that are no objects are rows of NULLs.
        ignores: bool,
    },
    LazySimple(Delimiters),
    OpenCsv(OpenCsv),
    Regex(RegexSerde),
}

impl LineFormat {
    /// `columns` of the files, of which those at `places` are read.
    pub fn new(format: &TableFormat, columns: &SchemaRef, places: &[usize]) -> Result<Self> {
        let schema = Arc::new(columns.project(places)?);
        let kind = match format.serde {
            Serde::Json => Kind::Json {
                names: schema.fields().iter().map(|field| field.name().clone()).collect(),
                ignores: format.is_true("ignore.malformed.json"),
            },
            Serde::OpenCsv => Kind::OpenCsv(OpenCsv::new(format)?),
            Serde::Regex => Kind::Regex(RegexSerde::new(format, columns)?),
            Serde::LazySimple => Kind::LazySimple(Delimiters::new(format)?),
            other => return datafusion::common::internal_err!("{} has no lines", other.format_name()),
        };
        Ok(Self {
            kind,
            columns: columns.fields().len(),
            places: places.to_vec(),
            schema,
            header: format.count("skip.header.line.count")?,
            footer: format.footer()?,
        })
    }

    /// True where parts of a file can be read by themselves.
    pub fn may_be_cut(&self) -> bool {
        self.header == 0 && self.footer == 0
    }

    /// The batches of a file, or of a range of its bytes.
    pub fn read(&self, path: &Path, range: Option<Range<u64>>, batch_rows: usize) -> Result<TextBatches> {
        let lines = Lines::open(path, range, self.header)?;
        Ok(TextBatches {
            format: self.clone(),
            lines,
            batch_rows,
            path: path.to_owned(),
            held: VecDeque::new(),
            ended: false,
        })
    }

    fn line(&self, line: &[u8], builders: &mut [Builder]) -> Result<(), Error> {
        match &self.kind {
            Kind::Json { names, ignores } => json::read_line(line, names, *ignores, builders)?,
            Kind::LazySimple(delimiters) => {
                lazy_simple::read_line(line, delimiters, &self.places, self.columns, builders);
            }
            Kind::OpenCsv(csv) => csv.read_line(line, &self.places, builders),
            Kind::Regex(regex) => regex.read_line(line, &self.places, builders),
        }
        Ok(())
    }
}

/// See [`LineFormat::read`].
pub(super) struct TextBatches {
    format: LineFormat,
    lines: Lines,
    batch_rows: usize,
    path: PathBuf,
    /// The last lines, which may be the footer.
    held: VecDeque<Vec<u8>>,
    ended: bool,
}

impl TextBatches {
    fn batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        let mut builders =
            self.format.schema.fields().iter().map(|field| Builder::new(field)).collect::<Result<Vec<_>, _>>()?;
        let (mut rows, mut bytes) = (0, 0);
        while rows < self.batch_rows && bytes < BATCH_BYTES_MAX {
            let Some((line, number)) = self.lines.next_numbered()? else { break };
            let held;
            let line = if self.format.footer > 0 {
                self.held.push_back(line.to_vec());
                if self.held.len() <= self.format.footer {
                    continue;
                }
                let Some(first) = self.held.pop_front() else { continue };
                held = first;
                &held
            } else {
                line
            };
            bytes += line.len();
            self.format.line(line, &mut builders).map_err(|error| located_in_line(error, number))?;
            rows += 1;
        }
        if rows == 0 {
            return Ok(None);
        }
        let arrays = builders.iter_mut().map(Builder::finish).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.format.schema), arrays, &options);
        Ok(Some(batch.map_err(DataFusionError::from)?))
    }
}

impl Iterator for TextBatches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.batch() {
            Ok(Some(batch)) => Some(Ok(batch)),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(error) => {
                self.ended = true;
                Some(Err(located(error, &self.path).into()))
            }
        }
    }
}

/// Names the line in a report of what is in it.
fn located_in_line(error: Error, number: Option<u64>) -> Error {
    match (error, number) {
        (Error::Report(mut report), Some(number)) => {
            let place = format!("line {number}");
            report.detail = Some(report.detail.map_or_else(|| place.clone(), |detail| format!("{place}: {detail}")));
            Error::Report(report)
        }
        (other, _) => other,
    }
}

/// Names the file in a report that does not.
pub(super) fn located(error: Error, path: &Path) -> Error {
    match error {
        Error::Report(mut report) if !report.message.contains(&*path.to_string_lossy()) => {
            let place = format!("file \"{}\"", path.display());
            report.detail = Some(report.detail.map_or_else(|| place.clone(), |detail| format!("{detail}; {place}")));
            Error::Report(report)
        }
        other => other,
    }
}
