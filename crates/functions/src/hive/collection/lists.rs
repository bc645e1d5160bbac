//! An array of lists, built a list at a time.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ListArray, new_empty_array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::FieldRef;
use datafusion::error::Result;

/// Lists of one type of element.
pub(crate) struct Lists {
    item: FieldRef,
    parts: Vec<ArrayRef>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl Lists {
    pub fn new(item: &FieldRef) -> Lists {
        Lists { item: Arc::clone(item), parts: Vec::new(), lengths: Vec::new(), valid: Vec::new() }
    }

    /// A list of these elements.
    pub fn push(&mut self, elements: ArrayRef) {
        self.lengths.push(elements.len());
        self.valid.push(true);
        if !elements.is_empty() {
            self.parts.push(elements);
        }
    }

    pub fn null(&mut self) {
        self.lengths.push(0);
        self.valid.push(false);
    }

    pub fn finish(self) -> Result<ArrayRef> {
        let parts: Vec<&dyn Array> = self.parts.iter().map(|part| part.as_ref()).collect();
        let values = if parts.is_empty() { new_empty_array(self.item.data_type()) } else { concat(&parts)? };
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        Ok(Arc::new(ListArray::try_new(self.item, offsets, values, Some(NullBuffer::from(self.valid)))?))
    }
}
