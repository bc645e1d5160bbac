//! Convolution of each channel by itself: a group for each channel, with one filter or more, in order of the channels.
//!
//! The products of [`super::conv2d`] would have one column each. Here all channels of a place are worked on together, tap
//! by tap: the kernel `[height, width, 1, out]` has a row of weights for each tap, as long as a place of the output.

use rand_chacha::ChaCha8Rng;

use super::frame::Frame;
use super::{Initial, Layer, ParameterSpec, Pass, Values, conv2d};
use crate::network::Window;

#[derive(Debug)]
pub(super) struct Depthwise {
    frame: Frame,
    window: Window,
    channels: usize,
    /// `[height, width, filters]`.
    output: [usize; 3],
}

impl Depthwise {
    pub(super) fn new(input: [usize; 3], output: [usize; 3], window: &Window) -> Self {
        Self { frame: Frame::new(input, window), window: *window, channels: input[2], output }
    }

    fn filters(&self) -> usize {
        self.output[2]
    }

    fn taps(&self) -> usize {
        self.window.size[0] * self.window.size[1]
    }

    fn weights(&self) -> usize {
        self.taps() * self.filters()
    }

    /// Calls `visit(output place, tap, input place)` for each tap of each window; places count values.
    fn each(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let Window { size: [high, wide], stride, dilation, .. } = self.window;
        let [height, width, filters] = self.output;
        for y in 0..height {
            for x in 0..width {
                for tap_y in 0..high {
                    for tap_x in 0..wide {
                        let row = (y * stride[0] + tap_y * dilation[0]) * self.frame.row();
                        let column = (x * stride[1] + tap_x * dilation[1]) * self.channels;
                        visit((y * width + x) * filters, (tap_y * wide + tap_x) * filters, row + column);
                    }
                }
            }
        }
    }
}

/// Adds to each filter's sum its factor times the value of its channel.
fn multiply_channels(values: &[f32], factors: &[f32], sums: &mut [f32]) {
    let multiplier = sums.len() / values.len();
    if multiplier == 1 {
        // All channels at a time, which chunks of one would not be.
        for ((sum, factor), value) in sums.iter_mut().zip(factors).zip(values) {
            *sum += factor * value;
        }
        return;
    }
    let filters = sums.chunks_exact_mut(multiplier).zip(factors.chunks_exact(multiplier));
    for ((sums, factors), value) in filters.zip(values) {
        for (sum, factor) in sums.iter_mut().zip(factors) {
            *sum += factor * value;
        }
    }
}

/// Adds to each channel's sum the products of its filters' factors.
fn gather_channels(left: &[f32], right: &[f32], sums: &mut [f32]) {
    let multiplier = left.len() / sums.len();
    if multiplier == 1 {
        return multiply_channels(left, right, sums);
    }
    let filters = left.chunks_exact(multiplier).zip(right.chunks_exact(multiplier));
    for (sum, (left, right)) in sums.iter_mut().zip(filters) {
        *sum += left.iter().zip(right).map(|(left, right)| left * right).sum::<f32>();
    }
}

impl Layer for Depthwise {
    fn input_len(&self) -> usize {
        self.frame.image_len()
    }

    fn output_len(&self) -> usize {
        self.output.iter().product()
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        conv2d::parameters(&self.window, 1, self.filters())
    }

    fn initialize(&self, initial: Initial, random: &mut ChaCha8Rng, parameters: &mut [f32]) {
        // Of the products that meet in one value, as in a convolution with groups; Keras counts those of all channels here,
        // and so begins with smaller weights the more channels there are.
        let multiplier = self.filters() / self.channels;
        initial.fill(random, self.taps(), self.taps() * multiplier, &mut parameters[..self.weights()]);
    }

    fn scratch_len(&self) -> usize {
        self.frame.len()
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        let (channels, filters) = (self.channels, self.filters());
        let (kernel, bias) = pass.parameters.split_at(self.weights());
        pass.scratch.clear();
        pass.scratch.resize(self.frame.len(), 0.0);
        let samples = input.chunks_exact(self.input_len()).zip(output.chunks_exact_mut(self.output_len()));
        for (image, output) in samples {
            for place in output.chunks_exact_mut(filters) {
                place.copy_from_slice(bias);
            }
            let image = self.frame.around(image, pass.scratch);
            self.each(|to, tap, from| {
                multiply_channels(&image[from..][..channels], &kernel[tap..][..filters], &mut output[to..][..filters]);
            });
        }
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, gradient: &mut [f32], grad_input: Option<&mut [f32]>) {
        let (channels, filters) = (self.channels, self.filters());
        let (grad_kernel, grad_bias) = gradient.split_at_mut(self.weights());
        pass.scratch.clear();
        pass.scratch.resize(self.frame.len(), 0.0);
        let images = values.input.chunks_exact(self.input_len());
        let gradients = values.grad_output.chunks_exact(self.output_len());
        for (image, grad) in images.zip(gradients.clone()) {
            for place in grad.chunks_exact(filters) {
                for (bias, grad) in grad_bias.iter_mut().zip(place) {
                    *bias += grad;
                }
            }
            let image = self.frame.around(image, pass.scratch);
            self.each(|to, tap, from| {
                let grad_tap = &mut grad_kernel[tap..][..filters];
                multiply_channels(&image[from..][..channels], &grad[to..][..filters], grad_tap);
            });
        }
        let Some(grad_input) = grad_input else { return };
        let kernel = &pass.parameters[..self.weights()];
        for (grad, grad_image) in gradients.zip(grad_input.chunks_exact_mut(self.input_len())) {
            self.frame.within(grad_image, pass.scratch, |framed| {
                self.each(|to, tap, from| {
                    let grad = &grad[to..][..filters];
                    gather_channels(grad, &kernel[tap..][..filters], &mut framed[from..][..channels]);
                });
            });
        }
    }
}
