//! The passes of a batch norm over its values, which lie row by row with one column a channel.
//!
//! Callers repeat what each channel has until it fills [`norm_width`] columns: a row is then several pixels of a few
//! channels, and vectors are full.

use super::Isa;
use super::lanes::{Lanes, for_each_isa};

/// Columns of a row for so many channels: whole pixels, and enough of them.
pub fn norm_width(channels: usize) -> usize {
    if channels >= 64 { channels } else { 64 / channels * channels }
}

/// Sums over rows; of each column.
#[derive(Debug)]
pub struct Sums<'a> {
    /// Of the values: `value − mean`, or of the gradients.
    pub first: &'a mut [f32],
    /// Of their products with `value − mean`.
    pub second: &'a mut [f32],
}

/// Adds to `sums` those of `values` and, if there are gradients, of them. The last row may be shorter; at most a few dozen
/// rows, as the sums are in `f32`.
pub fn norm_sums(isa: Isa, mean: &[f32], values: &[f32], gradient: Option<&[f32]>, sums: Sums<'_>) {
    let width = mean.len();
    assert!(
        width > 0
            && sums.first.len() == width
            && sums.second.len() == width
            && gradient.is_none_or(|gradient| gradient.len() == values.len()),
        "a batch norm's sums do not fit its values"
    );
    let (first, second) = (sums.first.as_mut_ptr(), sums.second.as_mut_ptr());
    let (rows, rest) = (values.len() / width, values.len() % width);
    let last = values.len() - rest;
    // SAFETY: there are `rows` rows of `width` columns, and one of `rest`, in all slices.
    unsafe {
        match gradient {
            Some(gradient) => {
                let (values, gradient) = (values.as_ptr(), gradient.as_ptr());
                gradient_sums(isa, mean.as_ptr(), values, gradient, [rows, width, width], first, second);
                let (values, gradient) = (values.add(last), gradient.add(last));
                gradient_sums(isa, mean.as_ptr(), values, gradient, [1, rest, width], first, second);
            }
            None => {
                let values = values.as_ptr();
                value_sums(isa, mean.as_ptr(), values, values, [rows, width, width], first, second);
                let values = values.add(last);
                value_sums(isa, mean.as_ptr(), values, values, [1, rest, width], first, second);
            }
        }
    }
}

/// What each column of a batch norm is moved and scaled by.
#[derive(Debug, Clone, Copy)]
pub struct Norm<'a> {
    pub mean: &'a [f32],
    pub scale: &'a [f32],
    pub shift: &'a [f32],
}

/// `output = (input − mean) · scale + shift`.
pub fn normalize(isa: Isa, norm: &Norm<'_>, input: &[f32], output: &mut [f32]) {
    let width = norm.mean.len();
    assert!(
        width > 0 && norm.scale.len() == width && norm.shift.len() == width && input.len() == output.len(),
        "a batch norm does not fit its values"
    );
    // SAFETY: the body is safe; the macro checks the instructions.
    unsafe { normalize_form(isa, norm, input, output) }
}

/// `grad_input = (grad_output − shift − (input − mean) · slope) · scale`.
pub fn normalize_gradient(
    isa: Isa,
    norm: &Norm<'_>,
    slope: &[f32],
    input: &[f32],
    grad_output: &[f32],
    grad_input: &mut [f32],
) {
    let (width, len) = (norm.mean.len(), input.len());
    assert!(
        width > 0
            && [norm.scale, norm.shift, slope].iter().all(|values| values.len() == width)
            && grad_output.len() == len
            && grad_input.len() == len,
        "a batch norm's gradient does not fit its values"
    );
    // SAFETY: the body is safe; the macro checks the instructions.
    unsafe { gradient_form(isa, norm, slope, input, grad_output, grad_input) }
}

