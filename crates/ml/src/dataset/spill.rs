//! Rows in a file, sorted into partitions by what they hold.
//!
//! Each time memory is full its rows are written as one run, partition by partition: large writes, and of each partition one
//! extent. An extent holds a head for each row (its hash and its number), then the values of all. Which partition a row
//! belongs to depends on its values alone, so neither the order of rows nor the memory there is make a difference to
//! whoever reads a partition and orders its rows.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::ToByteSlice;
use mead_common::CancelFlag;

use super::blocks::{Blocks, Row};
use super::file::SpillSpace;
use super::hash::hash_row;
use super::window::Window;
use crate::Error;

/// How many partitions there are.
pub(crate) const PARTITIONS: usize = 256;

/// Bytes of a row's head: its hash and its number.
pub(super) const HEAD_BYTES: usize = 2 * size_of::<u64>();

/// Bytes of a window that are enough for large reads.
const WINDOW_BYTES: usize = 16 << 20;

/// The most partitions in a window: two windows take a sixteenth of the data.
const WINDOW_PARTITIONS_MAX: usize = 8;

/// Bytes that are written at once.
const WRITE_BYTES: usize = 1 << 20;

/// Some rows of a partition, one after the other in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) rows: usize,
    pub(super) floats: bool,
}

/// Where the rows of each partition lie.
#[derive(Debug)]
pub(crate) struct Extents(Vec<Vec<Extent>>);

impl Extents {
    pub(crate) fn new() -> Self {
        Self(vec![Vec::new(); PARTITIONS])
    }

    /// Rows in a partition.
    pub(crate) fn rows(&self, partition: usize) -> usize {
        self.0[partition].iter().map(|extent| extent.rows).sum()
    }
}

/// The features of a dataset in a file.
#[derive(Debug)]
pub(crate) struct Spilled {
    space: Arc<SpillSpace>,
    width: usize,
    /// Whether any of the rows are floats.
    floats: bool,
    all: Extents,
}

impl Spilled {
    pub(super) fn new(space: Arc<SpillSpace>, width: usize) -> Self {
        Self { space, width, floats: false, all: Extents::new() }
    }

    /// All rows.
    pub(crate) fn all(&self) -> &Extents {
        &self.all
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.all.0.iter().map(|extents| extents.capacity() * size_of::<Extent>() + size_of::<Vec<Extent>>()).sum()
    }

    /// Partitions in a window: settled by the data alone, for results depend on it.
    pub(crate) fn window_partitions(&self) -> usize {
        let bytes: usize = (0..PARTITIONS).map(|partition| self.bytes_of(self.all.rows(partition))).sum();
        (WINDOW_BYTES / (bytes / PARTITIONS).max(1)).clamp(1, WINDOW_PARTITIONS_MAX)
    }

    /// Bytes that a window may take in memory, with what it takes to order it.
    pub(crate) fn window_bytes(&self) -> usize {
        let mut rows: Vec<usize> = (0..PARTITIONS).map(|partition| self.all.rows(partition)).collect();
        rows.sort_unstable();
        let most: usize = rows.iter().rev().take(self.window_partitions()).sum();
        // Heads as they are read and as they are kept, the order of all rows and of those to learn from.
        self.bytes_of(most).saturating_add(most.saturating_mul(2 * HEAD_BYTES + 2 * size_of::<usize>()))
    }

    fn bytes_of(&self, rows: usize) -> usize {
        rows.saturating_mul(self.width).saturating_mul(if self.floats { size_of::<f32>() } else { 1 })
    }

