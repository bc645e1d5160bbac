//! Batch normalisation (Ioffe and Szegedy, 2015) across the last axis, with Keras's momentum and epsilon.
//!
//! In training its statistics are those of the whole batch, which no chunk knows alone. Each chunk's thread therefore sums
//! what the chunk has, by [`Partial::moments`] before the forward and [`Partial::gradients`] before the backward pass; between
//! the passes the trainer combines the parts of all chunks, in their order, and leaves the results in the layer's own places of
//! the parameters: `[gamma, beta, moving mean, moving variance, mean, variance, mean of dy, mean of dy·x̂]`.

use rand_chacha::ChaCha8Rng;

use super::{Initial, Layer, ParameterSpec, Pass, Values};
use crate::kernel::{Buffer, Isa, Norm, Sums, norm_sums, norm_width, normalize, normalize_gradient};

pub(crate) const MOMENTUM: f32 = 0.99;
pub(crate) const EPSILON: f32 = 1e-3;

/// Numbers that a channel has among the parameters.
pub(crate) const PARTS: usize = 8;

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

    fn scratch_len(&self) -> usize {
        4 * norm_width(self.channels)
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        let c = self.channels;
        let from = if pass.step.is_some() { 4 * c } else { 2 * c };
        let (gamma, beta) = pass.parameters[..2 * c].split_at(c);
        let (mean, variance) = pass.parameters[from..from + 2 * c].split_at(c);
        let [wide_mean, scale, shift, _] = self.wide(pass.scratch);
        repeat(wide_mean, c, |i| mean[i]);
        repeat(scale, c, |i| gamma[i] / deviation(variance[i]));
        repeat(shift, c, |i| beta[i]);
        normalize(pass.isa, &Norm { mean: wide_mean, scale, shift }, input, output);
    }

    /// The gradient of gamma and beta is that which [`Partial::gradients`] has added.
    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, _: &mut [f32], grad_input: Option<&mut [f32]>) {
        let Some(grad_input) = grad_input else { return };
        let c = self.channels;
        let parameters = pass.parameters;
        let part = |index: usize| &parameters[index * c..(index + 1) * c];
        let (gamma, mean, variance, grad_mean, grad_dot) = (part(0), part(4), part(5), part(6), part(7));
        let [wide_mean, scale, shift, slope] = self.wide(pass.scratch);
        repeat(wide_mean, c, |i| mean[i]);
        repeat(scale, c, |i| gamma[i] / deviation(variance[i]));
        repeat(shift, c, |i| grad_mean[i]);
        repeat(slope, c, |i| grad_dot[i] / deviation(variance[i]));
        let norm = Norm { mean: wide_mean, scale, shift };
        normalize_gradient(pass.isa, &norm, slope, values.input, values.grad_output, grad_input);
    }
}

impl BatchNorm {
    /// Four rows as wide as the kernels want them.
    fn wide<'a>(&self, scratch: &'a mut Buffer<f32>) -> [&'a mut [f32]; 4] {
        let width = norm_width(self.channels);
        scratch.zero(4 * width);
        let (first, second) = scratch.split_at_mut(2 * width);
        let ((a, b), (c, d)) = (first.split_at_mut(width), second.split_at_mut(width));
        [a, b, c, d]
    }
}

fn deviation(variance: f32) -> f32 {
    (variance + EPSILON).sqrt()
}

/// Fills a row with what `value` gives for each channel, pixel by pixel.
fn repeat(row: &mut [f32], channels: usize, value: impl Fn(usize) -> f32) {
    for pixel in row.chunks_exact_mut(channels) {
        for (channel, place) in pixel.iter_mut().enumerate() {
            *place = value(channel);
        }
    }
}

/// Rows, as wide as the kernels want them, that are summed in `f32` before they go to the sums in `f64`.
const BLOCK: usize = 32;

/// What one chunk knows of a batch's statistics.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    /// Pixels.
    rows: f64,
    /// Of each channel: the mean, or the sum of dy.
    first: Vec<f64>,
    /// Of each channel: the sum of squared distances from the mean, or of dy·(x − mean).
    second: Vec<f64>,
    /// Three rows: what is subtracted, and two sums.
    work: Buffer<f32>,
}

