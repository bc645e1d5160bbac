//! Convolution of each channel by itself: lanes are channels, which lie side by side in the image, the kernel and the
//! output alike.

use super::lanes::{Lanes, for_each_isa};
use super::{Isa, furthest};

/// Where a depthwise convolution finds its values. Distances count values of the image, which has its frame of zeros.
#[derive(Debug, Clone, Copy)]
pub struct DepthwiseShape<'a> {
    pub channels: usize,
    /// Height and width of the output.
    pub output: [usize; 2],
    /// From a window to the next one, down and across.
    pub strides: [usize; 2],
    /// From a window's first place to each of its taps.
    pub taps: &'a [usize],
}

impl DepthwiseShape<'_> {
    /// Panics unless every index lies inside its slice; what the kernels rely on.
    fn check(&self, image: &[f32], kernel: &[f32], output: &[f32]) {
        let [height, width] = self.output;
        let last = furthest(self.taps)
            + height.saturating_sub(1) * self.strides[0]
            + width.saturating_sub(1) * self.strides[1];
        assert!(
            last + self.channels <= image.len()
                && kernel.len() == self.taps.len() * self.channels
                && output.len() == height * width * self.channels,
            "a depthwise convolution does not fit its slices"
        );
    }
}

/// Adds to `output`, `[height][width][channel]`. `kernel`: `[tap][channel]`.
pub fn depthwise_forward(isa: Isa, shape: &DepthwiseShape<'_>, image: &[f32], kernel: &[f32], output: &mut [f32]) {
    shape.check(image, kernel, output);
    // SAFETY: `check` has put every index inside its slice.
    unsafe { forward(isa, shape, image.as_ptr(), kernel.as_ptr(), output.as_mut_ptr()) }
}

/// Adds to `kernel` the gradient of the weights. `gradient`: that of the output.
pub fn depthwise_weight_gradient(
    isa: Isa,
    shape: &DepthwiseShape<'_>,
    image: &[f32],
    gradient: &[f32],
    kernel: &mut [f32],
) {
    shape.check(image, kernel, gradient);
    // SAFETY: `check` has put every index inside its slice.
    unsafe { weight_gradient(isa, shape, image.as_ptr(), gradient.as_ptr(), kernel.as_mut_ptr()) }
}

/// Adds to `image` its gradient. `gradient`: that of the output.
pub fn depthwise_input_gradient(
    isa: Isa,
    shape: &DepthwiseShape<'_>,
    gradient: &[f32],
    kernel: &[f32],
    image: &mut [f32],
) {
    shape.check(image, kernel, gradient);
    // SAFETY: `check` has put every index inside its slice.
    unsafe { input_gradient(isa, shape, gradient.as_ptr(), kernel.as_ptr(), image.as_mut_ptr()) }
}

