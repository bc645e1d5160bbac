//! One long slice that threads write block by block and read as a whole.

use std::cell::UnsafeCell;
use std::ops::{Deref, Range};

use parking_lot::{RwLock, RwLockReadGuard};

/// Values in a block: long enough to be worth a thread's attention, short enough to be shared out evenly.
const BLOCK: usize = 8192;

/// Values that may be written in blocks by several threads at once.
#[derive(Debug)]
pub(super) struct Blocks {
    values: Box<[UnsafeCell<f32>]>,
    locks: Vec<RwLock<()>>,
}

// SAFETY: a block's values are reached only under its lock: written by one at a time, read while nobody writes.
unsafe impl Sync for Blocks {}

/// All values, while nobody writes any.
pub(super) struct Whole<'a> {
    values: &'a [f32],
    _locks: Vec<RwLockReadGuard<'a, ()>>,
}

impl Blocks {
    pub(super) fn new(values: Vec<f32>) -> Self {
        let locks = (0..values.len().div_ceil(BLOCK)).map(|_| RwLock::new(())).collect();
        Self { values: values.into_iter().map(UnsafeCell::new).collect(), locks }
    }

    /// How many blocks there are.
    pub(super) fn count(&self) -> usize {
        self.locks.len()
    }

    /// Where block `index` lies.
    pub(super) fn range(&self, index: usize) -> Range<usize> {
        index * BLOCK..self.values.len().min((index + 1) * BLOCK)
    }

    /// Lets `write` change block `index`.
    pub(super) fn write<R>(&self, index: usize, write: impl FnOnce(&mut [f32]) -> R) -> R {
        let range = self.range(index);
        let _lock = self.locks[index].write();
        let cells = &self.values[range];
        // SAFETY: the block's lock is held, so nobody else reads or writes these cells.
        let block = unsafe { std::slice::from_raw_parts_mut(UnsafeCell::raw_get(cells.as_ptr()), cells.len()) };
        write(block)
    }

    /// Lets `change` see and change a range that need not be one block.
    pub(super) fn update(&self, range: Range<usize>, change: impl FnOnce(&mut [f32])) {
        let mut values = self.read()[range.clone()].to_vec();
        change(&mut values);
        for block in range.start / BLOCK..range.end.div_ceil(BLOCK) {
            let own = self.range(block);
            let (start, end) = (range.start.max(own.start), range.end.min(own.end));
            self.write(block, |to| {
                to[start - own.start..end - own.start].copy_from_slice(&values[start - range.start..end - range.start]);
            });
        }
    }

    pub(super) fn read(&self) -> Whole<'_> {
        let locks = self.locks.iter().map(RwLock::read).collect();
        // SAFETY: all locks are held for reading as long as the slice lives; a cell lies in memory as what it holds.
        let values = unsafe { std::slice::from_raw_parts(self.values.as_ptr().cast::<f32>(), self.values.len()) };
        Whole { values, _locks: locks }
    }

    pub(super) fn into_inner(self) -> Vec<f32> {
        self.values.into_iter().map(UnsafeCell::into_inner).collect()
    }
}

impl Deref for Whole<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_written_side_by_side() {
        let blocks = Blocks::new(vec![0.0; 3 * BLOCK + 5]);
        assert_eq!(blocks.count(), 4);
        std::thread::scope(|scope| {
            for index in 0..blocks.count() {
                let blocks = &blocks;
                scope.spawn(move || blocks.write(index, |block| block.fill(index as f32)));
            }
        });
        let whole = blocks.read();
        assert!((0..whole.len()).all(|at| whole[at] == (at / BLOCK) as f32));
    }
}
