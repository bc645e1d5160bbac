//! The general product: `C[i, j] += Σ_s Σ_k A(i, s, k) · B[s·K + k, j]`.
//!
//! A is addressed by three strides, so that one kernel serves a matrix, its transpose, and the windows of a convolution
//! read where they lie (a segment is a row of the window). Tiles of C stay in registers: 6 rows of up to 64 columns with
//! AVX-512, of 16 with AVX2.

use super::Isa;
use super::lanes::{Lanes, for_each_isa};

/// Sizes and strides of one product, in elements.
#[derive(Debug, Clone, Copy)]
pub struct Product {
    /// Rows and columns of C.
    pub m: usize,
    pub n: usize,
    /// Terms of each sum: `segments × k`.
    pub segments: usize,
    pub k: usize,
    /// `A(i, s, k) = a[i·a_row + s·a_segment + k·a_step]`.
    pub a_row: usize,
    pub a_segment: usize,
    pub a_step: usize,
    /// The distance between rows of B, and of C.
    pub b_row: usize,
    pub c_row: usize,
}

impl Product {
    /// `C[m, n] += A[m, k] · B[k, n]`, all dense and row-major.
    pub fn dense(m: usize, k: usize, n: usize) -> Self {
        Self { m, n, segments: 1, k, a_row: k, a_segment: 0, a_step: 1, b_row: n, c_row: n }
    }

    /// `C[k, n] += Aᵀ · B` for `A[m, k]` and `B[m, n]`, all dense and row-major.
    pub fn transposed(m: usize, k: usize, n: usize) -> Self {
        Self { m: k, n, segments: 1, k: m, a_row: 1, a_segment: 0, a_step: k, b_row: n, c_row: n }
    }

    fn is_empty(&self) -> bool {
        self.m == 0 || self.n == 0 || self.segments == 0 || self.k == 0
    }

    /// Panics unless every index lies inside its slice; what the kernels rely on.
    fn check(&self, a: &[f32], b: &[f32], c: &[f32]) {
        let a_last = (self.m - 1) * self.a_row + (self.segments - 1) * self.a_segment + (self.k - 1) * self.a_step;
        let b_last = (self.segments * self.k - 1) * self.b_row + self.n - 1;
        let c_last = (self.m - 1) * self.c_row + self.n - 1;
        assert!(a_last < a.len() && b_last < b.len() && c_last < c.len(), "a product does not fit its slices");
    }
}

/// Adds the product to `c`. Panics if the sizes do not fit the slices, or the processor lacks the instructions.
pub fn multiply(isa: Isa, product: &Product, a: &[f32], b: &[f32], c: &mut [f32]) {
    if !product.is_empty() {
        product.check(a, b, c);
        // SAFETY: `check` has put every index inside its slice.
        unsafe { add_product_of(form(isa, product.n), product, a.as_ptr(), b.as_ptr(), c.as_mut_ptr()) }
    }
}

/// Puts the product in `c`, whatever was there. No size may be zero.
pub fn multiply_over(isa: Isa, product: &Product, a: &[f32], b: &[f32], c: &mut [f32]) {
    assert!(!product.is_empty(), "a product of nothing");
    product.check(a, b, c);
    // SAFETY: `check` has put every index inside its slice.
    unsafe { put_product_of(form(isa, product.n), product, a.as_ptr(), b.as_ptr(), c.as_mut_ptr()) }
}

/// The instruction set for so many columns: what fills a shorter vector exactly is not masked in a longer one, whose stores
/// the next product's loads would wait for. Both round alike.
fn form(isa: Isa, columns: usize) -> Isa {
    if isa == Isa::Avx512 && matches!(columns, 4 | 8) && Isa::Avx2.is_available() { Isa::Avx2 } else { isa }
}

/// The same as it is defined, for tests.
#[cfg(test)]
fn multiply_plain(product: &Product, a: &[f32], b: &[f32], c: &mut [f32]) {
    for i in 0..product.m {
        for j in 0..product.n {
            let mut sum = c[i * product.c_row + j];
            for s in 0..product.segments {
                for k in 0..product.k {
                    sum += a[i * product.a_row + s * product.a_segment + k * product.a_step]
                        * b[(s * product.k + k) * product.b_row + j];
                }
            }
            c[i * product.c_row + j] = sum;
        }
    }
}

for_each_isa! {
    /// # Safety
    /// Every index of `product` lies inside the slice that its pointer came from.
    unsafe fn add_product_of(product: &Product, a: *const f32, b: *const f32, c: *mut f32) = columns {
        Avx512: [4, true], Avx2: [2, true], Portable: [2, true],
    }
}

for_each_isa! {
    /// # Safety
    /// As [`add_product_of`].
    unsafe fn put_product_of(product: &Product, a: *const f32, b: *const f32, c: *mut f32) = columns {
        Avx512: [4, false], Avx2: [2, false], Portable: [2, false],
    }
}