for_each_isa! {
    /// # Safety
    /// None beside the instructions.
    unsafe fn normalize_form(norm: &Norm<'_>, input: &[f32], output: &mut [f32]) = normalize_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

/// # Safety
/// None beside the instructions.
#[inline(always)]
unsafe fn normalize_body<L: Lanes>(norm: &Norm<'_>, input: &[f32], output: &mut [f32]) {
    let width = norm.mean.len();
    for (input, output) in input.chunks(width).zip(output.chunks_mut(width)) {
        let channels = norm.mean.iter().zip(norm.scale).zip(norm.shift);
        for ((output, input), ((mean, scale), shift)) in output.iter_mut().zip(input).zip(channels) {
            *output = (input - mean) * scale + shift;
        }
    }
}

for_each_isa! {
    /// # Safety
    /// None beside the instructions.
    unsafe fn gradient_form(
        norm: &Norm<'_>, slope: &[f32], input: &[f32], grad_output: &[f32], grad_input: &mut [f32],
    ) = gradient_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// None beside the instructions.
#[inline(always)]
unsafe fn gradient_body<L: Lanes>(
    norm: &Norm<'_>,
    slope: &[f32],
    input: &[f32],
    grad_output: &[f32],
    grad_input: &mut [f32],
) {
    let width = norm.mean.len();
    let rows = input.chunks(width).zip(grad_output.chunks(width)).zip(grad_input.chunks_mut(width));
    for ((input, grad), out) in rows {
        let channels = norm.mean.iter().zip(norm.scale).zip(norm.shift.iter().zip(slope));
        for (((out, grad), input), ((mean, scale), (shift, slope))) in out.iter_mut().zip(grad).zip(input).zip(channels)
        {
            *out = (grad - shift - (input - mean) * slope) * scale;
        }
    }
}

for_each_isa! {
    /// `size`: rows, columns, and the distance between rows.
    ///
    /// # Safety
    /// All pointers are good for so many values, those of a column for the columns.
    unsafe fn value_sums(
        mean: *const f32, values: *const f32, gradient: *const f32, size: [usize; 3], first: *mut f32, second: *mut f32,
    ) = sums_body { Avx512: [false], Avx2: [false], Portable: [false], }
}

for_each_isa! {
    /// # Safety
    /// As [`value_sums`].
    unsafe fn gradient_sums(
        mean: *const f32, values: *const f32, gradient: *const f32, size: [usize; 3], first: *mut f32, second: *mut f32,
    ) = sums_body { Avx512: [true], Avx2: [true], Portable: [true], }
}

/// # Safety
/// As [`value_sums`].
#[inline(always)]
unsafe fn sums_body<L: Lanes, const GRADIENT: bool>(
    mean: *const f32,
    values: *const f32,
    gradient: *const f32,
    [rows, columns, distance]: [usize; 3],
    first: *mut f32,
    second: *mut f32,
) {
    let mut column = 0;
    // SAFETY: `column` stays below `columns`, and each call is given the number of columns that are left.
    unsafe {
        while column < columns {
            let vectors = if column + 4 * L::LEN <= columns { 4 } else { 1 };
            let width = (vectors * L::LEN).min(columns - column);
            let (mean, values, gradient) = (mean.add(column), values.add(column), gradient.add(column));
            let (first, second) = (first.add(column), second.add(column));
            if vectors == 4 {
                sum_columns::<L, 4, GRADIENT, true>(mean, values, gradient, [rows, distance, width], first, second);
            } else if width == L::LEN {
                sum_columns::<L, 1, GRADIENT, true>(mean, values, gradient, [rows, distance, width], first, second);
            } else {
                sum_columns::<L, 1, GRADIENT, false>(mean, values, gradient, [rows, distance, width], first, second);
            }
            column += width;
        }
    }
}

/// # Safety
/// As [`value_sums`]; unless `WHOLE`, there are `width` columns, fewer than lanes.
#[inline(always)]
unsafe fn sum_columns<L: Lanes, const V: usize, const GRADIENT: bool, const WHOLE: bool>(
    mean: *const f32,
    values: *const f32,
    gradient: *const f32,
    [rows, distance, width]: [usize; 3],
    first: *mut f32,
    second: *mut f32,
) {
    // SAFETY: as the caller says.
    unsafe {
        let load = |from: *const f32| if WHOLE { L::load(from) } else { L::load_part(from, width) };
        let mut means = [L::splat(0.0); V];
        for (v, value) in means.iter_mut().enumerate() {
            *value = load(mean.add(v * L::LEN));
        }
        let mut sums = [[L::splat(0.0); V]; 2];
        for row in 0..rows {
            for v in 0..V {
                let place = row * distance + v * L::LEN;
                let off = load(values.add(place)).subtract(means[v]);
                let value = if GRADIENT { load(gradient.add(place)) } else { off };
                sums[0][v] = sums[0][v].add(value);
                sums[1][v] = sums[1][v].add_product(value, off);
            }
        }
        for (to, sums) in [first, second].into_iter().zip(sums) {
            for (v, sum) in sums.into_iter().enumerate() {
                let to = to.add(v * L::LEN);
                let sum = load(to).add(sum);
                if WHOLE { sum.store(to) } else { sum.store_part(to, width) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(count: usize, factor: usize) -> Vec<f32> {
        (0..count).map(|place| ((place * factor) % 101) as f32 / 50.0 - 1.0).collect()
    }

    proptest! {
        #[test]
        fn fast_is_plain(width in 1_usize..150, pixels in 0_usize..900, hole in 0_usize..4000) {
            let mut values = numbers(pixels, 7);
            if let Some(value) = values.get_mut(hole) {
                *value = f32::NAN;
            }
            let grads = numbers(pixels, 13);
            let (mean, scale, shift, slope) =
                (numbers(width, 3), numbers(width, 5), numbers(width, 11), numbers(width, 17));
            let norm = Norm { mean: &mean, scale: &scale, shift: &shift };
            let same = |found: f32, expected: f64| {
                (f64::from(found) - expected).abs() < 1e-4 + 1e-6 * expected.abs() || (found.is_nan() && expected.is_nan())
            };
            for isa in Isa::available() {
                let (mut output, mut grad) = (vec![f32::NAN; pixels], vec![f32::NAN; pixels]);
                normalize(isa, &norm, &values, &mut output);
                normalize_gradient(isa, &norm, &slope, &values, &grads, &mut grad);
                let wide = |values: &[f32], place: usize| f64::from(values[place % width]);
                for place in 0..pixels {
                    let off = f64::from(values[place]) - wide(&mean, place);
                    let expected = off * wide(&scale, place) + wide(&shift, place);
                    prop_assert!(same(output[place], expected), "{isa:?}: {}, not {expected}", output[place]);
                    let expected =
                        (f64::from(grads[place]) - wide(&shift, place) - off * wide(&slope, place)) * wide(&scale, place);
                    prop_assert!(same(grad[place], expected), "{isa:?}: {}, not {expected}", grad[place]);
                }
                for gradient in [None, Some(grads.as_slice())] {
                    let (mut first, mut second) = (vec![0.5; width], vec![0.25; width]);
                    norm_sums(isa, &mean, &values, gradient, Sums { first: &mut first, second: &mut second });
                    for column in 0..width {
                        let (mut sum, mut product) = (0.5, 0.25);
                        for place in (column..pixels).step_by(width) {
                            let off = f64::from(values[place]) - wide(&mean, column);
                            let value = gradient.map_or(off, |gradient| f64::from(gradient[place]));
                            sum += value;
                            product += value * off;
                        }
                        prop_assert!(same(first[column], sum), "{isa:?}: {}, not {sum}", first[column]);
                        prop_assert!(same(second[column], product), "{isa:?}: {}, not {product}", second[column]);
                    }
                }
            }
        }
    }
}
