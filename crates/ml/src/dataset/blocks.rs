//! Features in memory: blocks of rows that never move once they are full, so that data are held once.

use super::features::Values;

/// Bytes of a full block, but for a row that is longer. So large that the allocator gives each a mapping of its own: blocks that
/// share one leave a part of it unused, which huge pages make resident all the same.
const BLOCK_BYTES: usize = 24 << 20;

/// Values of `width` a row; bytes stay bytes until floats come.
#[derive(Debug, Clone, Default)]
pub(super) struct Blocks {
    width: usize,
    rows: usize,
    /// Rows in every block but the last.
    block_rows: usize,
    blocks: Vec<Block>,
    capacity_bytes: usize,
}

#[derive(Debug, Clone)]
enum Block {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

impl Block {
    fn bytes(&self) -> usize {
        match self {
            Block::Bytes(values) => values.capacity(),
            Block::Floats(values) => values.capacity() * size_of::<f32>(),
        }
    }
}

/// The values of one row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Row<'a> {
    Bytes(&'a [u8]),
    Floats(&'a [f32]),
}

impl Row<'_> {
    /// The values into `out`, which has a place for each.
    pub(crate) fn copy_to(self, out: &mut [f32]) {
        match self {
            Row::Bytes(bytes) => {
                for (out, byte) in out.iter_mut().zip(bytes) {
                    *out = f32::from(*byte);
                }
            }
            Row::Floats(floats) => out.copy_from_slice(floats),
        }
    }
}

impl Blocks {
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether there are floats.
    pub(super) fn floats(&self) -> bool {
        matches!(self.blocks.first(), Some(Block::Floats(_)))
    }

    /// Bytes held.
    pub(super) fn memory_bytes(&self) -> usize {
        self.capacity_bytes + self.blocks.capacity() * size_of::<Block>()
    }

    pub(super) fn row(&self, row: usize) -> Row<'_> {
        let place = row % self.block_rows * self.width;
        match &self.blocks[row / self.block_rows] {
            Block::Bytes(values) => Row::Bytes(&values[place..place + self.width]),
            Block::Floats(values) => Row::Floats(&values[place..place + self.width]),
        }
    }

    /// Adds rows of `width` values, which is that of the rows before; copies each value once.
    pub(super) fn push(&mut self, values: &Values, width: usize) {
        if self.rows == 0 {
            self.width = width;
            let row_bytes = width * if values.floats() { size_of::<f32>() } else { 1 };
            self.block_rows = (BLOCK_BYTES / row_bytes).max(1);
        }
        if values.floats() && !self.floats() {
            for block in &mut self.blocks {
                if let Block::Bytes(bytes) = block {
                    *block = Block::Floats(bytes.iter().copied().map(f32::from).collect());
                }
            }
        }
        let floats = values.floats() || self.floats();
        let (mut taken, rows) = (0, values.rows(width));
        while taken < rows {
            let held = self.rows % self.block_rows;
            if held == 0 {
                self.blocks.push(if floats { Block::Floats(Vec::new()) } else { Block::Bytes(Vec::new()) });
            }
            let count = (rows - taken).min(self.block_rows - held);
            // Only the first block grows: a small dataset must not take a whole one.
            let room = if self.blocks.len() > 1 { self.block_rows } else { (2 * held).max(held + count) };
            let room = room.min(self.block_rows) * width;
            let range = taken..taken + count;
            match self.blocks.last_mut() {
                Some(Block::Bytes(block)) => {
                    block.reserve_exact(room.saturating_sub(block.len()));
                    values.append_bytes(range, width, block);
                }
                Some(Block::Floats(block)) => {
                    block.reserve_exact(room.saturating_sub(block.len()));
                    values.append_floats(range, width, block);
                }
                None => {}
            }
            self.rows += count;
            taken += count;
        }
        self.capacity_bytes = self.blocks.iter().map(Block::bytes).sum();
    }
}
