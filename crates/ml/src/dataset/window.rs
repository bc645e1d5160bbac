//! The rows of a few partitions, read back into memory.

use arrow::buffer::{Buffer, MutableBuffer};

use super::blocks::Row;
use super::file::SpillSpace;
use super::hash::hash_row;
use super::spill::{Extent, HEAD_BYTES};
use crate::Error;

/// Rows, partition after partition.
#[derive(Debug)]
pub(crate) struct Window {
    width: usize,
    floats: bool,
    /// For each row its hash and its number among all rows.
    heads: Vec<(u64, usize)>,
    /// Behind the last row of each partition.
    ends: Vec<usize>,
    filling: MutableBuffer,
    values: Buffer,
}

impl Window {
    pub(super) fn new(width: usize, floats: bool, rows: usize) -> Self {
        let bytes = rows * width * if floats { size_of::<f32>() } else { 1 };
        Self {
            width,
            floats,
            heads: Vec::with_capacity(rows),
            ends: Vec::new(),
            filling: MutableBuffer::from_len_zeroed(bytes),
            values: MutableBuffer::new(0).into(),
        }
    }

    /// Reads the rows of one extent, behind those before.
    pub(super) fn read(&mut self, space: &SpillSpace, extent: &Extent) -> Result<(), Error> {
        let mut heads = vec![0; extent.rows * HEAD_BYTES];
        space.read(&mut heads, extent.offset)?;
        let start = self.heads.len() * self.width;
        let len = extent.rows * self.width;
        self.heads.extend(heads.chunks_exact(HEAD_BYTES).map(|head| {
            let (hash, number) = head.split_at(HEAD_BYTES / 2);
            (word(hash), word(number) as usize)
        }));
        let offset = extent.offset + heads.len() as u64;
        match (self.floats, extent.floats) {
            (false, _) => space.read(&mut self.filling.as_slice_mut()[start..start + len], offset),
            (true, true) => {
                let size = size_of::<f32>();
                space.read(&mut self.filling.as_slice_mut()[start * size..(start + len) * size], offset)
            }
            (true, false) => {
                let mut bytes = vec![0; len];
                space.read(&mut bytes, offset)?;
                let floats = self.filling.typed_data_mut::<f32>();
                for (float, byte) in floats[start..start + len].iter_mut().zip(bytes) {
                    *float = f32::from(byte);
                }
                Ok(())
            }
        }
    }

    pub(super) fn end_partition(&mut self) {
        self.ends.push(self.heads.len());
    }

    /// Everything is read; looks whether it is what was written.
    pub(super) fn finish(mut self, space: &SpillSpace) -> Result<Self, Error> {
        self.values = std::mem::take(&mut self.filling).into();
        if (0..self.heads.len()).any(|row| hash_row(self.row(row)) != self.hash(row)) {
            return Err(space.damaged());
        }
        Ok(self)
    }

    /// Where the rows of each partition begin and end.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(self.ends.iter().copied()).map(|(start, end)| start..end)
    }

    pub(crate) fn rows(&self) -> usize {
        self.heads.len()
    }

    pub(crate) fn hash(&self, row: usize) -> u64 {
        self.heads[row].0
    }

    /// The row's number among all rows of its dataset.
    pub(crate) fn number(&self, row: usize) -> usize {
        self.heads[row].1
    }

    pub(crate) fn row(&self, row: usize) -> Row<'_> {
        let range = row * self.width..(row + 1) * self.width;
        if self.floats { Row::Floats(&self.values.typed_data()[range]) } else { Row::Bytes(&self.values[range]) }
    }
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}
