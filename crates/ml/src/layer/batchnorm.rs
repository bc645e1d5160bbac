//! Batch normalisation (Ioffe and Szegedy, 2015) across the last axis, with Keras's momentum and epsilon.
//!
//! In training its statistics are those of the whole batch, which no chunk knows alone. The trainer therefore calls
//! [`statistics`] between the chunks' passes and leaves the results in the layer's own places of the parameters:
//! `[gamma, beta, moving mean, moving variance, mean, variance, mean of dy, mean of dy·x̂]`.

use rand_chacha::ChaCha8Rng;

use super::{Initial, Layer, ParameterSpec, Pass, Values};

pub(crate) const MOMENTUM: f32 = 0.99;
pub(crate) const EPSILON: f32 = 1e-3;

#[derive(Debug)]
pub(super) struct BatchNorm {
    len: usize,
    channels: usize,
}

impl BatchNorm {
    pub(super) fn new(len: usize, channels: usize) -> Self {
        Self { len, channels }
    }
}

impl Layer for BatchNorm {
    fn input_len(&self) -> usize {
        self.len
    }

    fn output_len(&self) -> usize {
        self.len
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let tensor = |name| ParameterSpec { name, shape: vec![self.channels] };
        ["gamma", "beta", "moving_mean", "moving_variance", "batch_mean", "batch_variance", "grad_mean", "grad_dot"]
            .map(tensor)
            .to_vec()
    }

    fn initialize(&self, _: Initial, _: &mut ChaCha8Rng, parameters: &mut [f32]) {
        let c = self.channels;
        parameters[..c].fill(1.0);
        parameters[3 * c..4 * c].fill(1.0);
        parameters[5 * c..6 * c].fill(1.0);
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        let c = self.channels;
        let from = if pass.step.is_some() { 4 * c } else { 2 * c };
        let (mean, variance) = pass.parameters[from..from + 2 * c].split_at(c);
        let (gamma, beta) = pass.parameters[..2 * c].split_at(c);
        for (input, output) in input.chunks_exact(c).zip(output.chunks_exact_mut(c)) {
            for i in 0..c {
                output[i] = gamma[i] * (input[i] - mean[i]) / (variance[i] + EPSILON).sqrt() + beta[i];
            }
        }
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, gradient: &mut [f32], grad_input: Option<&mut [f32]>) {
        let c = self.channels;
        let parameters = pass.parameters;
        let part = |index: usize| &parameters[index * c..(index + 1) * c];
        let (gamma, mean, variance, grad_mean, grad_dot) = (part(0), part(4), part(5), part(6), part(7));
        for (input, grad) in values.input.chunks_exact(c).zip(values.grad_output.chunks_exact(c)) {
            for i in 0..c {
                let normal = (input[i] - mean[i]) / (variance[i] + EPSILON).sqrt();
                gradient[i] += grad[i] * normal;
                gradient[c + i] += grad[i];
            }
        }
        let Some(grad_input) = grad_input else { return };
        let rows = values.input.chunks_exact(c).zip(values.grad_output.chunks_exact(c));
        for ((input, grad), grad_input) in rows.zip(grad_input.chunks_exact_mut(c)) {
            for i in 0..c {
                let deviation = (variance[i] + EPSILON).sqrt();
                let normal = (input[i] - mean[i]) / deviation;
                grad_input[i] = gamma[i] / deviation * (grad[i] - grad_mean[i] - normal * grad_dot[i]);
            }
        }
    }
}

/// The batch's mean and variance of each channel, and the moving ones after it. `chunks`: the layer's inputs, in order.
pub(crate) fn statistics<'a>(chunks: impl Iterator<Item = &'a [f32]> + Clone, parameters: &mut [f32]) {
    let c = parameters.len() / 8;
    let mut mean = vec![0.0_f64; c];
    let mut variance = vec![0.0_f64; c];
    let mut rows = 0.0_f64;
    for row in chunks.clone().flat_map(|chunk| chunk.chunks_exact(c)) {
        rows += 1.0;
        for (sum, value) in mean.iter_mut().zip(row) {
            *sum += f64::from(*value);
        }
    }
    mean.iter_mut().for_each(|sum| *sum /= rows.max(1.0));
    for row in chunks.flat_map(|chunk| chunk.chunks_exact(c)) {
        for ((sum, value), mean) in variance.iter_mut().zip(row).zip(&mean) {
            *sum += (f64::from(*value) - mean).powi(2);
        }
    }
    for i in 0..c {
        let (mean, variance) = (mean[i] as f32, (variance[i] / rows.max(1.0)) as f32);
        parameters[4 * c + i] = mean;
        parameters[5 * c + i] = variance;
        parameters[2 * c + i] = MOMENTUM * parameters[2 * c + i] + (1.0 - MOMENTUM) * mean;
        parameters[3 * c + i] = MOMENTUM * parameters[3 * c + i] + (1.0 - MOMENTUM) * variance;
    }
}

/// The means over the batch of `dy` and of `dy·x̂`, which the input's gradient needs. `chunks`: the layer's inputs with the
/// gradients of its outputs, in order.
pub(crate) fn gradient_means<'a>(chunks: impl Iterator<Item = (&'a [f32], &'a [f32])>, parameters: &mut [f32]) {
    let c = parameters.len() / 8;
    let mut sums = vec![(0.0_f64, 0.0_f64); c];
    let mut rows = 0.0_f64;
    for (inputs, grads) in chunks {
        for (input, grad) in inputs.chunks_exact(c).zip(grads.chunks_exact(c)) {
            rows += 1.0;
            for i in 0..c {
                let normal = (input[i] - parameters[4 * c + i]) / (parameters[5 * c + i] + EPSILON).sqrt();
                sums[i].0 += f64::from(grad[i]);
                sums[i].1 += f64::from(grad[i] * normal);
            }
        }
    }
    for (i, (sum, dot)) in sums.into_iter().enumerate() {
        parameters[6 * c + i] = (sum / rows.max(1.0)) as f32;
        parameters[7 * c + i] = (dot / rows.max(1.0)) as f32;
    }
}
