//! The gradient of a pooled convolution's weights where a field's rows are shorter than a vector, as in a network's first
//! layer: lanes are filters here, and what the pool dropped counts as zero.

use super::gather::vector;
use super::lanes::{Lanes, for_each_isa};
#[cfg(target_arch = "x86_64")]
use super::narrow_square::square_weight_gradient;
use super::{Isa, Pooling, furthest};

/// Where the gradient finds its values. Offsets count values from the start of the images.
#[derive(Debug)]
pub struct Narrow<'a> {
    /// Of each pool window the first value of its first output's field.
    pub windows: &'a [usize],
    /// From there to the fields of its four outputs.
    pub places: [usize; 4],
    /// From a field's first value to each of its terms.
    pub terms: &'a [usize],
}

/// Terms that are summed together.
const TILE: usize = 9;

/// Adds to `weights`, `[term][filter, padded]`, and to `bias`, padded as well.
pub fn narrow_weight_gradient(
    isa: Isa,
    shape: &Narrow<'_>,
    pooling: &Pooling<'_>,
    images: &[f32],
    weights: &mut [f32],
    bias: &mut [f32],
) {
    pooling.check();
    let last = furthest(shape.windows) + furthest(&shape.places) + furthest(shape.terms);
    assert!(
        last < images.len()
            && pooling.windows() == shape.windows.len()
            && weights.len() == shape.terms.len() * pooling.padded
            && bias.len() == pooling.padded,
        "a narrow gradient does not fit its slices"
    );
    #[cfg(target_arch = "x86_64")]
    if let (Isa::Avx512, Some(row)) = (isa, shape.square()) {
        assert!(isa.is_available(), "this processor has no {isa:?}");
        let (images, weights, bias) = (images.as_ptr(), weights.as_mut_ptr(), bias.as_mut_ptr());
        // SAFETY: every index lies inside its slice, the processor has the instructions.
        return unsafe { square_weight_gradient(shape, row, pooling, images, weights, bias) };
    }
    // SAFETY: every index lies inside its slice.
    unsafe { weight_gradient(isa, shape, pooling, images.as_ptr(), weights.as_mut_ptr(), bias.as_mut_ptr()) }
}

for_each_isa! {
    /// # Safety
    /// What [`narrow_weight_gradient`] checks.
    unsafe fn weight_gradient(
        shape: &Narrow<'_>, pooling: &Pooling<'_>, images: *const f32, weights: *mut f32, bias: *mut f32,
    ) = weight_gradient_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// What [`narrow_weight_gradient`] checks.
#[inline(always)]
unsafe fn weight_gradient_body<L: Lanes>(
    shape: &Narrow<'_>,
    pooling: &Pooling<'_>,
    images: *const f32,
    weights: *mut f32,
    bias: *mut f32,
) {
    for filter in (0..pooling.padded).step_by(L::LEN) {
        let mut first = 0;
        while first < shape.terms.len() {
            // SAFETY: the terms from `first` on exist, as many as the tile takes.
            unsafe {
                let weights = weights.add(first * pooling.padded + filter);
                let begun = first;
                let sum = if shape.terms.len() - first >= TILE {
                    first += TILE;
                    tile::<L, TILE>(shape, pooling, begun, filter, images, weights)
                } else {
                    first += 1;
                    tile::<L, 1>(shape, pooling, begun, filter, images, weights)
                };
                if begun == 0 {
                    L::load(bias.add(filter)).add(sum).store(bias.add(filter));
                }
            }
        }
    }
}

/// `T` terms of a vector of filters, over all windows. Gives the sum of the gradients.
///
/// # Safety
/// As [`weight_gradient_body`].
#[inline(always)]
unsafe fn tile<L: Lanes, const T: usize>(
    shape: &Narrow<'_>,
    pooling: &Pooling<'_>,
    first: usize,
    filter: usize,
    images: *const f32,
    weights: *mut f32,
) -> L {
    // SAFETY: as the caller says.
    unsafe {
        let mut bias = L::splat(0.0);
        let mut sums = [bias; T];
        for (term, sum) in sums.iter_mut().enumerate() {
            *sum = L::load(weights.add(term * pooling.padded));
        }
        let mut offsets = [0_usize; T];
        offsets.copy_from_slice(&shape.terms[first..first + T]);
        for (window, offset) in shape.windows.iter().enumerate() {
            let all = vector::<L>(pooling, window, filter);
            bias = bias.add(all);
            let winner = L::load_places(pooling.winners.as_ptr().add(window * pooling.padded + filter));
            for (place, at) in shape.places.iter().enumerate() {
                let values = all.keep_where(winner, place as u32);
                let field = images.add(offset + at);
                for (sum, offset) in sums.iter_mut().zip(&offsets) {
                    *sum = sum.add_product(L::splat(*field.add(*offset)), values);
                }
            }
        }
        for (term, sum) in sums.iter().enumerate() {
            sum.store(weights.add(term * pooling.padded));
        }
        bias
    }
}
