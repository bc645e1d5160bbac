//! Fully connected: `y = x · W + b`, with `W` of shape `[in, out]` as Keras keeps it.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;

use super::{Deferred, Initial, Layer, ParameterSpec, Pass, Samples, Values};
use crate::kernel::{Isa, PANEL, Product, add_rows, fill_rows, multiply, multiply_over, transpose};

/// Fewer weights than these lie in a core's first cache, with the gradient that a chunk makes of them.
const DEFERRED_WEIGHTS_MIN: usize = 8192;

/// Weights whose gradient is made at a time: what fits a core's first cache, about.
const BLOCK_WEIGHTS: usize = 8192;

/// Rows of a gradient that the product keeps in registers; see [`multiply`].
const TILE_ROWS: usize = 6;

#[derive(Debug)]
pub(super) struct Dense {
    inputs: usize,
    units: usize,
}

impl Dense {
    pub(super) fn new(inputs: usize, units: usize) -> Self {
        Self { inputs, units }
    }
}

impl Layer for Dense {
    fn input_len(&self) -> usize {
        self.inputs
    }

    fn output_len(&self) -> usize {
        self.units
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec { name: "kernel", shape: vec![self.inputs, self.units] },
            ParameterSpec { name: "bias", shape: vec![self.units] },
        ]
    }

    fn initialize(&self, initial: Initial, random: &mut ChaCha8Rng, parameters: &mut [f32]) {
        initial.fill(random, self.inputs, self.units, &mut parameters[..self.inputs * self.units]);
    }

    fn prepared_len(&self) -> usize {
        self.inputs * self.units
    }

    /// Wᵀ: the second factor of a product must lie row by row.
    fn prepare(&self, parameters: &[f32], prepared: &mut [f32]) {
        let kernel = &parameters[..self.inputs * self.units];
        transpose(Isa::detect(), [self.inputs, self.units], kernel, self.units, prepared, self.inputs);
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        let (kernel, bias) = pass.parameters.split_at(self.inputs * self.units);
        fill_rows(bias, output);
        multiply(pass.isa, &Product::dense(pass.samples, self.inputs, self.units), input, kernel, output);
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, gradient: &mut [f32], grad_input: Option<&mut [f32]>) {
        let (grad_kernel, grad_bias) = gradient.split_at_mut(self.inputs * self.units);
        let product = Product::transposed(pass.samples, self.inputs, self.units);
        multiply(pass.isa, &product, values.input, values.grad_output, grad_kernel);
        add_rows(pass.isa, values.grad_output, grad_bias);
        if let Some(grad_input) = grad_input {
            self.input_gradient(pass, values.grad_output, grad_input);
        }
    }

    fn deferred(&self) -> Option<&dyn Deferred> {
        // Chunks of eight samples are kept side by side, each from a line of the cache on.
        let aligned = self.inputs.is_multiple_of(2) && self.units.is_multiple_of(2);
        (aligned && self.inputs * self.units >= DEFERRED_WEIGHTS_MIN).then_some(self)
    }
}

impl Deferred for Dense {
    fn block_len(&self) -> usize {
        // So many rows fill whole lines.
        let step = (PANEL / gcd(self.units, PANEL)).max(1);
        let step = step * TILE_ROWS / gcd(step, TILE_ROWS);
        (BLOCK_WEIGHTS / self.units / step * step).max(step) * self.units
    }

    fn input_gradient(&self, pass: &mut Pass<'_>, grad_output: &[f32], grad_input: &mut [f32]) {
        let product = Product::dense(pass.samples, self.units, self.inputs);
        multiply_over(pass.isa, &product, grad_output, pass.prepared, grad_input);
    }

    fn gradient(&self, isa: Isa, samples: &Samples<'_>, range: Range<usize>, add: bool, gradient: &mut [f32]) {
        let weights = self.inputs * self.units;
        let rows = range.start.min(weights) / self.units..range.end.min(weights) / self.units;
        let (kernel, bias) = gradient.split_at_mut(rows.len() * self.units);
        if !rows.is_empty() {
            let product = Product { m: rows.len(), ..Product::transposed(samples.count, self.inputs, self.units) };
            let make = if add { multiply } else { multiply_over };
            make(isa, &product, &samples.input[rows.start..], samples.grad_output, kernel);
        }
        // The bias lies behind the weights, in the last block or in one of its own.
        if range.end > weights {
            let place = range.start.max(weights) - weights..range.end - weights;
            let mut sums = vec![0.0; self.units];
            add_rows(isa, samples.grad_output, &mut sums);
            for (gradient, sum) in bias.iter_mut().zip(&sums[place]) {
                *gradient = if add { *gradient + sum } else { *sum };
            }
        }
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        #[test]
        fn blocks_of_a_deferred_gradient_are_the_gradient(
            inputs in 1_usize..300, units in 1_usize..80, samples in 1_usize..40, seed: u32,
        ) {
            let dense = Dense::new(inputs, units);
            // Eighths, whose sums are exact in any order.
            let value = |place: usize| ((place as u32).wrapping_mul(2_654_435_761) ^ seed) % 17;
            let numbers = |count: usize| (0..count).map(|place| value(place) as f32 / 8.0 - 1.0).collect::<Vec<_>>();
            let (input, grad_output) = (numbers(samples * inputs), numbers(samples * units));
            let mut whole = numbers(dense.parameter_len());
            let mut blocks = whole.clone();
            let (scratch, work) = (&mut Default::default(), &mut Default::default());
            let isa = Isa::detect();
            let mut pass = Pass { isa, samples, parameters: &[], prepared: &[], step: None, scratch, work };
            let values = Values { input: &input, output: &[], saved: &[], grad_output: &grad_output };
            dense.backward(&mut pass, &values, &mut whole, None);
            let kept = Samples { count: samples, input: &input, grad_output: &grad_output };
            prop_assert!(dense.block_len().is_multiple_of(PANEL));
            for start in (0..blocks.len()).step_by(dense.block_len()) {
                let range = start..blocks.len().min(start + dense.block_len());
                dense.gradient(isa, &kept, range.clone(), true, &mut blocks[range]);
            }
            prop_assert_eq!(&blocks, &whole);
            let mut put = vec![f32::NAN; whole.len()];
            for start in (0..put.len()).step_by(dense.block_len()) {
                let range = start..put.len().min(start + dense.block_len());
                dense.gradient(isa, &kept, range.clone(), false, &mut put[range]);
            }
            let mut alone = vec![0.0; whole.len()];
            dense.backward(&mut pass, &values, &mut alone, None);
            prop_assert_eq!(&put, &alone);
        }
    }
}
