//! Pools of any window: the largest value of each, or the average. Lanes are channels.

use std::ops::Range;

use super::Isa;
use super::lanes::{Lanes, for_each_isa};

/// The windows of a pool over one image. Each has at least one place, and none outside of the image.
#[derive(Debug)]
pub struct PoolWindows {
    /// `[height, width, channels]`.
    input: [usize; 3],
    /// Of each row, and each column, of the output.
    rows: Vec<Range<usize>>,
    columns: Vec<Range<usize>>,
}

/// Places of a window up to which it is cheaper to ask each whether it was the largest than to go to the one that was.
const FEW: usize = 16;

impl PoolWindows {
    /// Panics if a window is empty or leaves the image.
    pub fn new(input: [usize; 3], rows: Vec<Range<usize>>, columns: Vec<Range<usize>>) -> Self {
        let inside = |range: &Range<usize>, size: usize| range.start < range.end && range.end <= size;
        assert!(
            rows.iter().all(|range| inside(range, input[0])) && columns.iter().all(|range| inside(range, input[1])),
            "a pool's windows do not fit its image"
        );
        Self { input, rows, columns }
    }

    pub fn input_len(&self) -> usize {
        self.input.iter().product()
    }

    pub fn output_len(&self) -> usize {
        self.rows.len() * self.columns.len() * self.input[2]
    }

    fn check(&self, input: usize, output: usize) {
        assert!(input == self.input_len() && output == self.output_len(), "a pool does not fit its slices");
    }

    /// The most places that a window has.
    fn largest(&self) -> usize {
        let largest = |ranges: &[Range<usize>]| ranges.iter().map(Range::len).max().unwrap_or(0);
        largest(&self.rows) * largest(&self.columns)
    }

    /// Calls `visit(output place, rows, columns)` for each window; the place counts values.
    #[inline(always)]
    fn each(&self, mut visit: impl FnMut(usize, Range<usize>, Range<usize>)) {
        let mut to = 0;
        for rows in &self.rows {
            for columns in &self.columns {
                visit(to, rows.clone(), columns.clone());
                to += self.input[2];
            }
        }
    }

    /// Calls `visit(input place)` for each place of a window; the place counts values.
    #[inline(always)]
    fn places(&self, rows: Range<usize>, columns: &Range<usize>, mut visit: impl FnMut(usize)) {
        for row in rows {
            let line = row * self.input[1];
            for column in columns.clone() {
                visit((line + column) * self.input[2]);
            }
        }
    }
}

/// The average of each window of one image.
pub fn average_pool(isa: Isa, windows: &PoolWindows, input: &[f32], output: &mut [f32]) {
    windows.check(input.len(), output.len());
    // SAFETY: the windows lie inside the image, and the slices have their lengths.
    unsafe { average(isa, windows, input.as_ptr(), output.as_mut_ptr()) }
}

/// Fills `grad_input`: each window's gradient in equal parts.
pub fn average_pool_gradient(isa: Isa, windows: &PoolWindows, grad_output: &[f32], grad_input: &mut [f32]) {
    windows.check(grad_input.len(), grad_output.len());
    grad_input.fill(0.0);
    // SAFETY: as in `average_pool`.
    unsafe { average_gradient(isa, windows, grad_output.as_ptr(), grad_input.as_mut_ptr()) }
}

/// The largest value of each window of one image, the first of equals; NaN counts as the largest. `winners`: where it was,
/// as the first value of its place.
pub fn max_pool(isa: Isa, windows: &PoolWindows, input: &[f32], output: &mut [f32], winners: &mut [u32]) {
    windows.check(input.len(), output.len());
    windows.check(input.len(), winners.len());
    assert!(u32::try_from(input.len()).is_ok(), "an image of more values than a winner's number can tell");
    // SAFETY: as in `average_pool`.
    unsafe { largest(isa, windows, input.as_ptr(), output.as_mut_ptr(), winners.as_mut_ptr()) }
}

/// Fills `grad_input`: each window's gradient where its largest value was.
pub fn max_pool_gradient(
    isa: Isa,
    windows: &PoolWindows,
    winners: &[u32],
    grad_output: &[f32],
    grad_input: &mut [f32],
) {
    windows.check(grad_input.len(), grad_output.len());
    windows.check(grad_input.len(), winners.len());
    grad_input.fill(0.0);
    if windows.largest() > FEW {
        let channels = windows.input[2];
        for (winners, grads) in winners.chunks_exact(channels).zip(grad_output.chunks_exact(channels)) {
            for (channel, (winner, grad)) in winners.iter().zip(grads).enumerate() {
                grad_input[*winner as usize + channel] += grad;
            }
        }
        return;
    }
    // SAFETY: as in `average_pool`.
    unsafe { largest_gradient(isa, windows, winners.as_ptr(), grad_output.as_ptr(), grad_input.as_mut_ptr()) }
}

