//! Rows as lines that a program reads and writes, in the form of LazySimpleSerDe.

use std::collections::BTreeMap;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::Result;

use super::builder::Builder;
use super::format::{Serde, TableFormat};
use super::lazy_simple::{Delimiters, read_line};
use crate::Error;

/// What stands between the values of a line.
#[derive(Debug, Clone)]
pub struct LineFormat(Delimiters);

impl LineFormat {
    /// From serde properties (`field.delim`, `serialization.null.format`, …).
    pub fn new(properties: BTreeMap<String, String>) -> std::result::Result<Self, Error> {
        let format = TableFormat { serde: Serde::LazySimple, properties };
        Ok(Self(Delimiters::new(&format)?))
    }

    /// Appends the lines of a batch.
    pub fn write(&self, batch: &RecordBatch, text: &mut Vec<u8>) -> Result<()> {
        self.0.write(batch, text)
    }

    pub fn reader(&self, schema: SchemaRef) -> std::result::Result<LineReader, Error> {
        let builders =
            schema.fields().iter().map(|field| Builder::new(field)).collect::<std::result::Result<_, _>>()?;
        let places = (0..schema.fields().len()).collect();
        Ok(LineReader { delimiters: self.0.clone(), places, builders, schema, rows: 0 })
    }
}

/// Makes batches of lines. A field that is not there is NULL, one that is too many is passed over.
pub struct LineReader {
    delimiters: Delimiters,
    places: Vec<usize>,
    builders: Vec<Builder>,
    schema: SchemaRef,
    rows: usize,
}

impl LineReader {
    /// A line without its end.
    pub fn push(&mut self, line: &[u8]) {
        read_line(line, &self.delimiters, &self.places, self.places.len(), &mut self.builders);
        self.rows += 1;
    }

    /// How many lines wait to be taken.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The lines since the last call.
    pub fn take(&mut self) -> Result<RecordBatch> {
        self.rows = 0;
        let columns = self.builders.iter_mut().map(Builder::finish).collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(SchemaRef::clone(&self.schema), columns)?)
    }
}