    /// Writes rows of memory as one run; `first` is the number of the first among all rows.
    pub(super) fn write(&mut self, blocks: &Blocks, first: usize, cancel: &CancelFlag) -> Result<(), Error> {
        if blocks.rows() == 0 {
            return Ok(());
        }
        let mut order = Vec::with_capacity(blocks.rows());
        for row in 0..blocks.rows() {
            if row % 4096 == 0 {
                check(cancel)?;
            }
            order.push((hash_row(blocks.row(row)), row));
        }
        order.sort_unstable();
        self.floats |= blocks.floats();
        let mut run = Run::new(&self.space, self.width, blocks.floats(), blocks.rows());
        let mut start = 0;
        for partition in 0..PARTITIONS {
            check(cancel)?;
            let count = order[start..].partition_point(|(hash, _)| partition_of(*hash) == partition);
            let rows = &order[start..start + count];
            let heads = rows.iter().map(|(hash, row)| (*hash, first + row));
            let extent = run.extent(heads, rows.iter().map(|(_, row)| blocks.row(*row)), cancel)?;
            self.all.0[partition].extend(extent);
            start += count;
        }
        run.flush()
    }

    /// Writes rows of a window again, as a part of partition `partition` of `to`.
    pub(crate) fn write_again(
        &self,
        window: &Window,
        rows: &[usize],
        to: &mut Extents,
        partition: usize,
        cancel: &CancelFlag,
    ) -> Result<(), Error> {
        let mut run = Run::new(&self.space, self.width, self.floats, rows.len());
        let heads = rows.iter().map(|row| (window.hash(*row), window.number(*row)));
        let extent = run.extent(heads, rows.iter().map(|row| window.row(*row)), cancel)?;
        to.0[partition].extend(extent);
        run.flush()
    }

    /// Reads partitions into one window.
    pub(crate) fn read(&self, from: &Extents, partitions: &[usize], cancel: &CancelFlag) -> Result<Window, Error> {
        let count = partitions.iter().map(|partition| from.rows(*partition)).sum();
        let mut window = Window::new(self.width, self.floats, count);
        for partition in partitions {
            for extent in &from.0[*partition] {
                check(cancel)?;
                window.read(&self.space, extent)?;
            }
            window.end_partition();
        }
        check(cancel)?;
        window.finish(&self.space)
    }
}

/// The partition of a row, by its hash.
fn partition_of(hash: u64) -> usize {
    (hash >> (u64::BITS - PARTITIONS.ilog2())) as usize
}

fn check(cancel: &CancelFlag) -> Result<(), Error> {
    cancel.reason().map_or(Ok(()), |reason| Err(reason.into()))
}

/// A run that is being written.
struct Run<'a> {
    space: &'a SpillSpace,
    width: usize,
    floats: bool,
    /// Where `buffer` goes, and where the run ends.
    range: Range<u64>,
    buffer: Vec<u8>,
}

impl<'a> Run<'a> {
    fn new(space: &'a SpillSpace, width: usize, floats: bool, rows: usize) -> Self {
        let row_bytes = HEAD_BYTES + width * if floats { size_of::<f32>() } else { 1 };
        let bytes = rows as u64 * row_bytes as u64;
        let start = space.allocate(bytes);
        Self { space, width, floats, range: start..start + bytes, buffer: Vec::with_capacity(WRITE_BYTES) }
    }

    /// Rows of one partition.
    fn extent<'r>(
        &mut self,
        heads: impl ExactSizeIterator<Item = (u64, usize)>,
        rows: impl Iterator<Item = Row<'r>>,
        cancel: &CancelFlag,
    ) -> Result<Option<Extent>, Error> {
        let extent =
            Extent { offset: self.range.start + self.buffer.len() as u64, rows: heads.len(), floats: self.floats };
        for (hash, number) in heads {
            self.put(&hash.to_le_bytes())?;
            self.put(&(number as u64).to_le_bytes())?;
        }
        for row in rows {
            match row {
                Row::Bytes(bytes) if !self.floats => self.put(bytes)?,
                Row::Floats(floats) => self.put(floats.to_byte_slice())?,
                Row::Bytes(bytes) => {
                    let floats: Vec<f32> = bytes[..self.width].iter().copied().map(f32::from).collect();
                    self.put(floats.as_slice().to_byte_slice())?;
                }
            }
            if self.buffer.is_empty() {
                check(cancel)?;
            }
        }
        Ok((extent.rows > 0).then_some(extent))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WRITE_BYTES {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        self.space.write(&self.buffer, self.range.start)?;
        self.range.start += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn flush(mut self) -> Result<(), Error> {
        self.write()
    }
}