impl Partial {
    /// Mean and spread of a chunk's values, block by block: distances from the mean so far are small wherever the values are,
    /// so that `f32` loses nothing of them.
    pub(crate) fn moments(&mut self, isa: Isa, channels: usize, values: &[f32]) {
        let width = self.clear(channels);
        for (number, block) in values.chunks(BLOCK * width).enumerate() {
            let rows = (block.len() / channels) as f64;
            if number == 0 {
                self.sum(isa, width, block, None);
                for channel in 0..channels {
                    self.first[channel] = self.folded(channel, width)[0] / rows;
                }
            }
            let (guess, _) = self.work.split_at_mut(width);
            repeat(guess, channels, |channel| self.first[channel] as f32);
            self.sum(isa, width, block, None);
            for channel in 0..channels {
                let [sum, squares] = self.folded(channel, width);
                let spread = squares - sum * sum / rows;
                let block = Moments {
                    rows,
                    mean: f64::from(self.work[channel]) + sum / rows,
                    // Rounding may leave less than nothing; NaN stays.
                    spread: if spread < 0.0 { 0.0 } else { spread },
                };
                let all =
                    Moments { rows: self.rows, mean: self.first[channel], spread: self.second[channel] }.with(block);
                (self.first[channel], self.second[channel]) = (all.mean, all.spread);
            }
            self.rows += rows;
        }
    }

    /// The sums over a chunk of `dy` and of `dy·(x − mean)`, which is also added, scaled, to the gradient of gamma and beta.
    /// `parameters` and `gradient` are those of the layer.
    pub(crate) fn gradients(
        &mut self,
        isa: Isa,
        parameters: &[f32],
        values: &[f32],
        grads: &[f32],
        gradient: &mut [f32],
    ) {
        let channels = parameters.len() / PARTS;
        let width = self.clear(channels);
        let (mean, _) = self.work.split_at_mut(width);
        repeat(mean, channels, |channel| parameters[4 * channels + channel]);
        for (values, grads) in values.chunks(BLOCK * width).zip(grads.chunks(BLOCK * width)) {
            self.sum(isa, width, values, Some(grads));
            for channel in 0..channels {
                let [sum, products] = self.folded(channel, width);
                self.first[channel] += sum;
                self.second[channel] += products;
            }
            self.rows += (values.len() / channels) as f64;
        }
        for channel in 0..channels {
            let deviation = f64::from(deviation(parameters[5 * channels + channel]));
            gradient[channel] += (self.second[channel] / deviation) as f32;
            gradient[channels + channel] += self.first[channel] as f32;
        }
    }

    /// Ready for so many channels; gives the width of a row.
    fn clear(&mut self, channels: usize) -> usize {
        let width = norm_width(channels);
        self.rows = 0.0;
        for sums in [&mut self.first, &mut self.second] {
            sums.clear();
            sums.resize(channels, 0.0);
        }
        self.work.zero(3 * width);
        width
    }

    /// Sums a block anew.
    fn sum(&mut self, isa: Isa, width: usize, values: &[f32], grads: Option<&[f32]>) {
        let (mean, sums) = self.work.split_at_mut(width);
        sums.fill(0.0);
        let (first, second) = sums.split_at_mut(width);
        norm_sums(isa, mean, values, grads, Sums { first, second });
    }

    /// Both sums of a channel.
    fn folded(&self, channel: usize, width: usize) -> [f64; 2] {
        let (_, sums) = self.work.split_at(width);
        let (first, second) = sums.split_at(width);
        let fold = |sums: &[f32]| sums[channel..].iter().step_by(self.first.len()).map(|sum| f64::from(*sum)).sum();
        [fold(first), fold(second)]
    }
}

/// Mean and sum of squared distances from it.
#[derive(Debug, Clone, Copy)]
struct Moments {
    rows: f64,
    mean: f64,
    spread: f64,
}

impl Moments {
    /// Those of both together (Chan, Golub and LeVeque, 1983).
    fn with(self, other: Self) -> Self {
        let rows = self.rows + other.rows;
        if self.rows == 0.0 {
            return other;
        }
        let apart = other.mean - self.mean;
        Self {
            rows,
            mean: self.mean + apart * (other.rows / rows),
            spread: self.spread + other.spread + apart * apart * (self.rows * other.rows / rows),
        }
    }
}

/// The batch's mean and variance of each channel, and the moving ones after it, from those of its chunks, in order.
pub(crate) fn statistics<'a>(parts: impl Iterator<Item = &'a Partial> + Clone, parameters: &mut [f32]) {
    let c = parameters.len() / PARTS;
    for i in 0..c {
        let moments =
            parts.clone().map(|part| Moments { rows: part.rows, mean: part.first[i], spread: part.second[i] });
        let all = moments.fold(Moments { rows: 0.0, mean: 0.0, spread: 0.0 }, Moments::with);
        let (mean, variance) = (all.mean as f32, (all.spread / all.rows.max(1.0)) as f32);
        parameters[4 * c + i] = mean;
        parameters[5 * c + i] = variance;
        parameters[2 * c + i] = MOMENTUM * parameters[2 * c + i] + (1.0 - MOMENTUM) * mean;
        parameters[3 * c + i] = MOMENTUM * parameters[3 * c + i] + (1.0 - MOMENTUM) * variance;
    }
}

