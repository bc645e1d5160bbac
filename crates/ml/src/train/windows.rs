//! Rows of a file, window by window.
//!
//! The partitions that rows were spilled to are taken in an order drawn anew for each epoch, a fixed number at a time. The rows
//! of such a window are brought into an order of their own, which neither their order in the file nor the memory that there
//! was makes a difference to, and shuffled; batches go on from one window to the next. While one window is learned from, a
//! thread reads the next. Rows to validate with are written once more, to partitions of their own, before the first epoch.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use mead_common::CancelFlag;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::feed::{Pass, Place, Side, Taken};
use super::order::canonical_of;
use super::setup::{split, validation_rows};
use crate::Error;
use crate::dataset::{Dataset, Extents, PARTITIONS, Spilled, Window};

/// Streams of the random numbers: for a partition's split, for an epoch's order.
const SPLIT_STREAM: u64 = 1 << 62;
const EPOCH_STREAM: u64 = 1 << 61;

/// A dataset in a file, to train on.
pub(super) struct Windows<'a> {
    dataset: &'a Dataset,
    spilled: &'a Spilled,
    seed: u64,
    cancel: &'a CancelFlag,
    /// How many rows of each partition are validated with.
    validation_rows: Vec<usize>,
    validate: Extents,
}

/// A window and the order of its rows.
type Ordered = (Arc<Window>, Vec<usize>);

impl<'a> Windows<'a> {
    /// Reads all rows once, if some of them are to be validated with.
    pub(super) fn new(
        dataset: &'a Dataset,
        spilled: &'a Spilled,
        validation_fraction: f64,
        seed: u64,
        cancel: &'a CancelFlag,
    ) -> Result<Self, Error> {
        // Rounded so that the sum is what it is in memory.
        let mut before = 0;
        let validation_rows = (0..PARTITIONS).map(|partition| {
            let until = before + spilled.all().rows(partition);
            let count = validation_rows(until, validation_fraction) - validation_rows(before, validation_fraction);
            before = until;
            count
        });
        let validation_rows: Vec<usize> = validation_rows.collect();
        let mut windows = Self { dataset, spilled, seed, cancel, validation_rows, validate: Extents::new() };
        for partition in (0..PARTITIONS).filter(|partition| windows.validation_rows[*partition] > 0).collect::<Vec<_>>()
        {
            let window = spilled.read(spilled.all(), &[partition], cancel)?;
            let (_, validate) = windows.split(&window, 0..spilled.all().rows(partition), partition);
            spilled.write_again(&window, &validate, &mut windows.validate, partition, cancel)?;
        }
        Ok(windows)
    }

    pub(super) fn pass<R>(&self, side: Side, body: impl FnOnce(&mut dyn Pass) -> Result<R, Error>) -> Result<R, Error> {
        // The reader hands over a window before it begins the next but one: two are held, three where a batch needs both.
        let (sender, windows) = sync_channel(0);
        thread::scope(|scope| {
            let reader = thread::Builder::new().name("mead-train-read".to_owned());
            reader.spawn_scoped(scope, move || self.read(side, &sender)).map_err(|source| Error::Thread { source })?;
            // Dropped with the receiver, which ends the reader.
            body(&mut FilePass { windows, current: None, taken: 0 })
        })
    }

    /// Reads the windows of a pass until nobody wants them any more.
    fn read(&self, side: Side, to: &SyncSender<Result<Ordered, Error>>) {
        let mut partitions: Vec<usize> = (0..PARTITIONS).collect();
        if let Side::Learn(epoch) = side {
            partitions.shuffle(&mut self.random(EPOCH_STREAM | ((epoch as u64) << 16)));
        }
        for (number, partitions) in partitions.chunks(self.spilled.window_partitions()).enumerate() {
            let window = self.window(side, number, partitions);
            let failed = window.is_err();
            if to.send(window).is_err() || failed {
                return;
            }
        }
    }

    fn window(&self, side: Side, number: usize, partitions: &[usize]) -> Result<Ordered, Error> {
        let Side::Learn(epoch) = side else {
            let window = self.spilled.read(&self.validate, partitions, self.cancel)?;
            let order =
                window.partitions().flat_map(|rows| canonical_of(&window, rows, &self.dataset.labels)).collect();
            return Ok((Arc::new(window), order));
        };
        let window = self.spilled.read(self.spilled.all(), partitions, self.cancel)?;
        let mut order = Vec::with_capacity(window.rows());
        for (rows, partition) in window.partitions().zip(partitions) {
            order.extend(self.split(&window, rows, *partition).0);
        }
        order.shuffle(&mut self.random(EPOCH_STREAM | ((epoch as u64) << 16) | (number as u64 + 1)));
        Ok((Arc::new(window), order))
    }

    /// The rows of a partition to learn from, and those to validate with.
    fn split(&self, window: &Window, rows: std::ops::Range<usize>, partition: usize) -> (Vec<usize>, Vec<usize>) {
        let order = canonical_of(window, rows, &self.dataset.labels);
        split(order, self.validation_rows[partition], &mut self.random(SPLIT_STREAM | partition as u64))
    }

    fn random(&self, stream: u64) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(stream);
        random
    }
}

/// The windows of a pass, as its reader gives them.
struct FilePass {
    windows: Receiver<Result<Ordered, Error>>,
    current: Option<Ordered>,
    /// Rows of the current window that are taken.
    taken: usize,
}

impl Pass for FilePass {
    fn take(&mut self, count: usize) -> Result<Taken, Error> {
        let mut all = Taken::default();
        while all.places.len() < count {
            let Some((window, order)) = &self.current else {
                match self.windows.recv() {
                    Ok(window) => self.current = Some(window?),
                    // The reader has come to its end.
                    Err(_) => return Ok(all),
                }
                continue;
            };
            let rest = &order[self.taken..];
            let rows = &rest[..rest.len().min(count - all.places.len())];
            if !rows.is_empty() {
                let place = all.windows.len();
                all.windows.push(Arc::clone(window));
                all.places.extend(rows.iter().map(|row| Place { window: place, row: *row }));
            }
            self.taken += rows.len();
            if self.taken == order.len() {
                (self.current, self.taken) = (None, 0);
            }
        }
        Ok(all)
    }
}
