//! The area under the ROC curve of two classes: the chance that a positive row has a higher score than a negative one.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Scores kept apart at most. Beyond, neighbouring ones are taken for the same, which moves the area by less than their
/// distance.
const SCORES_MAX: usize = 1 << 20;

/// How often each score came, by class.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Roc {
    /// By the score's bits, the lowest `coarse` of which are dropped: the bits of positive floats are in their order.
    counts: HashMap<u32, [u64; 2]>,
    coarse: u32,
}

impl Roc {
    /// Counts a row: the probability of the second class, and whether it is the right one.
    pub(super) fn add(&mut self, score: f32, positive: bool) {
        let score = score.max(0.0);
        self.add_count(score.to_bits() >> self.coarse, usize::from(positive), 1);
    }

    pub(super) fn merge(&mut self, other: &Roc) {
        self.coarsen(other.coarse);
        let shift = self.coarse - other.coarse;
        for (bits, counts) in &other.counts {
            // Merging may have coarsened this side further on the way.
            let shift = shift + (self.coarse - other.coarse - shift);
            for (class, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                self.add_count(bits >> shift, class, *count);
            }
        }
    }

    pub(super) fn area(&self) -> Option<f64> {
        let mut scores: Vec<(u32, [u64; 2])> = self.counts.iter().map(|(bits, counts)| (*bits, *counts)).collect();
        scores.sort_unstable();
        let (mut negatives, mut positives, mut won) = (0.0, 0.0, 0.0);
        for (_, [negative, positive]) in scores {
            let (negative, positive) = (negative as f64, positive as f64);
            // Equal scores win half.
            won += positive * (negatives + negative / 2.0);
            negatives += negative;
            positives += positive;
        }
        (negatives > 0.0 && positives > 0.0).then(|| won / (negatives * positives))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<(u32, [u64; 2])>()
    }

    fn add_count(&mut self, bits: u32, class: usize, count: u64) {
        self.counts.entry(bits).or_default()[class] += count;
        while self.counts.len() > SCORES_MAX {
            self.coarsen(self.coarse + 1);
        }
    }

    fn coarsen(&mut self, coarse: u32) {
        if coarse <= self.coarse {
            return;
        }
        let shift = coarse - self.coarse;
        let mut counts: HashMap<u32, [u64; 2]> = HashMap::new();
        for (bits, old) in self.counts.drain() {
            let new = counts.entry(bits >> shift).or_default();
            new[0] += old[0];
            new[1] += old[1];
        }
        self.counts = counts;
        self.coarse = coarse;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_win_half() {
        let mut roc = Roc::default();
        for (score, positive) in [(0.1, false), (0.4, false), (0.4, true), (0.8, true)] {
            roc.add(score, positive);
        }
        assert_eq!(roc.area(), Some(0.875));
        assert_eq!(Roc::default().area(), None);
    }

    #[test]
    fn many_scores_stay_bounded_and_near() {
        let mut roc = Roc::default();
        let mut other = Roc::default();
        let rows = SCORES_MAX * 2;
        for row in 0..rows {
            // Odd rows are positive; scores rise, so the area is a little above one half.
            let half = if row < rows / 2 { &mut roc } else { &mut other };
            half.add(row as f32 / rows as f32, row % 2 == 1);
        }
        roc.merge(&other);
        assert!(roc.counts.len() <= SCORES_MAX);
        assert!(roc.area().is_some_and(|area| (area - 0.5).abs() < 1e-4), "{:?}", roc.area());
    }
}
