//! Convolution with a 2×2 max-pool behind it, in one pass: outputs that the pool drops are neither stored nor, where its
//! floor cuts them off, computed.
//!
//! The four outputs of a pool window stay in registers for a panel of 16 filters; a term of the sum is one value of the
//! image times one row of the panel. Bias, rectifier, maximum and its place follow before anything is stored.

use super::lanes::{Lanes, PANEL, for_each_isa, padded};
use super::{Isa, furthest};

/// Where a pooled convolution finds its values. Offsets count values from the start of the images.
#[derive(Debug)]
pub struct Pooled<'a> {
    /// Of each pool window the first value of its first output's field.
    pub windows: &'a [usize],
    /// From there to the fields of its four outputs, row by row.
    pub places: [usize; 4],
    /// From a field's first value to each of its runs of values that lie side by side.
    pub runs: &'a [usize],
    /// Values in a run.
    pub run_len: usize,
    pub filters: usize,
    /// True if a rectifier stands before the pool or behind it.
    pub relu: bool,
}

impl Pooled<'_> {
    fn terms(&self) -> usize {
        self.runs.len() * self.run_len
    }

    /// Panics unless every index lies inside its slice; what the kernel relies on.
    fn check(&self, images: &[f32], panels: &[f32], bias: &[f32], output: &[f32], winners: &[u32]) {
        let last = furthest(self.windows) + furthest(&self.places) + furthest(self.runs) + self.run_len;
        let width = padded(self.filters);
        assert!(
            last <= images.len()
                && panels.len() == self.terms() * width
                && bias.len() == width
                && output.len() == self.windows.len() * self.filters
                && winners.len() == self.windows.len() * width,
            "a pooled convolution does not fit its slices"
        );
    }
}

/// Fills `output`, `[window][filter]`, and which of its four outputs was the largest: `winners`, `[window][filter, padded
/// to whole panels]`. `panels`: `[filter / 16][term][filter % 16]`; `bias`: padded.
pub fn pooled_forward(
    isa: Isa,
    shape: &Pooled<'_>,
    images: &[f32],
    panels: &[f32],
    bias: &[f32],
    output: &mut [f32],
    winners: &mut [u32],
) {
    if shape.windows.is_empty() {
        return;
    }
    shape.check(images, panels, bias, output, winners);
    let (panels, bias) = (panels.as_ptr(), bias.as_ptr());
    // SAFETY: `check` has put every index inside its slice.
    unsafe { forward(isa, shape, images.as_ptr(), panels, bias, output.as_mut_ptr(), winners.as_mut_ptr()) }
}

for_each_isa! {
    /// # Safety
    /// What [`Pooled::check`] checks.
    unsafe fn forward(
        shape: &Pooled<'_>, images: *const f32, panels: *const f32, bias: *const f32, output: *mut f32, winners: *mut u32,
    ) = forward_body {
        Avx512: [1, 6],
        Avx2: [2, 1],
        Portable: [2, 1],
    }
}

/// `W` windows at a time, `V` vectors of a panel.
///
/// # Safety
/// What [`Pooled::check`] checks.
#[inline(always)]
unsafe fn forward_body<L: Lanes, const V: usize, const W: usize>(
    shape: &Pooled<'_>,
    images: *const f32,
    panels: *const f32,
    bias: *const f32,
    output: *mut f32,
    winners: *mut u32,
) {
    let terms = shape.terms();
    let count = shape.windows.len();
    for first in (0..padded(shape.filters)).step_by(L::LEN * V) {
        // SAFETY: `first` is inside the padded filters, the windows are those of the shape.
        unsafe {
            let panels = panels.add(first / PANEL * PANEL * terms + first % PANEL);
            let mut window = 0;
            while window + W <= count {
                tile::<L, V, W>(shape, window, first, images, panels, bias, output, winners);
                window += W;
            }
            while window < count {
                tile::<L, V, 1>(shape, window, first, images, panels, bias, output, winners);
                window += 1;
            }
        }
    }
}

/// # Safety
/// As [`forward_body`]; `panels` begins at filter `first`, `window + W` windows exist.
#[expect(clippy::too_many_arguments, reason = "a tile of a kernel")]
#[inline(always)]
unsafe fn tile<L: Lanes, const V: usize, const W: usize>(
    shape: &Pooled<'_>,
    window: usize,
    first: usize,
    images: *const f32,
    panels: *const f32,
    bias: *const f32,
    output: *mut f32,
    winners: *mut u32,
) {
    // SAFETY: as the caller says.
    unsafe {
        let mut sums = [[[L::splat(0.0); 4]; V]; W];
        for v in 0..V {
            let bias = L::load(bias.add(first + v * L::LEN));
            for sums in &mut sums {
                sums[v] = [bias; 4];
            }
        }
        let mut fields = [images; W];
        for (w, field) in fields.iter_mut().enumerate() {
            *field = images.add(*shape.windows.get_unchecked(window + w));
        }
        let mut row = panels;
        for run in shape.runs {
            let mut values = fields;
            for value in &mut values {
                *value = value.add(*run);
            }
            let mut left = shape.run_len;
            // Four terms at a time: their places are constants of the instructions.
            while left >= 4 {
                terms::<L, V, W, 4>(&mut sums, &values, &shape.places, row);
                row = row.add(4 * PANEL);
                for value in &mut values {
                    *value = value.add(4);
                }
                left -= 4;
            }
            match left {
                3 => terms::<L, V, W, 3>(&mut sums, &values, &shape.places, row),
                2 => terms::<L, V, W, 2>(&mut sums, &values, &shape.places, row),
                1 => terms::<L, V, W, 1>(&mut sums, &values, &shape.places, row),
                _ => {}
            }
            row = row.add(left * PANEL);
        }
        let width = padded(shape.filters);
        for (w, sums) in sums.iter().enumerate() {
            for (v, sums) in sums.iter().enumerate() {
                let filter = first + v * L::LEN;
                let (largest, winner) = L::largest_of_four(*sums);
                let largest = if shape.relu { largest.relu() } else { largest };
                L::store_places(winner, winners.add((window + w) * width + filter));
                if filter < shape.filters {
                    let place = output.add((window + w) * shape.filters + filter);
                    largest.store_part(place, shape.filters - filter);
                }
            }
        }
    }
}

/// Adds `T` terms to each sum.
///
/// # Safety
/// As [`tile`].
#[inline(always)]
unsafe fn terms<L: Lanes, const V: usize, const W: usize, const T: usize>(
    sums: &mut [[[L; 4]; V]; W],
    values: &[*const f32; W],
    places: &[usize; 4],
    row: *const f32,
) {
    for term in 0..T {
        // SAFETY: as the caller says.
        unsafe {
            let mut weights = [L::splat(0.0); V];
            for (v, weights) in weights.iter_mut().enumerate() {
                *weights = L::load(row.add(term * PANEL + v * L::LEN));
            }
            for (w, sums) in sums.iter_mut().enumerate() {
                for place in 0..4 {
                    let value = L::splat(*values[w].add(places[place]).add(term));
                    for (v, sums) in sums.iter_mut().enumerate() {
                        sums[place] = sums[place].add_product(value, weights[v]);
                    }
                }
            }
        }
    }
}
