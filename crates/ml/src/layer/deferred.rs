//! Gradients that are made once for a whole batch.
//!
//! A chunk of samples that adds its part to the gradient of many parameters reads and writes all of them, and somebody must
//! add up the chunks' gradients. Where parameters outweigh the values of a sample, it is less to keep the layer's inputs and
//! the gradients of its outputs until the batch is through, and to make each block of the gradient then, of all samples.

use std::ops::Range;

use super::Pass;
use crate::kernel::Isa;

/// A layer whose gradient of the parameters may wait until all samples of a batch have passed.
pub trait Deferred: Sync {
    /// Where the layer's parameters may be cut into blocks whose gradients are made one by one: the parameters in a block, a
    /// multiple of what a line of the cache holds.
    fn block_len(&self) -> usize;

    /// The part of the backward pass that cannot wait: fills the gradient of the input.
    fn input_gradient(&self, pass: &mut Pass<'_>, grad_output: &[f32], grad_input: &mut [f32]);

    /// The gradient of the parameters in `range`, where a block begins, over all samples: put in `gradient`, or added to it.
    fn gradient(&self, isa: Isa, samples: &Samples<'_>, range: Range<usize>, add: bool, gradient: &mut [f32]);
}

/// What was kept of the samples of a batch, sample by sample.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    pub count: usize,
    pub input: &'a [f32],
    pub grad_output: &'a [f32],
}
