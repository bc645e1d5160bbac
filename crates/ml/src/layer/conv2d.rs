//! Convolution of images, and of steps as images of one row: kernels of any size, stride, dilation and padding, in any
//! number of groups. `W` has the shape `[height, width, in / groups, out]`, as Keras keeps it.
//!
//! All three products read the image where it lies, within its zeros. Forward, a row of the output is one product, whose
//! segments are the rows of the window. For the weights' gradient the segments are the rows of the output. The input's
//! gradient is gathered tap by tap: each tap of the kernel adds its product with a row of the output's gradient to every
//! place that it looked at. With groups or gaps within a row of the window, products are those of one tap and one group.

use rand_chacha::ChaCha8Rng;

use super::frame::Frame;
use super::{Initial, Layer, ParameterSpec, Pass, Values};
use crate::kernel::{Isa, Product, add_rows, fill_rows, multiply, transpose};
use crate::network::{Convolution, Window};

#[derive(Debug)]
pub(super) struct Conv2d {
    frame: Frame,
    window: Window,
    channels: usize,
    groups: usize,
    /// `[height, width, filters]`.
    output: [usize; 3],
}

impl Conv2d {
    pub(super) fn new(input: [usize; 3], output: [usize; 3], convolution: &Convolution) -> Self {
        let Convolution { window, groups, .. } = *convolution;
        Self { frame: Frame::new(input, &window), window, channels: input[2], groups, output }
    }

    fn filters(&self) -> usize {
        self.output[2]
    }

    /// Channels and filters of one group.
    fn group(&self) -> [usize; 2] {
        [self.channels / self.groups, self.filters() / self.groups]
    }

    fn weights(&self) -> usize {
        self.window.size[0] * self.window.size[1] * self.group()[0] * self.filters()
    }

    /// True if a row of the window is one run of values, next to each other.
    fn joined(&self) -> bool {
        self.groups == 1 && (self.window.dilation[1] == 1 || self.window.size[1] == 1)
    }

    /// The distance between neighbours of a window, down and across, in a framed image.
    fn steps(&self) -> [usize; 2] {
        [self.window.dilation[0] * self.frame.row(), self.window.dilation[1] * self.channels]
    }

    /// The same between windows.
    fn strides(&self) -> [usize; 2] {
        [self.window.stride[0] * self.frame.row(), self.window.stride[1] * self.channels]
    }

    /// Adds to `output`. `image`: with its frame.
    fn forward_one(&self, isa: Isa, image: &[f32], kernel: &[f32], output: &mut [f32]) {
        let [high, wide] = self.window.size;
        let [_, width, filters] = self.output;
        let [channels, group_filters] = self.group();
        let ([down, across], [stride_down, stride_across]) = (self.steps(), self.strides());
        // One product of all rows of the window, or one of each row, which then is a segment for each tap.
        let (products, segments, k, a_segment) =
            if self.joined() { (1, high, wide * channels, down) } else { (high, wide, channels, across) };
        let product = Product {
            m: width,
            n: group_filters,
            segments,
            k,
            a_row: stride_across,
            a_segment,
            a_step: 1,
            b_row: filters,
            c_row: filters,
        };
        for (y, line) in output.chunks_exact_mut(width * filters).enumerate() {
            for row in 0..products {
                for group in 0..self.groups {
                    let image = &image[y * stride_down + row * down + group * channels..];
                    let kernel = &kernel[row * wide * channels * filters + group * group_filters..];
                    multiply(isa, &product, image, kernel, &mut line[group * group_filters..]);
                }
            }
        }
    }

    /// Adds to `grad_kernel`. `image`: with its frame.
    fn weight_gradient(&self, isa: Isa, image: &[f32], grad_output: &[f32], grad_kernel: &mut [f32]) {
        let [high, wide] = self.window.size;
        let [height, width, filters] = self.output;
        let [channels, group_filters] = self.group();
        let ([down, across], [stride_down, stride_across]) = (self.steps(), self.strides());
        let (runs, run) = if self.joined() { (1, wide * channels) } else { (wide, channels) };
        let product = Product {
            m: run,
            n: group_filters,
            segments: height,
            k: width,
            a_row: 1,
            a_segment: stride_down,
            a_step: stride_across,
            b_row: filters,
            c_row: filters,
        };
        for (tap, rows) in grad_kernel.chunks_exact_mut(run * filters).enumerate() {
            let (y, x) = (tap / runs, tap % runs);
            debug_assert!(y < high);
            for group in 0..self.groups {
                let image = &image[y * down + x * across + group * channels..];
                let grad_output = &grad_output[group * group_filters..];
                multiply(isa, &product, image, grad_output, &mut rows[group * group_filters..]);
            }
        }
    }

