//! The gradient of a pooled convolution's weights where a field's rows are shorter than a vector, as in a network's first
//! layer: lanes are filters here, and what the pool dropped counts as zero.

use super::Isa;
use super::lanes::{Lanes, for_each_isa, padded};

/// Where the gradient finds its values. Offsets count values from the start of the images.
#[derive(Debug)]
pub struct Narrow<'a> {
    /// Of each pool window the first value of its first output's field.
    pub windows: &'a [usize],
    /// From there to the fields of its four outputs.
    pub places: [usize; 4],
    /// From a field's first value to each of its terms.
    pub terms: &'a [usize],
    /// Padded to whole panels.
    pub filters: usize,
}

/// Terms that are summed together.
const TILE: usize = 9;

/// Adds to `weights`, `[term][filter]`. `gradient`, `[window][filter]`, is that of each window's winner, zero where the
/// rectifier cut it off; `winners` says which of the four that was.
pub fn narrow_weight_gradient(
    isa: Isa,
    shape: &Narrow<'_>,
    images: &[f32],
    gradient: &[f32],
    winners: &[u32],
    weights: &mut [f32],
) {
    let largest = |values: &[usize]| values.iter().copied().max().unwrap_or(0);
    let last = largest(shape.windows) + largest(&shape.places) + largest(shape.terms);
    let count = shape.windows.len() * shape.filters;
    assert!(
        shape.filters == padded(shape.filters)
            && last < images.len()
            && gradient.len() == count
            && winners.len() == count
            && weights.len() == shape.terms.len() * shape.filters,
        "a narrow gradient does not fit its slices"
    );
    let (images, gradient, winners) = (images.as_ptr(), gradient.as_ptr(), winners.as_ptr());
    // SAFETY: every index lies inside its slice.
    unsafe { weight_gradient(isa, shape, images, gradient, winners, weights.as_mut_ptr()) }
}

for_each_isa! {
    /// # Safety
    /// What [`narrow_weight_gradient`] checks.
    unsafe fn weight_gradient(
        shape: &Narrow<'_>, images: *const f32, gradient: *const f32, winners: *const u32, weights: *mut f32,
    ) = weight_gradient_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// What [`narrow_weight_gradient`] checks.
#[inline(always)]
unsafe fn weight_gradient_body<L: Lanes>(
    shape: &Narrow<'_>,
    images: *const f32,
    gradient: *const f32,
    winners: *const u32,
    weights: *mut f32,
) {
    for filter in (0..shape.filters).step_by(L::LEN) {
        let mut first = 0;
        while first < shape.terms.len() {
            // SAFETY: the terms from `first` on exist, as many as the tile takes.
            unsafe {
                let weights = weights.add(first * shape.filters + filter);
                let (gradient, winners) = (gradient.add(filter), winners.add(filter));
                if shape.terms.len() - first >= TILE {
                    tile::<L, TILE>(shape, first, images, gradient, winners, weights);
                    first += TILE;
                } else {
                    tile::<L, 1>(shape, first, images, gradient, winners, weights);
                    first += 1;
                }
            }
        }
    }
}

/// `T` terms of a vector of filters, over all windows.
///
/// # Safety
/// As [`weight_gradient_body`].
#[inline(always)]
unsafe fn tile<L: Lanes, const T: usize>(
    shape: &Narrow<'_>,
    first: usize,
    images: *const f32,
    gradient: *const f32,
    winners: *const u32,
    weights: *mut f32,
) {
    // SAFETY: as the caller says.
    unsafe {
        let mut sums = [L::splat(0.0); T];
        for (term, sum) in sums.iter_mut().enumerate() {
            *sum = L::load(weights.add(term * shape.filters));
        }
        let mut offsets = [0_usize; T];
        offsets.copy_from_slice(&shape.terms[first..first + T]);
        for (window, offset) in shape.windows.iter().enumerate() {
            let all = L::load(gradient.add(window * shape.filters));
            let winner = L::load_places(winners.add(window * shape.filters));
            for (place, at) in shape.places.iter().enumerate() {
                let values = all.keep_where(winner, place as u32);
                let field = images.add(offset + at);
                for (sum, offset) in sums.iter_mut().zip(&offsets) {
                    *sum = sum.add_product(L::splat(*field.add(*offset)), values);
                }
            }
        }
        for (term, sum) in sums.iter().enumerate() {
            sum.store(weights.add(term * shape.filters));
        }
    }
}
