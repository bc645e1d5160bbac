//! What order the rows come in: those to learn from, shuffled anew for each epoch, and those to validate with.
//!
//! Rows in memory are shuffled as a whole, rows in a file window by window; see [`windows`](super::windows).

use std::sync::Arc;

use mead_common::CancelFlag;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::options::TrainOptions;
use super::order;
use super::setup::{split, validation_rows};
use super::windows::Windows;
use crate::Error;
use crate::dataset::{Dataset, Row, Window};

/// The rows of a training.
pub(super) struct Feed<'a> {
    learn_rows: usize,
    validation_rows: usize,
    source: Source<'a>,
}

enum Source<'a> {
    Memory { learn: Vec<usize>, validate: Vec<usize>, shuffle: Box<ChaCha8Rng> },
    File(Windows<'a>),
}

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Those to learn from, in the order of this epoch, from 1; epochs come one after the other.
    Learn(usize),
    Validate,
}

/// Gives the rows of a side, each once.
pub(super) trait Pass {
    /// The next `count` rows; the caller knows how many there are.
    fn take(&mut self, count: usize) -> Result<Taken, Error>;
}

/// Some rows, and what they lie in.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// None where the dataset itself is in memory.
    pub(super) windows: Vec<Arc<Window>>,
    pub(super) places: Vec<Place>,
}

/// A row's place in its window, or in the dataset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) window: usize,
    pub(super) row: usize,
}

impl Taken {
    /// The row's number among all rows of the dataset.
    pub(super) fn number(&self, place: Place) -> usize {
        self.windows.get(place.window).map_or(place.row, |window| window.number(place.row))
    }

    pub(super) fn row<'r>(&'r self, dataset: &'r Dataset, place: Place) -> Row<'r> {
        match self.windows.get(place.window) {
            Some(window) => window.row(place.row),
            None => dataset.row(place.row),
        }
    }
}

impl<'a> Feed<'a> {
    /// Settles, by the seed, which rows are to learn from.
    pub(super) fn new(
        dataset: &'a Dataset,
        options: &TrainOptions,
        seed: u64,
        cancel: &'a CancelFlag,
    ) -> Result<Self, Error> {
        let validation_rows = validation_rows(dataset.rows, options.validation_fraction);
        let learn_rows = dataset.rows - validation_rows;
        if learn_rows == 0 {
            return Err(Error::NoRows);
        }
        if options.validation_fraction > 0.0 && validation_rows == 0 {
            return Err(Error::InvalidOption {
                name: "validation_fraction".to_owned(),
                reason: format!("of {learn_rows} rows none is left to validate with"),
            });
        }
        let source = match dataset.spilled() {
            None => {
                let mut random = ChaCha8Rng::seed_from_u64(seed);
                random.set_stream(u64::MAX);
                let (learn, validate) = split(order::canonical(dataset), validation_rows, &mut random);
                Source::Memory { learn, validate, shuffle: Box::new(ChaCha8Rng::seed_from_u64(seed)) }
            }
            Some(spilled) => Source::File(Windows::new(dataset, spilled, options.validation_fraction, seed, cancel)?),
        };
        Ok(Self { learn_rows, validation_rows, source })
    }

    pub(super) fn learn_rows(&self) -> usize {
        self.learn_rows
    }

    pub(super) fn validation_rows(&self) -> usize {
        self.validation_rows
    }

    /// Lets `body` take all rows of a side.
    pub(super) fn pass<R>(
        &mut self,
        side: Side,
        body: impl FnOnce(&mut dyn Pass) -> Result<R, Error>,
    ) -> Result<R, Error> {
        match (&mut self.source, side) {
            (Source::Memory { learn, shuffle, .. }, Side::Learn(_)) => {
                learn.shuffle(&mut **shuffle);
                body(&mut Rows(learn))
            }
            (Source::Memory { validate, .. }, Side::Validate) => body(&mut Rows(validate)),
            (Source::File(windows), side) => windows.pass(side, body),
        }
    }
}

/// Rows of a dataset in memory.
struct Rows<'a>(&'a [usize]);

impl Pass for Rows<'_> {
    fn take(&mut self, count: usize) -> Result<Taken, Error> {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        let places = taken.iter().map(|row| Place { window: 0, row: *row }).collect();
        Ok(Taken { windows: Vec::new(), places })
    }
}
