//! The gradient of [`narrow`](super::narrow) where the fields of a pool window are a square of 4×4 values, as of a 3×3
//! convolution of one channel: the square lies in one vector of AVX-512, and what each filter's winner saw is looked up there,
//! where the general form multiplies all four fields and keeps one.

use std::arch::x86_64::*;

use super::gather::vector;
use super::lanes::{Avx512, Lanes};
use super::{Narrow, Pooling};

/// Terms of a sum.
const TERMS: usize = 9;

/// From a field's first value to each of its terms within the square.
const PLACES: [i32; TERMS] = [0, 1, 2, 4, 5, 6, 8, 9, 10];

impl Narrow<'_> {
    /// The distance between the square's rows, if the fields are one.
    pub(super) fn square(&self) -> Option<usize> {
        let row = self.places[2];
        let terms = [0, 1, 2, row, row + 1, row + 2, 2 * row, 2 * row + 1, 2 * row + 2];
        (self.places == [0, 1, row, row + 1] && self.terms == terms).then_some(row)
    }
}

/// As [`narrow_weight_gradient`](super::narrow_weight_gradient).
///
/// # Safety
/// What that checks; the fields are squares with rows that far apart; the processor has AVX-512.
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq")]
pub(super) unsafe fn square_weight_gradient(
    shape: &Narrow<'_>,
    row: usize,
    pooling: &Pooling<'_>,
    images: *const f32,
    weights: *mut f32,
    bias: *mut f32,
) {
    let mut filter = 0;
    // SAFETY: as the caller says; the filters are padded to whole vectors.
    unsafe {
        while filter + 2 * Avx512::LEN <= pooling.padded {
            tile::<2>(shape, row, pooling, filter, images, weights, bias);
            filter += 2 * Avx512::LEN;
        }
        if filter < pooling.padded {
            tile::<1>(shape, row, pooling, filter, images, weights, bias);
        }
    }
}

/// `V` vectors of filters, over all windows.
///
/// # Safety
/// As [`square_weight_gradient`].
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq")]
unsafe fn tile<const V: usize>(
    shape: &Narrow<'_>,
    row: usize,
    pooling: &Pooling<'_>,
    filter: usize,
    images: *const f32,
    weights: *mut f32,
    bias: *mut f32,
) {
    // SAFETY: as the caller says.
    unsafe {
        let place = |term: usize, v: usize| weights.add(term * pooling.padded + filter + v * Avx512::LEN);
        let mut sums = [[Avx512::splat(0.0); TERMS]; V];
        let mut all = [Avx512::splat(0.0); V];
        for (v, sums) in sums.iter_mut().enumerate() {
            for (term, sum) in sums.iter_mut().enumerate() {
                *sum = Avx512::load(place(term, v));
            }
        }
        for (window, offset) in shape.windows.iter().enumerate() {
            let field = images.add(*offset);
            let mut square = _mm512_castps128_ps512(_mm_loadu_ps(field));
            square = _mm512_insertf32x4::<1>(square, _mm_loadu_ps(field.add(row)));
            square = _mm512_insertf32x4::<2>(square, _mm_loadu_ps(field.add(2 * row)));
            square = _mm512_insertf32x4::<3>(square, _mm_loadu_ps(field.add(3 * row)));
            for v in 0..V {
                let first = filter + v * Avx512::LEN;
                let values: Avx512 = vector(pooling, window, first);
                all[v] = all[v].add(values);
                let winner = Avx512::load_places(pooling.winners.as_ptr().add(window * pooling.padded + first));
                // Places 0 to 3 as those of the square: 0, 1, 4, 5.
                let below = _mm512_srli_epi32::<1>(winner);
                let start = _mm512_add_epi32(winner, _mm512_add_epi32(below, below));
                for (sum, place) in sums[v].iter_mut().zip(PLACES) {
                    let seen = _mm512_permutexvar_ps(_mm512_add_epi32(start, _mm512_set1_epi32(place)), square);
                    *sum = sum.add_product(Avx512::of(seen), values);
                }
            }
        }
        for v in 0..V {
            for (term, sum) in sums[v].iter().enumerate() {
                sum.store(place(term, v));
            }
            let bias = bias.add(filter + v * Avx512::LEN);
            Avx512::load(bias).add(all[v]).store(bias);
        }
    }
}
