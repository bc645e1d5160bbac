//! Activations that look at one value at a time, and the layer that changes nothing.

use super::{Layer, Pass, Values};
use crate::kernel::{Activated, Curve, activate, activate_gradient};
use crate::network::Activation;

/// Keras's slope of `leaky_relu` below zero.
pub(crate) const LEAKY_SLOPE: f32 = 0.3;

/// An activation of each value by itself.
#[derive(Debug)]
pub(super) struct Pointwise {
    activation: Activation,
    len: usize,
}

impl Pointwise {
    pub(super) fn new(activation: Activation, len: usize) -> Self {
        Self { activation, len }
    }

    /// `None` of softmax, which looks at more than one value and is a layer of its own.
    fn curve(&self) -> Option<Curve> {
        Some(match self.activation {
            Activation::Relu => Curve::Relu,
            Activation::LeakyRelu => Curve::Leaky(LEAKY_SLOPE),
            Activation::Elu => Curve::Elu,
            Activation::Sigmoid => Curve::Sigmoid,
            Activation::Tanh => Curve::Tanh,
            Activation::Gelu => Curve::Gelu,
            Activation::Softmax => return None,
        })
    }
}

impl Layer for Pointwise {
    fn input_len(&self) -> usize {
        self.len
    }

    fn output_len(&self) -> usize {
        self.len
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        match self.curve() {
            Some(curve) => activate(pass.isa, curve, input, output),
            None => output.copy_from_slice(input),
        }
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        let Some(grad_input) = grad_input else { return };
        let Values { input, output, grad_output, .. } = *values;
        match self.curve() {
            Some(curve) => activate_gradient(pass.isa, curve, &Activated { input, output, grad_output }, grad_input),
            None => grad_input.copy_from_slice(grad_output),
        }
    }
}

/// Flatten: the same values, in the same order.
#[derive(Debug)]
pub(super) struct Copy {
    len: usize,
}

impl Copy {
    pub(super) fn new(len: usize) -> Self {
        Self { len }
    }
}

impl Layer for Copy {
    fn input_len(&self) -> usize {
        self.len
    }

    fn output_len(&self) -> usize {
        self.len
    }

    fn forward(&self, _: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        output.copy_from_slice(input);
    }

    fn backward(&self, _: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        if let Some(grad_input) = grad_input {
            grad_input.copy_from_slice(values.grad_output);
        }
    }
}
