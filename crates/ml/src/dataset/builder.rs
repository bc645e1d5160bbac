//! Takes batches, and knows what they take in memory.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use mead_common::CancelFlag;

use super::blocks::Blocks;
use super::features::{first_null, flat_features};
use super::labels::LabelParts;
use super::{Dataset, Features, LabelKind, SpillSpace, Spilled};
use crate::Error;

/// What ordering a row takes: a hash and a number.
const ORDER_BYTES: usize = 2 * size_of::<u64>();

/// Takes batches; holds what it has taken in memory, says how much that is, and puts it into a file when told to.
#[derive(Debug, Default)]
pub struct DatasetBuilder {
    width: usize,
    rows: usize,
    /// The rows that are not spilled.
    pub(super) blocks: Blocks,
    labels: LabelParts,
    spilled: Option<(Spilled, CancelFlag)>,
}

impl DatasetBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds rows. `features`: one column of arrays or bytes, or several of numbers. Rows are counted from 1 in errors,
    /// over all batches.
    pub fn push(&mut self, features: &[ArrayRef], labels: &ArrayRef) -> Result<(), Error> {
        if let Some(row) = first_null(labels) {
            return Err(Error::Null { row: self.rows + row + 1, what: "the label" });
        }
        if let Some(column) = features.iter().find(|column| column.len() != labels.len()) {
            return Err(Error::Arity(format!("{} inputs for {} labels", column.len(), labels.len())));
        }
        let (values, width) = flat_features(features, self.rows)?;
        if labels.is_empty() {
            return Ok(());
        }
        if width == 0 {
            return Err(Error::Arity(format!("row {}: the input is empty", self.rows + 1)));
        }
        if self.rows > 0 && width != self.width {
            return Err(Error::Ragged { row: self.rows + 1, found: width, expected: self.width });
        }
        self.labels.push(labels)?;
        self.width = width;
        self.blocks.push(&values, width);
        self.rows += labels.len();
        Ok(())
    }

    /// Rows taken so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes held, with what bringing rows into order takes.
    pub fn memory_bytes(&self) -> usize {
        let spilled = self.spilled.as_ref().map_or(0, |(spilled, _)| spilled.memory_bytes());
        self.blocks.memory_bytes() + self.blocks.rows() * ORDER_BYTES + self.labels.memory_bytes() + spilled
    }

    /// Bytes that [`Self::spill`] would give back.
    pub fn spillable_bytes(&self) -> usize {
        self.blocks.memory_bytes() + self.blocks.rows() * ORDER_BYTES
    }

    /// Whether rows lie in a file.
    pub fn is_spilled(&self) -> bool {
        self.spilled.is_some()
    }

    /// Brings the features that are held in memory to `space`; labels stay.
    pub fn spill(&mut self, space: &Arc<SpillSpace>, cancel: &CancelFlag) -> Result<(), Error> {
        if self.blocks.rows() == 0 {
            return Ok(());
        }
        let blocks = std::mem::take(&mut self.blocks);
        let (spilled, _) =
            self.spilled.get_or_insert_with(|| (Spilled::new(Arc::clone(space), self.width), cancel.clone()));
        spilled.write(&blocks, self.rows - blocks.rows(), cancel)
    }

    /// The rows with their labels settled; what is not yet spilled is, if any was.
    pub fn finish(mut self, kind: LabelKind) -> Result<Dataset, Error> {
        if self.rows == 0 {
            return Err(Error::NoRows);
        }
        let features = match self.spilled.take() {
            None => Features::Memory(self.blocks),
            Some((mut spilled, cancel)) => {
                let rest = std::mem::take(&mut self.blocks);
                spilled.write(&rest, self.rows - rest.rows(), &cancel)?;
                Features::Spilled(spilled)
            }
        };
        let (labels, label_type) = self.labels.finish(kind)?;
        Ok(Dataset { rows: self.rows, width: self.width, labels, label_type, features })
    }
}
