//! Activations that look at one value at a time, and the layer that changes nothing.

use super::{Layer, Pass, Values};
use crate::network::Activation;

/// Keras's slope of `leaky_relu` below zero.
pub(crate) const LEAKY_SLOPE: f32 = 0.3;

/// √(2/π), of the tanh form of GELU's density; the function itself is the exact one, by the error function.
const SQRT_2: f32 = std::f32::consts::SQRT_2;

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
}

impl Layer for Pointwise {
    fn input_len(&self) -> usize {
        self.len
    }

    fn output_len(&self) -> usize {
        self.len
    }

    fn forward(&self, _: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        match self.activation {
            // `max` would turn NaN into zero.
            Activation::Relu => map(input, output, |x| if x < 0.0 { 0.0 } else { x }),
            Activation::LeakyRelu => map(input, output, |x| if x < 0.0 { LEAKY_SLOPE * x } else { x }),
            Activation::Elu => map(input, output, |x| if x < 0.0 { x.exp_m1() } else { x }),
            Activation::Sigmoid => map(input, output, |x| 1.0 / (1.0 + (-x).exp())),
            Activation::Tanh => map(input, output, f32::tanh),
            Activation::Gelu => map(input, output, |x| 0.5 * x * (1.0 + erf(x / SQRT_2))),
            Activation::Softmax => output.copy_from_slice(input),
        }
    }

    fn backward(&self, _: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        let Some(grad_input) = grad_input else { return };
        let slope: fn(f32, f32) -> f32 = match self.activation {
            Activation::Relu => |_, y| if y > 0.0 { 1.0 } else { 0.0 },
            Activation::LeakyRelu => |x, _| if x < 0.0 { LEAKY_SLOPE } else { 1.0 },
            Activation::Elu => |x, y| if x < 0.0 { y + 1.0 } else { 1.0 },
            Activation::Sigmoid => |_, y| y * (1.0 - y),
            Activation::Tanh => |_, y| 1.0 - y * y,
            Activation::Gelu => |x, _| {
                let density = (-0.5 * x * x).exp() / (2.0 * std::f32::consts::PI).sqrt();
                0.5 * (1.0 + erf(x / SQRT_2)) + x * density
            },
            Activation::Softmax => |_, _| 1.0,
        };
        if self.activation == Activation::Relu {
            for ((out, grad), y) in grad_input.iter_mut().zip(values.grad_output).zip(values.output) {
                // A mask instead of a choice: the compiler would make a jump of that, mispredicted every other time.
                let keep = u32::from(*y > 0.0).wrapping_neg();
                *out = f32::from_bits(grad.to_bits() & keep);
            }
            return;
        }
        let pairs = values.input.iter().zip(values.output);
        for ((out, grad), (x, y)) in grad_input.iter_mut().zip(values.grad_output).zip(pairs) {
            *out = grad * slope(*x, *y);
        }
    }
}

fn map(input: &[f32], output: &mut [f32], function: impl Fn(f32) -> f32) {
    for (output, input) in output.iter_mut().zip(input) {
        *output = function(*input);
    }
}

/// The error function, to 1.2e-7 (Numerical Recipes, 2nd edition, §6.2).
fn erf(x: f32) -> f32 {
    let z = f64::from(x).abs();
    let t = 1.0 / (1.0 + 0.5 * z);
    let series =
        [1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
    let sum = series.iter().rev().fold(0.0, |sum, factor| sum * t + factor);
    let tail = t * (-z * z - 1.26551223 + t * sum).exp();
    let value = (1.0 - tail) as f32;
    if x < 0.0 { -value } else { value }
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
