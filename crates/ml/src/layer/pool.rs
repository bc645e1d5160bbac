//! Pooling of images, and of steps as images of one row: the largest value, or the average, of each window.

use super::{Layer, Pass, Values};
use crate::kernel::{PoolWindows, average_pool, average_pool_gradient, max_pool, max_pool_gradient};
use crate::network::Window;

/// The windows of a pooling layer over one image; what lies outside of the image does not count.
pub(super) fn windows(input: [usize; 3], output: [usize; 3], window: &Window) -> PoolWindows {
    let ranges = |axis: usize| {
        let before = window.zeros(axis, input[axis])[0];
        let range = |place: usize| {
            let first = place * window.stride[axis];
            let end = (first + window.size[axis]).saturating_sub(before);
            first.saturating_sub(before)..end.min(input[axis])
        };
        (0..output[axis]).map(range).collect()
    };
    PoolWindows::new(input, ranges(0), ranges(1))
}

/// The largest value of each window; a NaN in it counts as the largest.
#[derive(Debug)]
pub(super) struct MaxPool(PoolWindows);

impl MaxPool {
    pub(super) fn new(windows: PoolWindows) -> Self {
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

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], saved: &mut [u32]) {
        let samples = input.chunks_exact(self.input_len()).zip(output.chunks_exact_mut(self.output_len()));
        for ((input, output), saved) in samples.zip(saved.chunks_exact_mut(self.output_len())) {
            max_pool(pass.isa, &self.0, input, output, saved);
        }
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        let Some(grad_input) = grad_input else { return };
        let samples =
            values.grad_output.chunks_exact(self.output_len()).zip(values.saved.chunks_exact(self.output_len()));
        for ((grad, saved), grad_input) in samples.zip(grad_input.chunks_exact_mut(self.input_len())) {
            max_pool_gradient(pass.isa, &self.0, saved, grad, grad_input);
        }
    }
}

/// The average of each window; places outside of the image do not count, as in TensorFlow.
#[derive(Debug)]
pub(super) struct AvgPool(PoolWindows);

impl AvgPool {
    pub(super) fn new(windows: PoolWindows) -> Self {
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

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        let samples = input.chunks_exact(self.input_len()).zip(output.chunks_exact_mut(self.output_len()));
        for (input, output) in samples {
            average_pool(pass.isa, &self.0, input, output);
        }
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        let Some(grad_input) = grad_input else { return };
        let samples = values.grad_output.chunks_exact(self.output_len());
        for (grad, grad_input) in samples.zip(grad_input.chunks_exact_mut(self.input_len())) {
            average_pool_gradient(pass.isa, &self.0, grad, grad_input);
        }
    }
}
