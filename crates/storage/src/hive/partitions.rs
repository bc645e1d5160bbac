//! Which partitions and files a table has, as whoever keeps them tells.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::common::ScalarValue;
use mead_common::{Diagnostic, sqlstate};

use super::builder::{Builder, Reading};
use super::format::TableFormat;
use crate::Error;

/// Tells a table's partitions.
pub trait PartitionSource: Debug + Send + Sync {
    /// The partitions, or the one that stands for a table without partition columns. `wanted` has the values that a query
    /// allows for each partition column, where not all are.
    fn find(&self, wanted: &[Option<Vec<Option<String>>>]) -> Result<Vec<PartitionFiles>, Diagnostic>;
}

/// A partition.
#[derive(Debug, Clone)]
pub struct PartitionFiles {
    /// A text for each partition column.
    pub values: Vec<Option<String>>,
    pub name: String,
    pub place: Place,
    /// Where it is not the table's.
    pub format: Option<TableFormat>,
    /// The columns of its files, where they are not the table's.
    pub columns: Option<SchemaRef>,
    /// How many rows it had when somebody counted.
    pub rows: Option<u64>,
}

/// Where rows are.
#[derive(Debug, Clone)]
pub enum Place {
    /// All files of a folder, or one file.
    Folder(PathBuf),
    Files(Vec<DataFile>),
}

/// A file of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    pub path: PathBuf,
    pub bytes: u64,
    pub rows: Option<u64>,
}

/// The files of a folder and those below it, without hidden ones; a file is itself.
pub fn files_below(path: &Path) -> Result<Vec<DataFile>, Error> {
    let mut files = Vec::new();
    let metadata = std::fs::metadata(path).map_err(|source| Error::io(path, source))?;
    if metadata.is_dir() {
        collect(path, &mut files)?;
    } else {
        files.push(DataFile { path: path.to_owned(), bytes: metadata.len(), rows: None });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<DataFile>) -> Result<(), Error> {
    let io = |source| Error::io(folder, source);
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        let path = entry.path();
        let metadata = std::fs::metadata(&path).map_err(|source| Error::io(&path, source))?;
        if metadata.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(DataFile { path, bytes: metadata.len(), rows: None });
        }
    }
    Ok(())
}

/// The value of a partition column from its text; what is no value of its type is an error.
pub fn partition_value(field: &Field, text: Option<&str>) -> Result<ScalarValue, Error> {
    let values = partition_array(field, &[text])?;
    ScalarValue::try_from_array(&values, 0).map_err(Error::from)
}

/// The values of a partition column from their texts.
pub(super) fn partition_array(field: &Field, texts: &[Option<&str>]) -> Result<ArrayRef, Error> {
    if *field.data_type() == DataType::Utf8 {
        return Ok(Arc::new(StringArray::from_iter(texts.iter().copied())));
    }
    let mut builder = Builder::new(field)?;
    for text in texts {
        match text {
            Some(text) => builder.text(text, Reading { extended_boolean: true, base64: false }),
            None => builder.null(),
        }
    }
    let values = builder.finish()?;
    if let Some(place) = (0..texts.len()).find(|place| values.is_null(*place) && texts[*place].is_some()) {
        return Err(Diagnostic::new(
            sqlstate::INVALID_TEXT_REPRESENTATION,
            format!(
                "\"{}\" is no value of partition column \"{}\" of type {}",
                texts[place].unwrap_or_default(),
                field.name(),
                super::hive_type_name(field)
            ),
        )
        .into());
    }
    Ok(values)
}

/// The text that a partition column's value is kept as; `None` for NULL.
pub fn partition_text(value: &ScalarValue) -> Result<Option<String>, Error> {
    if value.is_null() {
        return Ok(None);
    }
    let array = value.to_array().map_err(Error::from)?;
    text_at(&array, 0)
}

/// [`partition_text`] of a value in an array of the column's type.
pub(super) fn text_at(array: &ArrayRef, row: usize) -> Result<Option<String>, Error> {
    if array.is_null(row) {
        return Ok(None);
    }
    let text = match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        _ => {
            let mut text = Vec::new();
            super::text_writer::simple(array, row, &mut text)?;
            String::from_utf8_lossy(&text).into_owned()
        }
    };
    if text.is_empty() {
        // Hive writes the empty text as it writes NULL.
        return Ok(None);
    }
    Ok(Some(text))
}
