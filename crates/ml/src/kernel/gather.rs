//! Gathers the live outputs of a pooled convolution into the lists that its backward pass walks.

use super::lanes::{Lanes, PANEL, for_each_isa};
use super::{Isa, furthest};

/// What is known of the outputs of some windows, each `[window][filter]`; winners `[window][filter, padded]`.
#[derive(Debug, Clone, Copy)]
pub struct Pooling<'a> {
    pub gradient: &'a [f32],
    pub output: &'a [f32],
    pub winners: &'a [u32],
    pub filters: usize,
    /// Filters, padded to whole panels.
    pub padded: usize,
    /// True if a rectifier lets no gradient through where the output is zero.
    pub relu: bool,
}

/// The live outputs of some windows, by window: filters and their gradients, those of the window's first place first.
#[derive(Debug, Default)]
pub struct LiveLists {
    /// `[window][room]`, and room behind a window's filters for a vector.
    pub(super) gradients: Vec<f32>,
    pub(super) filters: Vec<u32>,
    /// Where the entries of each of a window's places begin, and where the last end.
    pub(super) starts: Vec<[u32; 5]>,
    /// Entries that a window has room for.
    pub(super) room: usize,
    /// Filters that may be listed.
    pub(super) listed: usize,
}

/// One output of a filter that has a gradient.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Live {
    pub gradient: f32,
    /// The place of its field's first value.
    pub offset: u32,
}

/// The live outputs of some windows, by filter.
#[derive(Debug, Default)]
pub struct LiveFilters {
    /// `[filter][room]`, of which `counts` are filled.
    pub(super) lists: Vec<Live>,
    pub(super) counts: Vec<u32>,
    /// Windows, of which each filter can be alive in all.
    pub(super) room: usize,
    /// No field begins behind this place.
    pub(super) furthest: usize,
}

impl LiveFilters {
    /// Puts by filter what is by window. An output's field begins at its window's place and, from there, one of `places`.
    pub fn fill(&mut self, lists: &LiveLists, windows: &[usize], places: &[usize; 4]) {
        assert_eq!(lists.starts.len(), windows.len(), "lists of other windows");
        self.room = windows.len();
        self.furthest = furthest(windows) + furthest(places);
        self.counts.clear();
        self.counts.resize(lists.listed, 0);
        let len = lists.listed * self.room;
        if self.lists.len() < len {
            self.lists.resize(len, Live::default());
        }
        let (to, counts) = (self.lists.as_mut_ptr(), self.counts.as_mut_ptr());
        for (window, (offset, starts)) in windows.iter().zip(&lists.starts).enumerate() {
            for (place, at) in places.iter().enumerate() {
                let offset = (offset + at) as u32;
                for entry in starts[place] as usize..starts[place + 1] as usize {
                    let entry = window * lists.room + entry;
                    // SAFETY: `Pooling::live` alone fills lists, within their room; a filter, one of those that may be
                    // listed, is in a window's entries at most once.
                    unsafe {
                        let filter = *lists.filters.get_unchecked(entry) as usize;
                        let gradient = *lists.gradients.get_unchecked(entry);
                        let count = counts.add(filter);
                        *to.add(filter * self.room + *count as usize) = Live { gradient, offset };
                        *count += 1;
                    }
                }
            }
        }
    }
}

impl<'a> Pooling<'a> {
    pub fn windows(&self) -> usize {
        self.gradient.len() / self.filters.max(1)
    }

    /// Some of the windows.
    pub fn part(&self, windows: std::ops::Range<usize>) -> Self {
        let values = windows.start * self.filters..windows.end * self.filters;
        Self {
            gradient: &self.gradient[values.clone()],
            output: &self.output[values],
            winners: &self.winners[windows.start * self.padded..windows.end * self.padded],
            ..*self
        }
    }

    pub(super) fn check(&self) {
        let windows = self.windows();
        assert!(
            self.padded.is_multiple_of(PANEL)
                && self.filters <= self.padded
                && self.gradient.len() == windows * self.filters
                && self.output.len() == self.gradient.len()
                && self.winners.len() == windows * self.padded,
            "a pool does not fit its slices"
        );
    }

    /// What lives, by window and place; adds the gradient of the bias, as long as the filters are when padded.
    pub fn live(&self, isa: Isa, lists: &mut LiveLists, bias: &mut [f32]) {
        self.check();
        assert!(bias.len() == self.padded, "no room for the gradient of the bias");
        let windows = self.windows();
        (lists.room, lists.listed) = (self.padded + PANEL, self.filters);
        let len = windows * lists.room;
        lists.gradients.resize(lists.gradients.len().max(len), 0.0);
        lists.filters.resize(lists.filters.len().max(len), 0);
        lists.starts.resize(windows, [0; 5]);
        let (gradients, filters) = (lists.gradients.as_mut_ptr(), lists.filters.as_mut_ptr());
        // SAFETY: the lengths are what the kernel relies on.
        unsafe { live(isa, self, gradients, filters, &mut lists.starts, bias.as_mut_ptr()) }
    }
}

/// The gradient of a vector of filters of a window, zero beyond the filters and where the rectifier cut it off.
///
/// # Safety
/// The window and the first of the filters exist.
#[inline(always)]
pub(super) unsafe fn vector<L: Lanes>(pooling: &Pooling<'_>, window: usize, filter: usize) -> L {
    if filter >= pooling.filters {
        // SAFETY: as the caller says; so below.
        return unsafe { L::splat(0.0) };
    }
    unsafe {
        let (place, left) = (window * pooling.filters + filter, pooling.filters - filter);
        let (gradient, output) = (pooling.gradient.as_ptr().add(place), pooling.output.as_ptr().add(place));
        let whole = left >= L::LEN;
        let gradient = if whole { L::load(gradient) } else { L::load_part(gradient, left) };
        if !pooling.relu {
            return gradient;
        }
        gradient.keep_above_zero(if whole { L::load(output) } else { L::load_part(output, left) })
    }
}

for_each_isa! {
    /// # Safety
    /// What [`Pooling::live`] checks.
    unsafe fn live(
        pooling: &Pooling<'_>, gradients: *mut f32, filters: *mut u32, starts: &mut [[u32; 5]], bias: *mut f32,
    ) = live_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// What [`Pooling::live`] checks.
#[inline(always)]
unsafe fn live_body<L: Lanes>(
    pooling: &Pooling<'_>,
    gradients: *mut f32,
    filters: *mut u32,
    starts: &mut [[u32; 5]],
    bias: *mut f32,
) {
    let room = pooling.padded + PANEL;
    for (window, starts) in starts.iter_mut().enumerate() {
        let mut count = 0;
        let [starts @ .., end] = starts;
        for (place, start) in starts.iter_mut().enumerate() {
            *start = count as u32;
            for filter in (0..pooling.padded).step_by(L::LEN) {
                // SAFETY: as the caller says; a filter is picked once, so there is room for all, and a vector behind them.
                unsafe {
                    let gradient = vector::<L>(pooling, window, filter);
                    if place == 0 {
                        L::load(bias.add(filter)).add(gradient).store(bias.add(filter));
                    }
                    let places = L::load_places(pooling.winners.as_ptr().add(window * pooling.padded + filter));
                    let at = window * room + count;
                    let (gradients, filters) = (gradients.add(at), filters.add(at));
                    count += gradient.pick(places, place as u32, filter as u32, gradients, filters);
                }
            }
        }
        *end = count as u32;
    }
}
