//! Softmax across the last axis.

use super::{Layer, Pass, Values};

#[derive(Debug)]
pub(super) struct Softmax {
    len: usize,
    classes: usize,
}

impl Softmax {
    pub(super) fn new(len: usize, classes: usize) -> Self {
        Self { len, classes }
    }
}

impl Layer for Softmax {
    fn input_len(&self) -> usize {
        self.len
    }

    fn output_len(&self) -> usize {
        self.len
    }

    fn forward(&self, _: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        for (input, output) in input.chunks_exact(self.classes).zip(output.chunks_exact_mut(self.classes)) {
            let largest = input.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for (output, input) in output.iter_mut().zip(input) {
                *output = (input - largest).exp();
                sum += *output;
            }
            for output in output {
                *output /= sum;
            }
        }
    }

    fn backward(&self, _: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        let Some(grad_input) = grad_input else { return };
        let rows = values.output.chunks_exact(self.classes).zip(values.grad_output.chunks_exact(self.classes));
        for ((output, grad), grad_input) in rows.zip(grad_input.chunks_exact_mut(self.classes)) {
            let dot: f32 = output.iter().zip(grad).map(|(y, g)| y * g).sum();
            for ((out, y), g) in grad_input.iter_mut().zip(output).zip(grad) {
                *out = y * (g - dot);
            }
        }
    }
}
