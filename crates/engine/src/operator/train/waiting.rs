//! The groups that wait to be trained, and the memory that they hold until then.

use std::collections::VecDeque;

use datafusion::execution::memory_pool::MemoryReservation;
use mead_common::Diagnostic;
use mead_ml::DatasetBuilder;
use parking_lot::Mutex;

use super::rows::{Group, spill_largest};
use super::spill::Spill;

/// Shared with whoever trains the group before: it may need room.
pub(super) struct Waiting {
    groups: Mutex<VecDeque<Group>>,
    /// What the groups hold.
    reservation: MemoryReservation,
    spill: Spill,
}

impl Waiting {
    pub(super) fn new(groups: Vec<Group>, reservation: MemoryReservation, spill: Spill) -> Self {
        Self { groups: Mutex::new(groups.into()), reservation, spill }
    }

    /// The next group, with what each of its datasets holds.
    pub(super) fn next(&self) -> Option<(Group, Vec<MemoryReservation>)> {
        let group = self.groups.lock().pop_front()?;
        let take =
            |dataset: &DatasetBuilder| self.reservation.split(dataset.memory_bytes().min(self.reservation.size()));
        let held = group.datasets.iter().map(take).collect();
        Some((group, held))
    }

    pub(super) fn spill(&self) -> &Spill {
        &self.spill
    }

    /// Spills half of what the groups hold; false if there is nothing to spill.
    pub(super) fn make_room(&self) -> Result<bool, Diagnostic> {
        let mut groups = self.groups.lock();
        let room = spill_largest(groups.make_contiguous(), &self.spill)?;
        let held: usize = groups.iter().flat_map(|group| &group.datasets).map(DatasetBuilder::memory_bytes).sum();
        self.reservation.resize(held.min(self.reservation.size()));
        Ok(room)
    }
}
