//! Gathers the live outputs of a pooled convolution into the lists that its backward pass walks.

use super::lanes::{Lanes, PANEL, for_each_isa};
use super::{Isa, Live};

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

/// The live outputs of some windows: for each of a window's four places a list of filters and their gradients.
#[derive(Debug, Default)]
pub struct LiveLists {
    /// `[window][place][filter, padded]`, and room behind the last for a vector.
    pub(super) gradients: Vec<f32>,
    pub(super) filters: Vec<u32>,
    /// How much of each list is filled: `[window][place]`.
    pub(super) counts: Vec<[u32; 4]>,
    /// Places of a list.
    pub(super) room: usize,
    /// Filters that may be listed.
    pub(super) listed: usize,
}

impl LiveLists {
    /// Filter and gradient of what lives at a place of a window.
    fn list(&self, window: usize, place: usize) -> impl Iterator<Item = (u32, f32)> {
        let start = (4 * window + place) * self.room;
        let range = start..start + self.counts[window][place] as usize;
        self.filters[range.clone()].iter().copied().zip(self.gradients[range].iter().copied())
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

    fn check(&self) {
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

    /// The gradient as it is, `[window][filter, padded]`, zero where the rectifier cut it off; adds that of the bias, as long
    /// as the filters are when padded.
    pub fn dense(&self, isa: Isa, to: &mut [f32], bias: &mut [f32]) {
        self.check();
        assert!(to.len() == self.winners.len() && bias.len() == self.padded, "no room for a dense gradient");
        // SAFETY: the lengths are what the kernel relies on.
        unsafe { dense(isa, self, to.as_mut_ptr(), bias.as_mut_ptr()) }
    }

    /// What lives, by window and place; adds the gradient of the bias, as long as the filters are when padded.
    pub fn live(&self, isa: Isa, lists: &mut LiveLists, bias: &mut [f32]) {
        self.check();
        assert!(bias.len() == self.padded, "no room for the gradient of the bias");
        let windows = self.windows();
        let len = 4 * windows * self.padded + PANEL;
        (lists.room, lists.listed) = (self.padded, self.filters);
        lists.gradients.resize(lists.gradients.len().max(len), 0.0);
        lists.filters.resize(lists.filters.len().max(len), 0);
        lists.counts.resize(windows, [0; 4]);
        let (gradients, filters) = (lists.gradients.as_mut_ptr(), lists.filters.as_mut_ptr());
        // SAFETY: the lengths are what the kernel relies on.
        unsafe { live(isa, self, gradients, filters, &mut lists.counts, bias.as_mut_ptr()) }
    }
}

/// What lives, by filter: `to`, `[filter][room]` with room for every window, filled as far as `counts` says. The offset is
/// the window's place plus that of its winner.
pub fn live_by_filter(lists: &LiveLists, windows: &[usize], places: &[usize; 4], to: &mut [Live], counts: &mut [u32]) {
    let room = windows.len();
    assert!(to.len() >= counts.len() * room && lists.counts.len() == windows.len(), "no room for the live outputs");
    counts.fill(0);
    for (window, offset) in windows.iter().enumerate() {
        for (place, at) in places.iter().enumerate() {
            let offset = (offset + at) as u32;
            for (filter, gradient) in lists.list(window, place) {
                let count = &mut counts[filter as usize];
                to[filter as usize * room + *count as usize] = Live { gradient, offset };
                *count += 1;
            }
        }
    }
}

for_each_isa! {
    /// # Safety
    /// What [`Pooling::dense`] checks.
    unsafe fn dense(pooling: &Pooling<'_>, to: *mut f32, bias: *mut f32) = dense_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

/// The gradient of a vector of filters of a window, zero beyond the filters and where the rectifier cut it off.
///
/// # Safety
/// The window and the first of the filters exist.
#[inline(always)]
unsafe fn vector<L: Lanes>(pooling: &Pooling<'_>, window: usize, filter: usize) -> L {
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

/// # Safety
/// What [`Pooling::dense`] checks.
#[inline(always)]
unsafe fn dense_body<L: Lanes>(pooling: &Pooling<'_>, to: *mut f32, bias: *mut f32) {
    for filter in (0..pooling.padded).step_by(L::LEN) {
        // SAFETY: as the caller says.
        unsafe {
            let mut sum = L::load(bias.add(filter));
            for window in 0..pooling.windows() {
                let gradient = vector::<L>(pooling, window, filter);
                sum = sum.add(gradient);
                gradient.store(to.add(window * pooling.padded + filter));
            }
            sum.store(bias.add(filter));
        }
    }
}

for_each_isa! {
    /// # Safety
    /// What [`Pooling::live`] checks.
    unsafe fn live(
        pooling: &Pooling<'_>, gradients: *mut f32, filters: *mut u32, counts: &mut [[u32; 4]], bias: *mut f32,
    ) = live_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// What [`Pooling::live`] checks.
#[inline(always)]
unsafe fn live_body<L: Lanes>(
    pooling: &Pooling<'_>,
    gradients: *mut f32,
    filters: *mut u32,
    counts: &mut [[u32; 4]],
    bias: *mut f32,
) {
    for (window, counts) in counts.iter_mut().enumerate() {
        *counts = [0; 4];
        for filter in (0..pooling.padded).step_by(L::LEN) {
            // SAFETY: as the caller says; a list never holds more than the filters before this vector.
            unsafe {
                let gradient = vector::<L>(pooling, window, filter);
                L::load(bias.add(filter)).add(gradient).store(bias.add(filter));
                let places = L::load_places(pooling.winners.as_ptr().add(window * pooling.padded + filter));
                for (place, count) in counts.iter_mut().enumerate() {
                    let at = (4 * window + place) * pooling.padded + *count as usize;
                    let (gradients, filters) = (gradients.add(at), filters.add(at));
                    *count += gradient.pick(places, place as u32, filter as u32, gradients, filters) as u32;
                }
            }
        }
    }
}
