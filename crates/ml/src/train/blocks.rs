//! One long slice that threads write block by block and read as a whole.

use std::cell::UnsafeCell;
use std::ops::{Deref, Range};

use parking_lot::{RwLock, RwLockReadGuard};

/// Values of a line of the cache, on which the first begins.
#[derive(Debug)]
#[repr(C, align(64))]
struct Line(UnsafeCell<[f32; LINE]>);

pub(super) const LINE: usize = 16;

/// Values that may be written in blocks by several threads at once.
#[derive(Debug)]
pub(super) struct Blocks {
    lines: Box<[Line]>,
    /// Where each block begins, and where the last one ends.
    bounds: Vec<usize>,
    locks: Vec<RwLock<()>>,
}

// SAFETY: a block's values are reached only under its lock: written by one at a time, read while nobody writes.
unsafe impl Sync for Blocks {}

/// All values, while nobody writes any.
pub(super) struct Whole<'a> {
    values: &'a [f32],
    _locks: Vec<RwLockReadGuard<'a, ()>>,
}

impl Line {
    /// Where the values of some lines begin.
    fn first(lines: &[Line]) -> *mut f32 {
        UnsafeCell::raw_get(lines.as_ptr().cast::<UnsafeCell<[f32; LINE]>>()).cast()
    }
}

impl Blocks {
    /// Blocks that begin at 0 and at each of `bounds`, whose last is the number of values. They ascend, and each but the last is
    /// a multiple of [`LINE`].
    pub(super) fn new(values: &[f32], bounds: &[usize]) -> Self {
        let bounds: Vec<usize> = std::iter::once(0).chain(bounds.iter().copied()).collect();
        let inner = &bounds[..bounds.len() - 1];
        assert!(bounds.is_sorted() && inner.iter().all(|bound| bound.is_multiple_of(LINE)), "blocks that share lines");
        assert_eq!(bounds.last(), Some(&values.len()), "blocks of other values");
        let locks = inner.iter().map(|_| RwLock::new(())).collect();
        let line = |values: &[f32]| {
            let mut line = [0.0; LINE];
            line[..values.len()].copy_from_slice(values);
            Line(UnsafeCell::new(line))
        };
        Self { lines: values.chunks(LINE).map(line).collect(), bounds, locks }
    }

    /// How many blocks there are.
    pub(super) fn count(&self) -> usize {
        self.locks.len()
    }

    fn len(&self) -> usize {
        self.bounds.last().copied().unwrap_or(0)
    }

    /// Where block `index` lies.
    pub(super) fn range(&self, index: usize) -> Range<usize> {
        self.bounds[index]..self.bounds[index + 1]
    }

    /// Lets `write` change block `index`.
    pub(super) fn write<R>(&self, index: usize, write: impl FnOnce(&mut [f32]) -> R) -> R {
        let range = self.range(index);
        let _lock = self.locks[index].write();
        let lines = &self.lines[range.start / LINE..range.end.div_ceil(LINE)];
        // SAFETY: the block's lock is held, so nobody else reads or writes these lines; one lies behind the other, without
        // gaps, and they hold that many values.
        let block = unsafe { std::slice::from_raw_parts_mut(Line::first(lines), range.len()) };
        write(block)
    }

    /// Lets `change` see and change a range that need not be one block.
    pub(super) fn update(&self, range: Range<usize>, change: impl FnOnce(&mut [f32])) {
        let mut values = self.read()[range.clone()].to_vec();
        change(&mut values);
        for block in 0..self.count() {
            let own = self.range(block);
            let (start, end) = (range.start.max(own.start), range.end.min(own.end));
            if start >= end {
                continue;
            }
            self.write(block, |to| {
                to[start - own.start..end - own.start].copy_from_slice(&values[start - range.start..end - range.start]);
            });
        }
    }

    pub(super) fn read(&self) -> Whole<'_> {
        let locks = self.locks.iter().map(RwLock::read).collect();
        // SAFETY: all locks are held for reading as long as the slice lives; the lines hold that many values.
        let values = unsafe { std::slice::from_raw_parts(Line::first(&self.lines), self.len()) };
        Whole { values, _locks: locks }
    }

    pub(super) fn into_inner(self) -> Vec<f32> {
        self.read().to_vec()
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
        let bounds = [32, 48, 112, 117];
        let blocks = Blocks::new(&[0.0; 117], &bounds);
        assert_eq!(blocks.count(), 4);
        std::thread::scope(|scope| {
            for index in 0..blocks.count() {
                let blocks = &blocks;
                scope.spawn(move || blocks.write(index, |block| block.fill(index as f32)));
            }
        });
        let whole = blocks.read();
        let block_of = |at: usize| bounds.iter().filter(|bound| **bound <= at).count();
        assert!((0..whole.len()).all(|at| whole[at] == block_of(at) as f32));
    }
}
