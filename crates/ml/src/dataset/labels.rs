//! Labels: taken batch by batch, settled when the last has come.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, UInt32Array};
use arrow::compute::{SortColumn, cast, concat, lexsort_to_indices, take};
use arrow::datatypes::{DataType, Float32Type};

use super::LabelKind;
use crate::Error;

/// Labels, one a row.
#[derive(Debug, Clone)]
pub enum Labels {
    /// `ids` index into `classes`: the distinct labels, sorted, in the type they had (see
    /// [`Dataset::label_type`](super::Dataset::label_type)).
    Classes {
        ids: Vec<u32>,
        classes: ArrayRef,
    },
    Values(Vec<f32>),
}

impl Labels {
    /// A number that equal labels share.
    pub(crate) fn bits(&self, row: usize) -> u32 {
        match self {
            Labels::Classes { ids, .. } => ids[row],
            Labels::Values(values) => values[row].to_bits(),
        }
    }

    /// Bytes held.
    pub(super) fn memory_bytes(&self) -> usize {
        match self {
            Labels::Classes { ids, classes } => ids.capacity() * size_of::<u32>() + classes.get_array_memory_size(),
            Labels::Values(values) => values.capacity() * size_of::<f32>(),
        }
    }
}

/// The labels of some rows: numbers as they came, texts as numbers into the batch's distinct texts.
#[derive(Debug)]
struct Part {
    labels: ArrayRef,
    ids: Option<Vec<u32>>,
}

/// All labels so far.
#[derive(Debug, Default)]
pub(super) struct LabelParts {
    parts: Vec<Part>,
    rows: usize,
    bytes: usize,
}

impl LabelParts {
    /// Takes labels without NULLs.
    pub(super) fn push(&mut self, labels: &ArrayRef) -> Result<(), Error> {
        let labels = plain_labels(labels)?;
        if let Some(first) = self.parts.first()
            && first.labels.data_type() != labels.data_type()
        {
            return Err(label_type_error(&labels));
        }
        self.rows += labels.len();
        let part = match labels.data_type() {
            // Texts can be nothing but classes, of which there are few.
            DataType::Utf8 => {
                let (ids, labels) = distinct(&labels)?;
                Part { labels, ids: Some(ids) }
            }
            _ => Part { labels, ids: None },
        };
        let ids = part.ids.as_ref().map_or(0, |ids| ids.capacity() * size_of::<u32>());
        self.bytes += part.labels.get_array_memory_size() + ids + size_of::<Part>();
        self.parts.push(part);
        Ok(())
    }

    /// Bytes held, with what settling them takes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes + self.rows * size_of::<u32>()
    }

    /// The labels and the type they have. A batch's memory is given back when its labels are settled.
    pub(super) fn finish(self, kind: LabelKind) -> Result<(Labels, DataType), Error> {
        let Some(first) = self.parts.first() else { return Err(Error::NoRows) };
        let label_type = first.labels.data_type().clone();
        let as_values = match kind {
            LabelKind::Auto => label_type.is_floating(),
            LabelKind::Classes => false,
            LabelKind::Values => true,
        };
        let labels = if as_values { self.values()? } else { self.classes()? };
        Ok((labels, label_type))
    }

    fn values(self) -> Result<Labels, Error> {
        let mut all = Vec::with_capacity(self.rows);
        for part in self.parts {
            let floats = values(&part.labels, all.len())?;
            all.extend_from_slice(floats.values());
        }
        Ok(Labels::Values(all))
    }

    fn classes(self) -> Result<Labels, Error> {
        let mut ids = Vec::with_capacity(self.rows);
        let mut found: Vec<ArrayRef> = Vec::with_capacity(self.parts.len());
        let mut known = 0;
        for part in self.parts {
            if part.labels.data_type().is_floating() {
                // NaN is no class, and not equal to itself.
                values(&part.labels, ids.len())?;
            }
            let (own, classes) = match part.ids {
                Some(ids) => (ids, part.labels),
                None => distinct(&part.labels)?,
            };
            ids.extend(own.into_iter().map(|id| known + id));
            known += classes.len() as u32;
            found.push(classes);
        }
        let parts: Vec<&dyn Array> = found.iter().map(AsRef::as_ref).collect();
        let found = concat(&parts).map_err(|error| Error::Arity(error.to_string()))?;
        let (class_of, classes) = distinct(&found)?;
        for id in &mut ids {
            *id = class_of[*id as usize];
        }
        Ok(Labels::Classes { ids, classes })
    }
}

/// Labels without views, dictionaries and slices, in one of the types that a model can remember.
fn plain_labels(labels: &ArrayRef) -> Result<ArrayRef, Error> {
    let mut value_type = labels.data_type();
    while let DataType::Dictionary(_, inner) = value_type {
        value_type = inner;
    }
    let plain = match value_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            DataType::Float64
        }
        DataType::Boolean | DataType::Float32 | DataType::Float64 => value_type.clone(),
        other if other.is_integer() => other.clone(),
        _ => return Err(label_type_error(labels)),
    };
    let plain = cast(labels, &plain).map_err(|_| label_type_error(labels))?;
    // A slice of a larger batch would keep all of it alive.
    let rows = UInt32Array::from_iter_values(0..plain.len() as u32);
    take(&plain, &rows, None).map_err(|_| label_type_error(labels))
}

fn label_type_error(labels: &ArrayRef) -> Error {
    Error::Type { what: "a label", data_type: labels.data_type().to_string() }
}

/// Numbers as floats, all finite.
fn values(labels: &ArrayRef, before: usize) -> Result<Float32Array, Error> {
    if !labels.data_type().is_numeric() {
        return Err(Error::LossMismatch { loss: "mse".to_owned(), label_type: labels.data_type().to_string() });
    }
    let floats = cast(labels, &DataType::Float32).map_err(|_| label_type_error(labels))?;
    let floats: &Float32Array = floats.as_primitive::<Float32Type>();
    if let Some(row) = floats.values().iter().position(|value| !value.is_finite()) {
        let value = floats.value(row).to_string();
        return Err(Error::NotFinite { row: before + row + 1, what: "the label", value });
    }
    Ok(floats.clone())
}

/// The distinct values, sorted, and for each value its place among them.
fn distinct(labels: &ArrayRef) -> Result<(Vec<u32>, ArrayRef), Error> {
    let sorted = lexsort_to_indices(&[SortColumn { values: Arc::clone(labels), options: None }], None)
        .map_err(|_| label_type_error(labels))?;
    let in_order = take(labels, &sorted, None).map_err(|_| label_type_error(labels))?;
    let partitions =
        arrow::compute::partition(std::slice::from_ref(&in_order)).map_err(|_| label_type_error(labels))?;
    let mut ids = vec![0; labels.len()];
    let mut firsts = Vec::new();
    for (class, range) in partitions.ranges().into_iter().enumerate() {
        firsts.push(range.start as u32);
        for position in range {
            ids[sorted.value(position) as usize] = class as u32;
        }
    }
    let classes = take(&in_order, &UInt32Array::from(firsts), None).map_err(|_| label_type_error(labels))?;
    Ok((ids, classes))
}
