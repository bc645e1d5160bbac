//! The rows that a model learns from, gathered batch by batch: in memory, or, where they do not fit, in a file.

mod blocks;
mod builder;
mod features;
mod file;
mod hash;
mod labels;
mod spill;
mod window;

#[cfg(test)]
mod spill_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::datatypes::DataType;
use mead_common::CancelFlag;

use crate::Error;
use crate::train::LossKind;

pub(crate) use blocks::Row;
pub use builder::DatasetBuilder;
pub(crate) use features::{is_nested, is_number, tensor_rows};
pub use file::{SpillFile, SpillSpace};
pub(crate) use hash::hash_labelled;
pub use labels::Labels;
pub(crate) use spill::{Extents, PARTITIONS, Spilled};
pub(crate) use window::Window;

/// What the label is to be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// Floating-point and decimal labels are values, all others classes.
    Auto,
    Classes,
    Values,
}

impl From<Option<LossKind>> for LabelKind {
    /// What the labels are where that loss was asked for.
    fn from(loss: Option<LossKind>) -> Self {
        match loss {
            None => LabelKind::Auto,
            Some(LossKind::CrossEntropy) => LabelKind::Classes,
            Some(LossKind::Mse) => LabelKind::Values,
        }
    }
}

/// Features, row by row.
#[derive(Debug)]
enum Features {
    Memory(blocks::Blocks),
    Spilled(Spilled),
}

/// Rows of `width` values and their labels.
#[derive(Debug)]
pub struct Dataset {
    pub rows: usize,
    pub width: usize,
    pub labels: Labels,
    /// As the labels came; text as Utf8, Float16 as Float32, decimals as Float64.
    pub label_type: DataType,
    features: Features,
}

impl Dataset {
    /// Whether the features lie in a file.
    pub fn is_spilled(&self) -> bool {
        matches!(self.features, Features::Spilled(_))
    }

    /// Bytes held in memory.
    pub fn memory_bytes(&self) -> usize {
        let features = match &self.features {
            Features::Memory(blocks) => blocks.memory_bytes(),
            Features::Spilled(spilled) => spilled.memory_bytes(),
        };
        features + self.labels.memory_bytes()
    }

    /// Brings the features to `space`, so that training takes little memory. Its result changes by that: rows are shuffled
    /// window by window (see [`crate::train`]).
    pub fn spill(&mut self, space: &Arc<SpillSpace>, cancel: &CancelFlag) -> Result<(), Error> {
        if let Features::Memory(blocks) = &self.features {
            let mut spilled = Spilled::new(Arc::clone(space), self.width);
            spilled.write(blocks, 0, cancel)?;
            self.features = Features::Spilled(spilled);
        }
        Ok(())
    }

    pub(crate) fn spilled(&self) -> Option<&Spilled> {
        match &self.features {
            Features::Memory(_) => None,
            Features::Spilled(spilled) => Some(spilled),
        }
    }

    /// A row of features in memory.
    ///
    /// # Panics
    /// If they lie in a file: whoever asks has looked at [`Self::is_spilled`].
    pub(crate) fn row(&self, row: usize) -> Row<'_> {
        match &self.features {
            Features::Memory(blocks) => blocks.row(row),
            Features::Spilled(_) => panic!("the rows lie in a file"),
        }
    }

    /// Row `row`, of features in memory, into `out`, which has `width` places.
    pub(crate) fn copy_row(&self, row: usize, out: &mut [f32]) {
        self.row(row).copy_to(out);
    }
}