/// Walks C in blocks of columns: as wide as registers allow, then one vector, then what is left.
///
/// # Safety
/// Every index of `p` lies inside the slice that its pointer came from.
#[inline(always)]
unsafe fn columns<L: Lanes, const V: usize, const ADD: bool>(p: &Product, a: *const f32, b: *const f32, c: *mut f32) {
    let mut j = 0;
    // SAFETY: `j` stays at or below `n`, and each call is given the number of columns that are left.
    unsafe {
        while j + L::LEN * V <= p.n {
            rows::<L, V, ADD>(p, a, b.add(j), c.add(j), L::LEN);
            j += L::LEN * V;
        }
        while V > 2 && j + L::LEN * 2 <= p.n {
            rows::<L, 2, ADD>(p, a, b.add(j), c.add(j), L::LEN);
            j += L::LEN * 2;
        }
        while j + L::LEN <= p.n {
            rows::<L, 1, ADD>(p, a, b.add(j), c.add(j), L::LEN);
            j += L::LEN;
        }
        if j < p.n {
            rows::<L, 1, ADD>(p, a, b.add(j), c.add(j), p.n - j);
        }
    }
}

/// # Safety
/// As [`columns`]; `width` columns are left when `V` is 1.
#[inline(always)]
unsafe fn rows<L: Lanes, const V: usize, const ADD: bool>(
    p: &Product,
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    width: usize,
) {
    let mut i = 0;
    // SAFETY: `i` stays at or below `m`.
    unsafe {
        while i + 6 <= p.m {
            tile::<6, L, V, ADD>(p, a.add(i * p.a_row), b, c.add(i * p.c_row), width);
            i += 6;
        }
        match p.m - i {
            5 => tile::<5, L, V, ADD>(p, a.add(i * p.a_row), b, c.add(i * p.c_row), width),
            4 => tile::<4, L, V, ADD>(p, a.add(i * p.a_row), b, c.add(i * p.c_row), width),
            3 => tile::<3, L, V, ADD>(p, a.add(i * p.a_row), b, c.add(i * p.c_row), width),
            2 => tile::<2, L, V, ADD>(p, a.add(i * p.a_row), b, c.add(i * p.c_row), width),
            1 => tile::<1, L, V, ADD>(p, a.add(i * p.a_row), b, c.add(i * p.c_row), width),
            _ => {}
        }
    }
}

/// One tile of C: `M` rows of `V` vectors, of which only `width` lanes count when that is less than all.
///
/// # Safety
/// As [`columns`].
#[inline(always)]
unsafe fn tile<const M: usize, L: Lanes, const V: usize, const ADD: bool>(
    p: &Product,
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    width: usize,
) {
    // SAFETY: the caller keeps every index inside; with fewer columns than lanes only `width` are read or written.
    unsafe {
        let mut sums = [[L::splat(0.0); V]; M];
        for s in 0..p.segments {
            let a = a.add(s * p.a_segment);
            let b = b.add(s * p.k * p.b_row);
            for k in 0..p.k {
                let row = b.add(k * p.b_row);
                let mut vectors = [L::splat(0.0); V];
                if width == L::LEN {
                    for (v, vector) in vectors.iter_mut().enumerate() {
                        *vector = L::load(row.add(v * L::LEN));
                    }
                } else {
                    vectors[0] = L::load_part(row, width);
                }
                for (i, sums) in sums.iter_mut().enumerate() {
                    let factor = L::splat(*a.add(i * p.a_row + k * p.a_step));
                    for (sum, vector) in sums.iter_mut().zip(&vectors) {
                        *sum = sum.add_product(factor, *vector);
                    }
                }
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            let row = c.add(i * p.c_row);
            for (v, sum) in sums.iter().enumerate() {
                let place = row.add(v * L::LEN);
                if width == L::LEN {
                    let sum = if ADD { sum.add(L::load(place)) } else { *sum };
                    sum.store(place);
                } else {
                    let sum = if ADD { sum.add(L::load_part(place, width)) } else { *sum };
                    sum.store_part(place, width);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state % 2001) as f32 / 1000.0 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn fast_is_plain(m in 1_usize..20, n in 1_usize..150, segments in 1_usize..4, k in 1_usize..20, seed: u32) {
            let product = Product {
                m, n, segments, k, a_row: 3, a_segment: m * 3 + 2, a_step: 2, b_row: n + 1, c_row: n + 2,
            };
            let a = numbers(m * 3 + segments * (m * 3 + 2) + k * 2, seed);
            let b = numbers(segments * k * (n + 1), seed ^ 7);
            let c = numbers(m * (n + 2), seed ^ 9);
            let mut plain = c.clone();
            multiply_plain(&product, &a, &b, &mut plain);
            for isa in Isa::available() {
                let mut fast = c.clone();
                multiply(isa, &product, &a, &b, &mut fast);
                for (fast, plain) in fast.iter().zip(&plain) {
                    prop_assert!((fast - plain).abs() <= 1e-4, "{isa:?}: {fast} is not {plain}");
                }
            }
        }
    }

    #[test]
    fn nan_travels() {
        let product = Product::dense(2, 3, 17);
        let mut a = vec![1.0; 6];
        a[4] = f32::NAN;
        for isa in Isa::available() {
            let mut c = vec![0.0; 34];
            multiply(isa, &product, &a, &[1.0; 51], &mut c);
            assert!(c[..17].iter().all(|value| *value == 3.0) && c[17..].iter().all(|value| value.is_nan()));
        }
    }

    #[test]
    #[should_panic(expected = "does not fit")]
    fn sizes_are_checked() {
        multiply(Isa::Portable, &Product::dense(2, 2, 2), &[0.0; 3], &[0.0; 4], &mut [0.0; 4]);
    }
}
