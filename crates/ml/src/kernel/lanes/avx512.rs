//! Sixteen lanes of AVX-512.

use std::arch::x86_64::*;

use super::Lanes;

#[derive(Clone, Copy)]
pub(in crate::kernel) struct Avx512(__m512);

impl Avx512 {
    /// The vector that an instruction of its own has made.
    #[inline(always)]
    pub(in crate::kernel) fn of(vector: __m512) -> Self {
        Self(vector)
    }
}

/// The first `width` lanes.
fn first(width: usize) -> u16 {
    if width >= 16 { u16::MAX } else { (1 << width) - 1 }
}

impl Lanes for Avx512 {
    const LEN: usize = 16;
    const SUMS: usize = 24;
    type Places = __m512i;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: as the trait says; so in all that follows.
        unsafe { Self(_mm512_set1_ps(value)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: see `splat`.
        unsafe { Self(_mm512_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: see `splat`.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, width: usize) -> Self {
        // SAFETY: see `splat`; lanes beyond the width are not touched.
        unsafe { Self(_mm512_maskz_loadu_ps(first(width), from)) }
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, width: usize) {
        // SAFETY: see `load_part`.
        unsafe { _mm512_mask_storeu_ps(to, first(width), self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: see `splat`.
        unsafe { Self(_mm512_add_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        // SAFETY: see `splat`.
        unsafe { Self(_mm512_sub_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        // SAFETY: see `splat`.
        unsafe { Self(_mm512_mul_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn add_product(self, left: Self, right: Self) -> Self {
        // SAFETY: see `splat`.
        unsafe { Self(_mm512_fmadd_ps(left.0, right.0, self.0)) }
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // SAFETY: see `splat`.
        unsafe {
            let below = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, _mm512_setzero_ps());
            Self(_mm512_mask_mov_ps(self.0, below, _mm512_setzero_ps()))
        }
    }

    #[inline(always)]
    unsafe fn largest_of_four(values: [Self; 4]) -> (Self, Self::Places) {
        // SAFETY: see `splat`.
        unsafe {
            let (mut largest, mut winner) = (values[0].0, _mm512_setzero_si512());
            for (place, value) in values.into_iter().enumerate().skip(1) {
                // Larger, or one of them is NaN; but a NaN that leads stays.
                let larger = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(value.0, largest);
                let better = larger & _mm512_cmp_ps_mask::<_CMP_ORD_Q>(largest, largest);
                largest = _mm512_mask_mov_ps(largest, better, value.0);
                winner = _mm512_mask_mov_epi32(winner, better, _mm512_set1_epi32(place as i32));
            }
            (Self(largest), winner)
        }
    }

    #[inline(always)]
    unsafe fn choose(self, places: Self::Places, other: Self, place: u32) -> (Self, Self::Places) {
        // SAFETY: see `splat`.
        unsafe {
            let larger = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(other.0, self.0);
            let better = _mm512_mask_cmp_ps_mask::<_CMP_ORD_Q>(larger, self.0, self.0);
            let places = _mm512_mask_mov_epi32(places, better, _mm512_set1_epi32(place as i32));
            (Self(_mm512_mask_mov_ps(self.0, better, other.0)), places)
        }
    }

    #[inline(always)]
    unsafe fn store_places(places: Self::Places, to: *mut u32) {
        // SAFETY: see `splat`.
        unsafe { _mm512_storeu_si512(to.cast(), places) }
    }

    #[inline(always)]
    unsafe fn load_places(from: *const u32) -> Self::Places {
        // SAFETY: see `splat`.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn keep_where(self, places: Self::Places, place: u32) -> Self {
        // SAFETY: see `splat`.
        unsafe {
            let keep = _mm512_cmpeq_epi32_mask(places, _mm512_set1_epi32(place as i32));
            Self(_mm512_maskz_mov_ps(keep, self.0))
        }
    }

    #[inline(always)]
    unsafe fn keep_above_zero(self, other: Self) -> Self {
        // SAFETY: see `splat`.
        unsafe {
            let keep = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(other.0, _mm512_setzero_ps());
            Self(_mm512_maskz_mov_ps(keep, self.0))
        }
    }

    #[inline(always)]
    unsafe fn pick(self, places: Self::Places, place: u32, first: u32, values: *mut f32, lanes: *mut u32) -> usize {
        // SAFETY: see `splat`.
        unsafe {
            let live = _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(self.0, _mm512_setzero_ps());
            let picked = _mm512_mask_cmpeq_epi32_mask(live, places, _mm512_set1_epi32(place as i32));
            let count = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let numbers = _mm512_add_epi32(count, _mm512_set1_epi32(first as i32));
            // Into registers first: compressing into memory is slow on some processors.
            _mm512_storeu_ps(values, _mm512_maskz_compress_ps(picked, self.0));
            _mm512_storeu_si512(lanes.cast(), _mm512_maskz_compress_epi32(picked, numbers));
            picked.count_ones() as usize
        }
    }

    #[inline(always)]
    unsafe fn transpose_square(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        // SAFETY: see `splat`.
        unsafe {
            let zero = _mm512_setzero_ps();
            let (mut rows, mut pairs) = ([zero; 16], [zero; 16]);
            for (index, row) in rows.iter_mut().enumerate() {
                *row = _mm512_loadu_ps(from.add(index * from_row));
            }
            // Within each quarter of a vector: pairs of rows, then fours.
            for index in 0..8 {
                pairs[2 * index] = _mm512_unpacklo_ps(rows[2 * index], rows[2 * index + 1]);
                pairs[2 * index + 1] = _mm512_unpackhi_ps(rows[2 * index], rows[2 * index + 1]);
            }
            for four in (0..16).step_by(4) {
                let double = |index: usize| _mm512_castps_pd(pairs[four + index]);
                rows[four] = _mm512_castpd_ps(_mm512_unpacklo_pd(double(0), double(2)));
                rows[four + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(double(0), double(2)));
                rows[four + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(double(1), double(3)));
                rows[four + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(double(1), double(3)));
            }
            // Then the quarters change places, twice.
            for index in 0..4 {
                for half in [0, 8] {
                    let (first, second) = (rows[half + index], rows[half + index + 4]);
                    pairs[half + index] = _mm512_shuffle_f32x4::<0x88>(first, second);
                    pairs[half + index + 4] = _mm512_shuffle_f32x4::<0xdd>(first, second);
                }
            }
            for index in 0..8 {
                let (first, second) = (pairs[index], pairs[index + 8]);
                let column = index % 4 + index / 4 * 4;
                _mm512_storeu_ps(to.add(column * to_row), _mm512_shuffle_f32x4::<0x88>(first, second));
                _mm512_storeu_ps(to.add((column + 8) * to_row), _mm512_shuffle_f32x4::<0xdd>(first, second));
            }
        }
    }
}
