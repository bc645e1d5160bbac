//! Dropout: in training each value is zero with probability `rate`, and the others grow by 1 / (1 − rate).

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Layer, Pass, Values};

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
        let grow = 1.0 / (1.0 - self.rate);
        for sample in 0..pass.samples {
            // Each sample has a stream of its own, so that the cut into chunks changes nothing.
            let mut random = ChaCha8Rng::seed_from_u64(step.seed ^ step.step.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            random.set_stream(((step.first_sample + sample) as u64) << 16 | step.layer as u64);
            for index in sample * self.len..(sample + 1) * self.len {
                let kept = random.random::<f32>() >= self.rate;
                saved[index] = u32::from(kept);
                output[index] = if kept { input[index] * grow } else { 0.0 };
            }
        }
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        let Some(grad_input) = grad_input else { return };
        let grow = if pass.step.is_some() { 1.0 / (1.0 - self.rate) } else { 1.0 };
        for ((out, grad), kept) in grad_input.iter_mut().zip(values.grad_output).zip(values.saved) {
            *out = if *kept == 1 { grad * grow } else { 0.0 };
        }
    }
}
