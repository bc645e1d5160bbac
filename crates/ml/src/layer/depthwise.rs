//! Convolution of each channel by itself: a group for each channel, with one filter or more, in order of the channels.
//!
//! The products of [`super::conv2d`] would have one column each. Here all channels of a place are worked on together, tap
//! by tap: the kernel `[height, width, 1, out]` has a row of weights for each tap, as long as a place of the output. Where a
//! channel has several filters, it is repeated for each of them first.

use rand_chacha::ChaCha8Rng;

use super::frame::Frame;
use super::{Initial, Layer, ParameterSpec, Pass, Values, conv2d};
use crate::kernel::{
    Buffer, DepthwiseShape, add_rows, depthwise_forward, depthwise_input_gradient, depthwise_weight_gradient, fill_rows,
};
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

    /// Filters of each channel.
    fn multiplier(&self) -> usize {
        self.filters() / self.channels
    }

    /// Values of an image that has each channel once for each of its filters.
    fn spread_len(&self) -> usize {
        if self.multiplier() == 1 { 0 } else { self.frame.whole_len() * self.multiplier() }
    }

    /// From a window's first place to each of its taps, in an image with as many channels as filters.
    fn offsets(&self) -> Vec<usize> {
        let Window { size: [high, wide], dilation, .. } = self.window;
        let row = self.frame.row() * self.multiplier();
        let taps = (0..high).flat_map(|y| (0..wide).map(move |x| (y, x)));
        taps.map(|(y, x)| y * dilation[0] * row + x * dilation[1] * self.filters()).collect()
    }

    fn shape<'a>(&self, taps: &'a [usize]) -> DepthwiseShape<'a> {
        let stride = self.window.stride;
        DepthwiseShape {
            channels: self.filters(),
            output: [self.output[0], self.output[1]],
            strides: [stride[0] * self.frame.row() * self.multiplier(), stride[1] * self.filters()],
            taps,
        }
    }

    /// Two places to work in: for the image within its frame, and for it with a channel for each filter.
    fn places<'a>(&self, scratch: &'a mut Buffer<f32>) -> (&'a mut [f32], &'a mut [f32]) {
        scratch.zero(self.scratch_len());
        scratch.split_at_mut(self.frame.len())
    }

    /// The image within its frame, each channel once for each of its filters.
    fn image<'a>(&self, image: &'a [f32], framed: &'a mut [f32], spread: &'a mut [f32]) -> &'a [f32] {
        let image = self.frame.around(image, framed);
        if spread.is_empty() {
            return image;
        }
        for (filters, value) in spread.chunks_exact_mut(self.multiplier()).zip(image) {
            filters.fill(*value);
        }
        spread
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
        initial.fill(random, self.taps(), self.taps() * self.multiplier(), &mut parameters[..self.weights()]);
    }

    fn scratch_len(&self) -> usize {
        self.frame.len() + self.spread_len()
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        let (kernel, bias) = pass.parameters.split_at(self.weights());
        let taps = self.offsets();
        let (framed, spread) = self.places(pass.scratch);
        fill_rows(bias, output);
        let samples = input.chunks_exact(self.input_len()).zip(output.chunks_exact_mut(self.output_len()));
        for (image, output) in samples {
            let image = self.image(image, framed, spread);
            depthwise_forward(pass.isa, &self.shape(&taps), image, kernel, output);
        }
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, gradient: &mut [f32], grad_input: Option<&mut [f32]>) {
        let (grad_kernel, grad_bias) = gradient.split_at_mut(self.weights());
        let taps = self.offsets();
        let shape = self.shape(&taps);
        let (framed, spread) = self.places(pass.scratch);
        let images = values.input.chunks_exact(self.input_len());
        let gradients = values.grad_output.chunks_exact(self.output_len());
        add_rows(pass.isa, values.grad_output, grad_bias);
        for (image, grad) in images.zip(gradients.clone()) {
            let image = self.image(image, framed, spread);
            depthwise_weight_gradient(pass.isa, &shape, image, grad, grad_kernel);
        }
        let Some(grad_input) = grad_input else { return };
        let kernel = &pass.parameters[..self.weights()];
        for (grad, grad_image) in gradients.zip(grad_input.chunks_exact_mut(self.input_len())) {
            self.frame.within(grad_image, framed, |framed| {
                if spread.is_empty() {
                    return depthwise_input_gradient(pass.isa, &shape, grad, kernel, framed);
                }
                spread.fill(0.0);
                depthwise_input_gradient(pass.isa, &shape, grad, kernel, spread);
                for (sum, filters) in framed.iter_mut().zip(spread.chunks_exact(self.multiplier())) {
                    *sum += filters.iter().sum::<f32>();
                }
            });
        }
    }
}