    /// Adds to `grad_image`, which has its frame. `transposed`: see [`Layer::prepare`].
    fn input_gradient(&self, isa: Isa, grad_output: &[f32], transposed: &[f32], grad_image: &mut [f32]) {
        let wide = self.window.size[1];
        let [_, width, filters] = self.output;
        let [channels, group_filters] = self.group();
        let ([down, across], [stride_down, stride_across]) = (self.steps(), self.strides());
        let product = Product {
            m: width,
            n: channels,
            segments: 1,
            k: group_filters,
            a_row: filters,
            a_segment: 0,
            a_step: 1,
            b_row: channels,
            c_row: stride_across,
        };
        for (y, line) in grad_output.chunks_exact(width * filters).enumerate() {
            for (tap, kernel) in transposed.chunks_exact(filters * channels).enumerate() {
                let place = y * stride_down + (tap / wide) * down + (tap % wide) * across;
                for group in 0..self.groups {
                    let line = &line[group * group_filters..];
                    let kernel = &kernel[group * group_filters * channels..];
                    multiply(isa, &product, line, kernel, &mut grad_image[place + group * channels..]);
                }
            }
        }
    }
}

/// The shapes of a convolution's parameters; along steps the kernel has no rows.
pub(super) fn parameters(window: &Window, group_channels: usize, filters: usize) -> Vec<ParameterSpec> {
    let mut shape = window.axes(&window.size).to_vec();
    shape.extend([group_channels, filters]);
    vec![ParameterSpec { name: "kernel", shape }, ParameterSpec { name: "bias", shape: vec![filters] }]
}

impl Layer for Conv2d {
    fn input_len(&self) -> usize {
        self.frame.image_len()
    }

    fn output_len(&self) -> usize {
        self.output.iter().product()
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        parameters(&self.window, self.group()[0], self.filters())
    }

    fn initialize(&self, initial: Initial, random: &mut ChaCha8Rng, parameters: &mut [f32]) {
        let taps = self.window.size[0] * self.window.size[1];
        let [channels, filters] = self.group();
        initial.fill(random, taps * channels, taps * filters, &mut parameters[..self.weights()]);
    }

    fn prepared_len(&self) -> usize {
        self.weights()
    }

    /// The kernel with inputs and outputs exchanged: `[height, width, out, in / groups]`.
    fn prepare(&self, parameters: &[f32], prepared: &mut [f32]) {
        let (channels, filters) = (self.group()[0], self.filters());
        let taps = parameters[..self.weights()].chunks_exact(channels * filters);
        for (from, to) in taps.zip(prepared.chunks_exact_mut(channels * filters)) {
            transpose(Isa::detect(), [channels, filters], from, filters, to, channels);
        }
    }

    fn scratch_len(&self) -> usize {
        self.frame.len()
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        let (kernel, bias) = pass.parameters.split_at(self.weights());
        pass.scratch.zero(self.frame.len());
        fill_rows(bias, output);
        let samples = input.chunks_exact(self.input_len()).zip(output.chunks_exact_mut(self.output_len()));
        for (image, output) in samples {
            self.forward_one(pass.isa, self.frame.around(image, pass.scratch), kernel, output);
        }
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, gradient: &mut [f32], grad_input: Option<&mut [f32]>) {
        let (grad_kernel, grad_bias) = gradient.split_at_mut(self.weights());
        pass.scratch.zero(self.frame.len());
        let images = values.input.chunks_exact(self.input_len());
        let gradients = values.grad_output.chunks_exact(self.output_len());
        add_rows(pass.isa, values.grad_output, grad_bias);
        for (image, grad_output) in images.zip(gradients.clone()) {
            self.weight_gradient(pass.isa, self.frame.around(image, pass.scratch), grad_output, grad_kernel);
        }
        let Some(grad_input) = grad_input else { return };
        for (grad_output, grad_image) in gradients.zip(grad_input.chunks_exact_mut(self.input_len())) {
            self.frame.within(grad_image, pass.scratch, |framed| {
                self.input_gradient(pass.isa, grad_output, pass.prepared, framed);
            });
        }
    }
}