for_each_isa! {
    /// # Safety
    /// The pointers are good for an image and for its pool.
    unsafe fn average(windows: &PoolWindows, input: *const f32, output: *mut f32) = average_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

for_each_isa! {
    /// # Safety
    /// As [`average`].
    unsafe fn average_gradient(windows: &PoolWindows, grad: *const f32, image: *mut f32) = average_gradient_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

for_each_isa! {
    /// # Safety
    /// As [`average`].
    unsafe fn largest(windows: &PoolWindows, input: *const f32, output: *mut f32, winners: *mut u32) = largest_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

for_each_isa! {
    /// # Safety
    /// As [`average`].
    unsafe fn largest_gradient(
        windows: &PoolWindows, winners: *const u32, grad: *const f32, image: *mut f32,
    ) = largest_gradient_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// As [`average`].
#[inline(always)]
unsafe fn average_body<L: Lanes>(windows: &PoolWindows, input: *const f32, output: *mut f32) {
    let channels = windows.input[2];
    windows.each(|to, rows, columns| {
        let part = 1.0 / (rows.len() * columns.len()) as f32;
        let mut first = 0;
        // SAFETY: `first` is one of the channels, and the places are inside the image.
        unsafe {
            while first + 2 * L::LEN <= channels {
                let mut sums = [L::splat(0.0); 2];
                windows.places(rows.clone(), &columns, |from| {
                    for (v, sum) in sums.iter_mut().enumerate() {
                        *sum = sum.add(L::load(input.add(from + first + v * L::LEN)));
                    }
                });
                for (v, sum) in sums.into_iter().enumerate() {
                    sum.multiply(L::splat(part)).store(output.add(to + first + v * L::LEN));
                }
                first += 2 * L::LEN;
            }
            while first < channels {
                let lanes = channels - first;
                let mut sum = L::splat(0.0);
                windows.places(rows.clone(), &columns, |from| {
                    sum = sum.add(L::load_part(input.add(from + first), lanes));
                });
                sum.multiply(L::splat(part)).store_part(output.add(to + first), lanes);
                first += L::LEN;
            }
        }
    });
}

/// # Safety
/// As [`average`].
#[inline(always)]
unsafe fn average_gradient_body<L: Lanes>(windows: &PoolWindows, grad: *const f32, image: *mut f32) {
    let channels = windows.input[2];
    windows.each(|from, rows, columns| {
        let part = 1.0 / (rows.len() * columns.len()) as f32;
        let mut first = 0;
        // SAFETY: `first` is one of the channels, and the places are inside the image.
        unsafe {
            while first + L::LEN <= channels {
                let grad = L::load(grad.add(from + first)).multiply(L::splat(part));
                windows.places(rows.clone(), &columns, |to| {
                    let place = image.add(to + first);
                    L::load(place).add(grad).store(place);
                });
                first += L::LEN;
            }
            if first < channels {
                let lanes = channels - first;
                let grad = L::load_part(grad.add(from + first), lanes).multiply(L::splat(part));
                windows.places(rows.clone(), &columns, |to| {
                    let place = image.add(to + first);
                    L::load_part(place, lanes).add(grad).store_part(place, lanes);
                });
            }
        }
    });
}

/// # Safety
/// As [`average`].
#[inline(always)]
unsafe fn largest_body<L: Lanes>(windows: &PoolWindows, input: *const f32, output: *mut f32, winners: *mut u32) {
    let channels = windows.input[2];
    windows.each(|to, rows, columns| {
        let start = (rows.start * windows.input[1] + columns.start) * channels;
        let starts = [start as u32; 16];
        let mut first = 0;
        // SAFETY: `first` is one of the channels, and the places are inside the image.
        unsafe {
            while first + L::LEN <= channels {
                let mut best = L::load(input.add(start + first));
                let mut places = L::load_places(starts.as_ptr());
                windows.places(rows.clone(), &columns, |from| {
                    (best, places) = best.choose(places, L::load(input.add(from + first)), from as u32);
                });
                best.store(output.add(to + first));
                L::store_places(places, winners.add(to + first));
                first += L::LEN;
            }
            if first < channels {
                let lanes = channels - first;
                let mut best = L::load_part(input.add(start + first), lanes);
                let mut places = L::load_places(starts.as_ptr());
                windows.places(rows.clone(), &columns, |from| {
                    (best, places) = best.choose(places, L::load_part(input.add(from + first), lanes), from as u32);
                });
                best.store_part(output.add(to + first), lanes);
                let mut all = [0_u32; 16];
                L::store_places(places, all.as_mut_ptr());
                for (lane, place) in all[..lanes].iter().enumerate() {
                    *winners.add(to + first + lane) = *place;
                }
            }
        }
    });
}

/// # Safety
/// As [`average`].
#[inline(always)]
unsafe fn largest_gradient_body<L: Lanes>(
    windows: &PoolWindows,
    winners: *const u32,
    grad: *const f32,
    image: *mut f32,
) {
    let channels = windows.input[2];
    windows.each(|from, rows, columns| {
        let mut first = 0;
        // SAFETY: `first` is one of the channels, and the places are inside the image.
        unsafe {
            while first + L::LEN <= channels {
                let grad = L::load(grad.add(from + first));
                let winners = L::load_places(winners.add(from + first));
                windows.places(rows.clone(), &columns, |to| {
                    let place = image.add(to + first);
                    L::load(place).add(grad.keep_where(winners, to as u32)).store(place);
                });
                first += L::LEN;
            }
            if first < channels {
                let lanes = channels - first;
                let grad = L::load_part(grad.add(from + first), lanes);
                let mut all = [0_u32; 16];
                for (lane, place) in all[..lanes].iter_mut().enumerate() {
                    *place = *winners.add(from + first + lane);
                }
                let winners = L::load_places(all.as_ptr());
                windows.places(rows.clone(), &columns, |to| {
                    let place = image.add(to + first);
                    let sum = L::load_part(place, lanes).add(grad.keep_where(winners, to as u32));
                    sum.store_part(place, lanes);
                });
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranges(size: usize, window: usize, stride: usize, before: usize) -> Vec<Range<usize>> {
        let count = size.div_ceil(stride);
        let range =
            |place: usize| (place * stride).saturating_sub(before)..(place * stride + window - before).min(size);
        (0..count).map(range).filter(|range| range.start < range.end).collect()
    }

    fn same(found: &[f32], expected: &[f32]) -> bool {
        let near = |(a, b): (&f32, &f32)| a == b || (a - b).abs() < 1e-5 || (a.is_nan() && b.is_nan());
        found.iter().zip(expected).all(near)
    }

    proptest! {
        #[test]
        fn fast_is_plain(
            sides in [1_usize..9, 1_usize..9],
            channels in 1_usize..40,
            window in [1_usize..6, 1_usize..6],
            stride in [1_usize..4, 1_usize..4],
            whole: bool,
            holes in prop::collection::vec((0_usize..2560, 0_usize..3), 0..6),
        ) {
            let [height, width] = sides;
            let windows = if whole {
                PoolWindows::new([height, width, channels], vec![0..height; 1], vec![0..width; 1])
            } else {
                let axis = |axis: usize| ranges(sides[axis], window[axis], stride[axis], (window[axis] - 1) / 2);
                PoolWindows::new([height, width, channels], axis(0), axis(1))
            };
            let mut input: Vec<f32> =
                (0..height * width * channels).map(|place| ((place * 7) % 23) as f32 - 11.0).collect();
            for (place, kind) in holes {
                if let Some(value) = input.get_mut(place) {
                    *value = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][kind];
                }
            }
            let len = windows.output_len();
            let grads: Vec<f32> = (0..len).map(|place| ((place * 5) % 19) as f32 - 9.0).collect();
            let (mut average, mut largest, mut winners) = (vec![0.0; len], vec![0.0; len], vec![0; len]);
            let (mut average_grad, mut largest_grad) = (vec![0.0; input.len()], vec![0.0; input.len()]);
            windows.each(|to, rows, columns| {
                let count = (rows.len() * columns.len()) as f32;
                for channel in 0..channels {
                    let (mut sum, mut best, mut winner) = (0.0_f32, f32::NEG_INFINITY, None);
                    windows.places(rows.clone(), &columns, |from| {
                        let value = input[from + channel];
                        sum += value;
                        average_grad[from + channel] += grads[to + channel] / count;
                        if winner.is_none() || value > best || (value.is_nan() && !best.is_nan()) {
                            (best, winner) = (value, Some(from));
                        }
                    });
                    let winner = winner.unwrap();
                    (average[to + channel], largest[to + channel]) = (sum / count, best);
                    winners[to + channel] = winner as u32;
                    largest_grad[winner + channel] += grads[to + channel];
                }
            });
            for isa in Isa::available() {
                let (mut output, mut grad, mut found) = (vec![9.0; len], vec![9.0; input.len()], vec![9; len]);
                average_pool(isa, &windows, &input, &mut output);
                prop_assert!(same(&output, &average), "{isa:?}: average");
                average_pool_gradient(isa, &windows, &grads, &mut grad);
                prop_assert!(same(&grad, &average_grad), "{isa:?}: gradient of the average");
                max_pool(isa, &windows, &input, &mut output, &mut found);
                prop_assert!(same(&output, &largest), "{isa:?}: largest");
                prop_assert_eq!(&found, &winners);
                max_pool_gradient(isa, &windows, &found, &grads, &mut grad);
                prop_assert!(same(&grad, &largest_grad), "{isa:?}: gradient of the largest");
            }
        }
    }

    #[test]
    #[should_panic(expected = "do not fit")]
    fn windows_are_checked() {
        PoolWindows::new([2, 2, 1], vec![0..3; 1], vec![0..1; 1]);
    }
}
