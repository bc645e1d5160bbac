//! Dropout: in training each value is zero with probability `rate`, and the others grow by 1 / (1 − rate).

use super::{Layer, Pass, Values};
use crate::kernel::{Stream, dropout, dropout_gradient};

#[derive(Debug)]
pub(super) struct Dropout {
    len: usize,
    rate: f32,
}

impl Dropout {
    pub(super) fn new(len: usize, rate: f32) -> Self {
        Self { len, rate }
    }
}

impl Layer for Dropout {
    fn input_len(&self) -> usize {
        self.len
    }

    fn output_len(&self) -> usize {
        self.len
    }

    fn saved_len(&self) -> usize {
        self.len
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], saved: &mut [u32]) {
        let Some(step) = pass.step else {
            output.copy_from_slice(input);
            saved.fill(1);
            return;
        };
        // Each sample has a stream of its own, so that the cut into chunks changes nothing.
        let samples = input.chunks_exact(self.len).zip(output.chunks_exact_mut(self.len));
        for (number, ((input, output), saved)) in samples.zip(saved.chunks_exact_mut(self.len)).enumerate() {
            let stream = Stream {
                seed: step.seed,
                step: step.step,
                sample: (step.first_sample + number) as u64,
                layer: step.layer as u32,
            };
            dropout(pass.isa, stream, self.rate, input, output, saved);
        }
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        let Some(grad_input) = grad_input else { return };
        let grow = if pass.step.is_some() { 1.0 / (1.0 - self.rate) } else { 1.0 };
        dropout_gradient(pass.isa, grow, values.saved, values.grad_output, grad_input);
    }
}
