//! Avro files from batches.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

use arrow_avro::compression::CompressionCodec;
use arrow_avro::writer::format::AvroOcfFormat;
use arrow_avro::writer::{Writer, WriterBuilder};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use mead_common::Diagnostic;

use super::adapt::adapt;
use crate::Error;

/// See the module's documentation.
pub(super) struct AvroWriter {
    writer: Writer<BufWriter<File>, AvroOcfFormat>,
    schema: SchemaRef,
}

impl AvroWriter {
    pub fn new(file: File, columns: &Schema) -> Result<Self, Error> {
        let fields = columns.fields().iter().map(carried).collect::<Result<Vec<_>, _>>()?;
        let schema = Schema::new(fields);
        let builder = WriterBuilder::new(schema.clone()).with_compression(Some(CompressionCodec::Snappy));
        let writer = builder.build(BufWriter::with_capacity(1 << 20, file)).map_err(avro)?;
        Ok(Self { writer, schema: Arc::new(schema) })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let arrays = self.schema.fields().iter().zip(batch.columns()).map(|(field, array)| adapt(array, field));
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(DataFusionError::from)?;
        self.writer.write(&batch).map_err(avro)
    }

    pub fn finish(mut self) -> Result<BufWriter<File>, Error> {
        self.writer.finish().map_err(avro)?;
        Ok(self.writer.into_inner())
    }
}

fn avro(error: arrow_avro::errors::AvroError) -> Error {
    Error::DataFusion(DataFusionError::External(Box::new(error)))
}

/// A column as Avro has it: its numbers have 32 or 64 bits, and its names letters, digits and underscores.
fn carried(field: &FieldRef) -> Result<Field, Error> {
    let name = field.name();
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if name.is_empty() || !name.chars().all(is_letter) || name.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Err(Diagnostic::unsupported(format!("Avro has no columns that are called \"{name}\""))
            .with_hint("their names are of letters, digits and underscores")
            .into());
    }
    Ok(Field::new(name, carrier(field.data_type())?, true))
}

fn carrier(data_type: &DataType) -> Result<DataType, Error> {
    Ok(match data_type {
        DataType::Int8 | DataType::Int16 => DataType::Int32,
        DataType::List(item) => {
            DataType::List(Arc::new(Field::new(item.name(), carrier(item.data_type())?, item.is_nullable())))
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(carried).collect::<Result<Fields, _>>()?),
        DataType::Map(entries, sorted) => {
            let DataType::Struct(fields) = entries.data_type() else { return Ok(data_type.clone()) };
            let mut kept = Vec::with_capacity(fields.len());
            for field in fields {
                kept.push(Field::new(field.name(), carrier(field.data_type())?, field.is_nullable()));
            }
            if kept.first().is_some_and(|key| *key.data_type() != DataType::Utf8) {
                return Err(Diagnostic::unsupported("the keys of maps in Avro are strings").into());
            }
            let entries = Field::new(entries.name(), DataType::Struct(kept.into()), false);
            DataType::Map(Arc::new(entries), *sorted)
        }
        other => other.clone(),
    })
}
