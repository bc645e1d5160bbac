//! Fully connected: `y = x · W + b`, with `W` of shape `[in, out]` as Keras keeps it.

use rand_chacha::ChaCha8Rng;

use super::{Initial, Layer, ParameterSpec, Pass, Values};
use crate::kernel::{Isa, Product, add_rows, fill_rows, multiply, multiply_over, transpose};

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
        let Some(grad_input) = grad_input else { return };
        let product = Product::dense(pass.samples, self.units, self.inputs);
        multiply_over(pass.isa, &product, values.grad_output, pass.prepared, grad_input);
    }
}