/// The means over the batch of `dy` and of `dy·x̂`, which the input's gradient needs, from the sums of its chunks, in order.
pub(crate) fn gradient_means<'a>(parts: impl Iterator<Item = &'a Partial> + Clone, parameters: &mut [f32]) {
    let c = parameters.len() / PARTS;
    let rows = parts.clone().map(|part| part.rows).sum::<f64>().max(1.0);
    for i in 0..c {
        let sums = parts.clone().map(|part| (part.first[i], part.second[i]));
        let (sum, products) = sums.fold((0.0, 0.0), |all, part| (all.0 + part.0, all.1 + part.1));
        parameters[6 * c + i] = (sum / rows) as f32;
        parameters[7 * c + i] = (products / f64::from(deviation(parameters[5 * c + i])) / rows) as f32;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Beside the definition in f64, for values far from zero, and the same for any cut into chunks but for rounding.
        #[test]
        fn moments_are_their_definition(
            channels in 1_usize..150,
            pixels in 1_usize..300,
            cut in 0.0_f64..1.0,
            far in -1e4_f32..1e4,
            hole in 0_usize..2000,
        ) {
            let mut values: Vec<f32> = (0..pixels * channels)
                .map(|place| far + ((place * 7919) % 1009) as f32 / 500.0 * (1.0 + (place % channels) as f32))
                .collect();
            if hole < channels {
                values[hole] = f32::NAN;
            }
            let grads: Vec<f32> = (0..values.len()).map(|place| ((place * 31) % 997) as f32 / 500.0 - 1.0).collect();
            let cut = (pixels as f64 * cut) as usize * channels;
            for isa in Isa::available() {
                let mut parameters = vec![1.0; PARTS * channels];
                let mut parts = [Partial::default(), Partial::default()];
                parts[0].moments(isa, channels, &values[..cut]);
                parts[1].moments(isa, channels, &values[cut..]);
                statistics(parts.iter(), &mut parameters);
                let mut gradient = vec![0.0; PARTS * channels];
                parts[0].gradients(isa, &parameters, &values[..cut], &grads[..cut], &mut gradient);
                parts[1].gradients(isa, &parameters, &values[cut..], &grads[cut..], &mut gradient);
                gradient_means(parts.iter(), &mut parameters);
                for channel in 0..channels {
                    let of = |values: &[f32]| -> Vec<f64> {
                        values.iter().skip(channel).step_by(channels).map(|value| f64::from(*value)).collect()
                    };
                    let (own, grads) = (of(&values), of(&grads));
                    let rows = pixels as f64;
                    let mean = own.iter().sum::<f64>() / rows;
                    let largest = own.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
                    let variance = own.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / rows;
                    let grad_mean = grads.iter().sum::<f64>() / rows;
                    let apart = (parameters[5 * channels + channel] as f64 + f64::from(EPSILON)).sqrt();
                    let taken = f64::from(parameters[4 * channels + channel]);
                    let dot = own.iter().zip(&grads).map(|(x, dy)| (x - taken) / apart * dy).sum::<f64>();
                    let same = |found: f32, expected: f64, size: f64| {
                        (f64::from(found) - expected).abs() <= 1e-5 * size || (found.is_nan() && expected.is_nan())
                    };
                    let found = |part: usize| parameters[part * channels + channel];
                    prop_assert!(same(found(4), mean, 0.1 * largest), "{isa:?}: mean {} is not {mean}", found(4));
                    prop_assert!(same(found(5), variance, variance), "{isa:?}: variance {} is not {variance}", found(5));
                    prop_assert!(same(found(6), grad_mean, 1.0), "{isa:?}: dy {} is not {grad_mean}", found(6));
                    prop_assert!(same(found(7), dot / rows, 1.0 + apart.recip()), "{isa:?}: dot {} is not {}", found(7), dot / rows);
                    prop_assert!(same(gradient[channel], dot, rows * (1.0 + apart.recip())), "{isa:?}: gamma {dot}");
                    prop_assert!(same(gradient[channels + channel], grad_mean * rows, rows), "{isa:?}: beta");
                }
            }
        }
    }
}
