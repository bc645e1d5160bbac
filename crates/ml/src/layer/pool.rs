//! Pooling of images, and of steps as images of one row: the largest value, or the average, of each window.

use super::{Layer, Pass, Values};
use crate::network::Window;

/// The windows of a pooling layer over one image.
#[derive(Debug)]
pub(super) struct Windows {
    input: [usize; 3],
    output: [usize; 3],
    window: Window,
    /// Places before the first one of each axis, which do not count.
    before: [usize; 2],
}

impl Windows {
    pub(super) fn new(input: [usize; 3], output: [usize; 3], window: &Window) -> Self {
        let before = |axis: usize| window.zeros(axis, input[axis])[0];
        Self { input, output, window: *window, before: [before(0), before(1)] }
    }

    fn input_len(&self) -> usize {
        self.input.iter().product()
    }

    fn output_len(&self) -> usize {
        self.output.iter().product()
    }

    /// The part of an axis that the window at `place` covers; what lies outside of the image does not count.
    fn range(&self, axis: usize, place: usize) -> std::ops::Range<usize> {
        let first = place * self.window.stride[axis];
        let start = first.saturating_sub(self.before[axis]);
        let end = (first + self.window.size[axis]).saturating_sub(self.before[axis]);
        start..end.min(self.input[axis])
    }

    /// Calls `visit(output place, input place)` for each place of each window, in order; places count pixels.
    fn each(&self, mut visit: impl FnMut(usize, usize, usize)) {
        for y in 0..self.output[0] {
            let rows = self.range(0, y);
            for x in 0..self.output[1] {
                let columns = self.range(1, x);
                let count = rows.len() * columns.len();
                for row in rows.clone() {
                    for column in columns.clone() {
                        visit(y * self.output[1] + x, row * self.input[1] + column, count);
                    }
                }
            }
        }
    }
}

/// The largest value of each window; a NaN in it counts as the largest.
#[derive(Debug)]
pub(super) struct MaxPool(Windows);

impl MaxPool {
    pub(super) fn new(windows: Windows) -> Self {
        Self(windows)
    }
}

impl Layer for MaxPool {
    fn input_len(&self) -> usize {
        self.0.input_len()
    }

    fn output_len(&self) -> usize {
        self.0.output_len()
    }

    fn saved_len(&self) -> usize {
        self.0.output_len()
    }

    fn forward(&self, _: &mut Pass<'_>, input: &[f32], output: &mut [f32], saved: &mut [u32]) {
        let channels = self.0.input[2];
        let samples = input.chunks_exact(self.input_len()).zip(output.chunks_exact_mut(self.output_len()));
        for ((input, output), saved) in samples.zip(saved.chunks_exact_mut(self.output_len())) {
            output.fill(f32::NEG_INFINITY);
            // A window of −∞ only, too, has a place for its gradient: its first.
            saved.fill(u32::MAX);
            self.0.each(|to, from, _| {
                let values = &input[from * channels..(from + 1) * channels];
                let largest = &mut output[to * channels..(to + 1) * channels];
                let places = &mut saved[to * channels..(to + 1) * channels];
                let base = (from * channels) as u32;
                let first = places[0] == u32::MAX;
                for (c, ((value, largest), place)) in values.iter().zip(largest).zip(places).enumerate() {
                    // Masks instead of choices: the compiler would make jumps of those, mispredicted every other time.
                    let better = u32::from(first | (*value > *largest) | value.is_nan()).wrapping_neg();
                    *largest = f32::from_bits((value.to_bits() & better) | (largest.to_bits() & !better));
                    *place = ((base + c as u32) & better) | (*place & !better);
                }
            });
        }
    }

    fn backward(&self, _: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        let Some(grad_input) = grad_input else { return };
        grad_input.fill(0.0);
        let samples =
            values.grad_output.chunks_exact(self.output_len()).zip(values.saved.chunks_exact(self.output_len()));
        for ((grad, saved), grad_input) in samples.zip(grad_input.chunks_exact_mut(self.input_len())) {
            for (grad, place) in grad.iter().zip(saved) {
                grad_input[*place as usize] += grad;
            }
        }
    }
}

/// The average of each window; places outside of the image do not count, as in TensorFlow.
#[derive(Debug)]
pub(super) struct AvgPool(Windows);

impl AvgPool {
    pub(super) fn new(windows: Windows) -> Self {
        Self(windows)
    }
}

impl Layer for AvgPool {
    fn input_len(&self) -> usize {
        self.0.input_len()
    }

    fn output_len(&self) -> usize {
        self.0.output_len()
    }

    fn forward(&self, _: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        let channels = self.0.input[2];
        output.fill(0.0);
        let samples = input.chunks_exact(self.input_len()).zip(output.chunks_exact_mut(self.output_len()));
        for (input, output) in samples {
            self.0.each(|to, from, count| {
                let values = &input[from * channels..(from + 1) * channels];
                for (sum, value) in output[to * channels..(to + 1) * channels].iter_mut().zip(values) {
                    *sum += value / count as f32;
                }
            });
        }
    }

    fn backward(&self, _: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        let Some(grad_input) = grad_input else { return };
        let channels = self.0.input[2];
        grad_input.fill(0.0);
        let samples = values.grad_output.chunks_exact(self.output_len());
        for (grad, grad_input) in samples.zip(grad_input.chunks_exact_mut(self.input_len())) {
            self.0.each(|from, to, count| {
                let grads = &grad[from * channels..(from + 1) * channels];
                for (sum, grad) in grad_input[to * channels..(to + 1) * channels].iter_mut().zip(grads) {
                    *sum += grad / count as f32;
                }
            });
        }
    }
}
