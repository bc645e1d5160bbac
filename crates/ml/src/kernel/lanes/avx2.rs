//! Eight lanes of AVX2 with FMA.

use std::arch::x86_64::*;

use super::Lanes;

#[derive(Clone, Copy)]
pub(in crate::kernel) struct Avx2(__m256);

/// From place `8 − width` on: a mask of the first `width` lanes.
static FIRST: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

impl Lanes for Avx2 {
    const LEN: usize = 8;
    const SUMS: usize = 12;
    type Places = __m256i;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: as the trait says; so in all that follows.
        unsafe { Self(_mm256_set1_ps(value)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: see `splat`.
        unsafe { Self(_mm256_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: see `splat`.
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, width: usize) -> Self {
        // SAFETY: see `splat`; lanes beyond the width are not touched.
        unsafe {
            let first = FIRST.as_ptr().add(8 - width.min(8));
            Self(_mm256_maskload_ps(from, _mm256_loadu_si256(first.cast())))
        }
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, width: usize) {
        // A masked store takes some processors dozens of cycles; the parts of a width do not.
        // SAFETY: see `load_part`.
        unsafe {
            if width >= 8 {
                return self.store(to);
            }
            let mut rest = _mm256_castps256_ps128(self.0);
            let mut to = to;
            if width & 4 != 0 {
                _mm_storeu_ps(to, rest);
                rest = _mm256_extractf128_ps::<1>(self.0);
                to = to.add(4);
            }
            if width & 2 != 0 {
                _mm_storel_pd(to.cast(), _mm_castps_pd(rest));
                rest = _mm_movehl_ps(rest, rest);
                to = to.add(2);
            }
            if width & 1 != 0 {
                _mm_store_ss(to, rest);
            }
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: see `splat`.
        unsafe { Self(_mm256_add_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        // SAFETY: see `splat`.
        unsafe { Self(_mm256_sub_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        // SAFETY: see `splat`.
        unsafe { Self(_mm256_mul_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn add_product(self, left: Self, right: Self) -> Self {
        // SAFETY: see `splat`.
        unsafe { Self(_mm256_fmadd_ps(left.0, right.0, self.0)) }
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // SAFETY: see `splat`.
        unsafe {
            let below = _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, _mm256_setzero_ps());
            Self(_mm256_andnot_ps(below, self.0))
        }
    }

    #[inline(always)]
    unsafe fn largest_of_four(values: [Self; 4]) -> (Self, Self::Places) {
        // SAFETY: see `splat`.
        unsafe {
            let (mut largest, mut winner) = (values[0].0, _mm256_setzero_ps());
            for (place, value) in values.into_iter().enumerate().skip(1) {
                // Larger, or one of them is NaN; but a NaN that leads stays.
                let larger = _mm256_cmp_ps::<_CMP_NLE_UQ>(value.0, largest);
                let better = _mm256_and_ps(larger, _mm256_cmp_ps::<_CMP_ORD_Q>(largest, largest));
                largest = _mm256_blendv_ps(largest, value.0, better);
                let place = _mm256_castsi256_ps(_mm256_set1_epi32(place as i32));
                winner = _mm256_blendv_ps(winner, place, better);
            }
            (Self(largest), _mm256_castps_si256(winner))
        }
    }

    #[inline(always)]
    unsafe fn choose(self, places: Self::Places, other: Self, place: u32) -> (Self, Self::Places) {
        // SAFETY: see `splat`.
        unsafe {
            let larger = _mm256_cmp_ps::<_CMP_NLE_UQ>(other.0, self.0);
            let better = _mm256_and_ps(larger, _mm256_cmp_ps::<_CMP_ORD_Q>(self.0, self.0));
            let place = _mm256_castsi256_ps(_mm256_set1_epi32(place as i32));
            let places = _mm256_blendv_ps(_mm256_castsi256_ps(places), place, better);
            (Self(_mm256_blendv_ps(self.0, other.0, better)), _mm256_castps_si256(places))
        }
    }

    #[inline(always)]
    unsafe fn store_places(places: Self::Places, to: *mut u32) {
        // SAFETY: see `splat`.
        unsafe { _mm256_storeu_si256(to.cast(), places) }
    }

    #[inline(always)]
    unsafe fn load_places(from: *const u32) -> Self::Places {
        // SAFETY: see `splat`.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn keep_where(self, places: Self::Places, place: u32) -> Self {
        // SAFETY: see `splat`.
        unsafe {
            let keep = _mm256_cmpeq_epi32(places, _mm256_set1_epi32(place as i32));
            Self(_mm256_and_ps(_mm256_castsi256_ps(keep), self.0))
        }
    }

    #[inline(always)]
    unsafe fn keep_above_zero(self, other: Self) -> Self {
        // SAFETY: see `splat`.
        unsafe {
            let keep = _mm256_cmp_ps::<_CMP_GT_OQ>(other.0, _mm256_setzero_ps());
            Self(_mm256_and_ps(keep, self.0))
        }
    }

    #[inline(always)]
    unsafe fn pick(self, places: Self::Places, place: u32, first: u32, values: *mut f32, lanes: *mut u32) -> usize {
        let (mut own, mut own_places) = ([0.0_f32; 8], [0_u32; 8]);
        // SAFETY: see `splat`; no more is written than there are lanes.
        unsafe {
            self.store(own.as_mut_ptr());
            Self::store_places(places, own_places.as_mut_ptr());
            super::pick_one_by_one(&own, &own_places, place, first, values, lanes)
        }
    }

    #[inline(always)]
    unsafe fn transpose_square(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        // SAFETY: see `splat`.
        unsafe {
            let zero = _mm256_setzero_ps();
            let (mut rows, mut pairs) = ([zero; 8], [zero; 8]);
            for (index, row) in rows.iter_mut().enumerate() {
                *row = _mm256_loadu_ps(from.add(index * from_row));
            }
            for index in 0..4 {
                pairs[2 * index] = _mm256_unpacklo_ps(rows[2 * index], rows[2 * index + 1]);
                pairs[2 * index + 1] = _mm256_unpackhi_ps(rows[2 * index], rows[2 * index + 1]);
            }
            for four in [0, 4] {
                let double = |index: usize| _mm256_castps_pd(pairs[four + index]);
                rows[four] = _mm256_castpd_ps(_mm256_unpacklo_pd(double(0), double(2)));
                rows[four + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(double(0), double(2)));
                rows[four + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(double(1), double(3)));
                rows[four + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(double(1), double(3)));
            }
            for index in 0..4 {
                let (first, second) = (rows[index], rows[index + 4]);
                _mm256_storeu_ps(to.add(index * to_row), _mm256_permute2f128_ps::<0x20>(first, second));
                _mm256_storeu_ps(to.add((index + 4) * to_row), _mm256_permute2f128_ps::<0x31>(first, second));
            }
        }
    }
}