for_each_isa! {
    /// # Safety
    /// What [`DepthwiseShape::check`] checks.
    unsafe fn forward(shape: &DepthwiseShape<'_>, image: *const f32, kernel: *const f32, output: *mut f32) = forward_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

for_each_isa! {
    /// # Safety
    /// What [`DepthwiseShape::check`] checks.
    unsafe fn weight_gradient(
        shape: &DepthwiseShape<'_>, image: *const f32, gradient: *const f32, kernel: *mut f32,
    ) = weight_gradient_body { Avx512: [], Avx2: [], Portable: [], }
}

for_each_isa! {
    /// # Safety
    /// What [`DepthwiseShape::check`] checks.
    unsafe fn input_gradient(
        shape: &DepthwiseShape<'_>, gradient: *const f32, kernel: *const f32, image: *mut f32,
    ) = input_gradient_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// `from` is good for `width` values, or a whole vector if `WHOLE`.
#[inline(always)]
unsafe fn load<L: Lanes, const WHOLE: bool>(from: *const f32, width: usize) -> L {
    // SAFETY: as the caller says.
    unsafe { if WHOLE { L::load(from) } else { L::load_part(from, width) } }
}

/// # Safety
/// As [`load`].
#[inline(always)]
unsafe fn store<L: Lanes, const WHOLE: bool>(value: L, to: *mut f32, width: usize) {
    // SAFETY: as the caller says.
    unsafe { if WHOLE { value.store(to) } else { value.store_part(to, width) } }
}

/// # Safety
/// What [`DepthwiseShape::check`] checks.
#[inline(always)]
unsafe fn forward_body<L: Lanes>(shape: &DepthwiseShape<'_>, image: *const f32, kernel: *const f32, output: *mut f32) {
    let [height, width] = shape.output;
    for first in (0..shape.channels).step_by(L::LEN) {
        let lanes = L::LEN.min(shape.channels - first);
        for y in 0..height {
            // SAFETY: the row exists, and `first` is one of the channels.
            unsafe {
                let image = image.add(y * shape.strides[0] + first);
                let output = output.add(y * width * shape.channels + first);
                let kernel = kernel.add(first);
                if lanes == L::LEN {
                    forward_row::<L, true>(shape, image, kernel, output, lanes);
                } else {
                    forward_row::<L, false>(shape, image, kernel, output, lanes);
                }
            }
        }
    }
}

/// A row of the output for a vector of channels: eight places at a time, for as many sums hide an addition's latency.
///
/// # Safety
/// As [`forward_body`].
#[inline(always)]
unsafe fn forward_row<L: Lanes, const WHOLE: bool>(
    shape: &DepthwiseShape<'_>,
    image: *const f32,
    kernel: *const f32,
    output: *mut f32,
    lanes: usize,
) {
    let mut x = 0;
    // SAFETY: the places from `x` on exist, as many as the tile takes.
    unsafe {
        while x + 8 <= shape.output[1] {
            let (image, output) = (image.add(x * shape.strides[1]), output.add(x * shape.channels));
            forward_tile::<L, WHOLE, 8>(shape, image, kernel, output, lanes);
            x += 8;
        }
        while x + 2 <= shape.output[1] {
            let (image, output) = (image.add(x * shape.strides[1]), output.add(x * shape.channels));
            forward_tile::<L, WHOLE, 2>(shape, image, kernel, output, lanes);
            x += 2;
        }
        if x < shape.output[1] {
            let (image, output) = (image.add(x * shape.strides[1]), output.add(x * shape.channels));
            forward_tile::<L, WHOLE, 1>(shape, image, kernel, output, lanes);
        }
    }
}

/// # Safety
/// As [`forward_body`]; `X` places exist.
#[inline(always)]
unsafe fn forward_tile<L: Lanes, const WHOLE: bool, const X: usize>(
    shape: &DepthwiseShape<'_>,
    image: *const f32,
    kernel: *const f32,
    output: *mut f32,
    lanes: usize,
) {
    // SAFETY: as the caller says.
    unsafe {
        let mut sums = [L::splat(0.0); X];
        for (x, sum) in sums.iter_mut().enumerate() {
            *sum = load::<L, WHOLE>(output.add(x * shape.channels), lanes);
        }
        for (tap, offset) in shape.taps.iter().enumerate() {
            let weights = load::<L, WHOLE>(kernel.add(tap * shape.channels), lanes);
            for (x, sum) in sums.iter_mut().enumerate() {
                let values = load::<L, WHOLE>(image.add(offset + x * shape.strides[1]), lanes);
                *sum = sum.add_product(values, weights);
            }
        }
        for (x, sum) in sums.into_iter().enumerate() {
            store::<L, WHOLE>(sum, output.add(x * shape.channels), lanes);
        }
    }
}

/// # Safety
/// What [`DepthwiseShape::check`] checks.
#[inline(always)]
unsafe fn weight_gradient_body<L: Lanes>(
    shape: &DepthwiseShape<'_>,
    image: *const f32,
    gradient: *const f32,
    kernel: *mut f32,
) {
    for first in (0..shape.channels).step_by(L::LEN) {
        let lanes = L::LEN.min(shape.channels - first);
        // SAFETY: `first` is one of the channels.
        unsafe {
            let (image, gradient, kernel) = (image.add(first), gradient.add(first), kernel.add(first));
            if lanes == L::LEN {
                weight_tiles::<L, true>(shape, image, gradient, kernel, lanes);
            } else {
                weight_tiles::<L, false>(shape, image, gradient, kernel, lanes);
            }
        }
    }
}

/// A vector of channels: nine taps at a time, as a kernel of 3×3 has.
///
/// # Safety
/// As [`weight_gradient_body`].
#[inline(always)]
unsafe fn weight_tiles<L: Lanes, const WHOLE: bool>(
    shape: &DepthwiseShape<'_>,
    image: *const f32,
    gradient: *const f32,
    kernel: *mut f32,
    lanes: usize,
) {
    let mut taps = shape.taps;
    let mut kernel = kernel;
    while !taps.is_empty() {
        // SAFETY: as many taps are left as a tile takes.
        unsafe {
            let count = match taps.len() {
                9.. => weight_tile::<L, WHOLE, 9>(shape, taps, image, gradient, kernel, lanes),
                3.. => weight_tile::<L, WHOLE, 3>(shape, taps, image, gradient, kernel, lanes),
                _ => weight_tile::<L, WHOLE, 1>(shape, taps, image, gradient, kernel, lanes),
            };
            kernel = kernel.add(count * shape.channels);
            taps = &taps[count..];
        }
    }
}

/// The first `T` of `taps`; returns `T`.
///
/// # Safety
/// As [`weight_gradient_body`]; there are `T` taps.
#[inline(always)]
unsafe fn weight_tile<L: Lanes, const WHOLE: bool, const T: usize>(
    shape: &DepthwiseShape<'_>,
    taps: &[usize],
    image: *const f32,
    gradient: *const f32,
    kernel: *mut f32,
    lanes: usize,
) -> usize {
    let [height, width] = shape.output;
    // SAFETY: as the caller says.
    unsafe {
        let mut offsets = [0_usize; T];
        offsets.copy_from_slice(&taps[..T]);
        let mut sums = [L::splat(0.0); T];
        for y in 0..height {
            let image = image.add(y * shape.strides[0]);
            let gradient = gradient.add(y * width * shape.channels);
            for x in 0..width {
                let grad = load::<L, WHOLE>(gradient.add(x * shape.channels), lanes);
                let image = image.add(x * shape.strides[1]);
                for (sum, offset) in sums.iter_mut().zip(offsets) {
                    *sum = sum.add_product(load::<L, WHOLE>(image.add(offset), lanes), grad);
                }
            }
        }
        for (tap, sum) in sums.into_iter().enumerate() {
            let place = kernel.add(tap * shape.channels);
            store::<L, WHOLE>(load::<L, WHOLE>(place, lanes).add(sum), place, lanes);
        }
    }
    T
}

/// # Safety
/// What [`DepthwiseShape::check`] checks.
#[inline(always)]
unsafe fn input_gradient_body<L: Lanes>(
    shape: &DepthwiseShape<'_>,
    gradient: *const f32,
    kernel: *const f32,
    image: *mut f32,
) {
    let [height, width] = shape.output;
    for first in (0..shape.channels).step_by(L::LEN) {
        let lanes = L::LEN.min(shape.channels - first);
        for y in 0..height {
            for (tap, offset) in shape.taps.iter().enumerate() {
                // SAFETY: the row exists, and `first` is one of the channels.
                unsafe {
                    let gradient = gradient.add(y * width * shape.channels + first);
                    let kernel = kernel.add(tap * shape.channels + first);
                    let image = image.add(y * shape.strides[0] + offset + first);
                    if lanes == L::LEN {
                        spread_row::<L, true>(shape, gradient, kernel, image, lanes);
                    } else {
                        spread_row::<L, false>(shape, gradient, kernel, image, lanes);
                    }
                }
            }
        }
    }
}

/// A row of the output's gradient through one tap.
///
/// # Safety
/// As [`input_gradient_body`].
#[inline(always)]
unsafe fn spread_row<L: Lanes, const WHOLE: bool>(
    shape: &DepthwiseShape<'_>,
    gradient: *const f32,
    kernel: *const f32,
    image: *mut f32,
    lanes: usize,
) {
    // SAFETY: as the caller says.
    unsafe {
        let weights = load::<L, WHOLE>(kernel, lanes);
        for x in 0..shape.output[1] {
            let grad = load::<L, WHOLE>(gradient.add(x * shape.channels), lanes);
            let place = image.add(x * shape.strides[1]);
            store::<L, WHOLE>(load::<L, WHOLE>(place, lanes).add_product(grad, weights), place, lanes);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(count: usize, factor: usize) -> Vec<f32> {
        (0..count).map(|place| ((place * factor + 1) % 101) as f32 / 50.0 - 1.0).collect()
    }

    fn same(found: &[f32], expected: &[f32]) -> bool {
        let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4 || (a.is_nan() && b.is_nan());
        found.iter().zip(expected).all(near)
    }

    proptest! {
        #[test]
        fn fast_is_plain(
            channels in 1_usize..40,
            output in [1_usize..6, 1_usize..20],
            window in [1_usize..6, 1_usize..5],
            stride in [1_usize..3, 1_usize..3],
            hole: bool,
        ) {
            let row = ((output[1] - 1) * stride[1] + window[1]) * channels;
            let rows = (output[0] - 1) * stride[0] + window[0];
            let taps: Vec<usize> =
                (0..window[0] * window[1]).map(|tap| tap / window[1] * row + tap % window[1] * channels).collect();
            let shape =
                DepthwiseShape { channels, output, strides: [stride[0] * row, stride[1] * channels], taps: &taps };
            let mut image = numbers(rows * row, 7);
            if hole {
                image[0] = f32::NAN;
            }
            let kernel = numbers(taps.len() * channels, 13);
            let gradient = numbers(output[0] * output[1] * channels, 17);
            let (mut plain, mut plain_kernel, mut plain_image) = (gradient.clone(), kernel.clone(), image.clone());
            for y in 0..output[0] {
                for x in 0..output[1] {
                    for (tap, offset) in taps.iter().enumerate() {
                        for c in 0..channels {
                            let to = (y * output[1] + x) * channels + c;
                            let from = y * shape.strides[0] + x * shape.strides[1] + offset + c;
                            plain[to] += image[from] * kernel[tap * channels + c];
                            plain_kernel[tap * channels + c] += image[from] * gradient[to];
                            plain_image[from] += kernel[tap * channels + c] * gradient[to];
                        }
                    }
                }
            }
            for isa in Isa::available() {
                let (mut found, mut found_kernel, mut found_image) = (gradient.clone(), kernel.clone(), image.clone());
                depthwise_forward(isa, &shape, &image, &kernel, &mut found);
                depthwise_weight_gradient(isa, &shape, &image, &gradient, &mut found_kernel);
                depthwise_input_gradient(isa, &shape, &gradient, &kernel, &mut found_image);
                prop_assert!(same(&found, &plain), "{isa:?}: forward");
                prop_assert!(same(&found_kernel, &plain_kernel), "{isa:?}: weights");
                prop_assert!(same(&found_image, &plain_image), "{isa:?}: image");
            }
        }
    }

    #[test]
    #[should_panic(expected = "does not fit")]
    fn sizes_are_checked() {
        let shape = DepthwiseShape { channels: 2, output: [2, 2], strides: [6, 2], taps: &[0, 2] };
        depthwise_forward(Isa::Portable, &shape, &[0.0; 11], &[0.0; 4], &mut [0.0; 8]);
    }
}
