//! Softmax across the last axis.

use super::{Layer, Pass, Values};
use crate::kernel::{softmax, softmax_gradient};

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

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        softmax(pass.isa, self.classes, input, output);
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        let Some(grad_input) = grad_input else { return };
        softmax_gradient(pass.isa, self.classes, values.output, values.grad_output, grad_input);
    }
}
