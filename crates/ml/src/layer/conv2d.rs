//! Convolution of images: kernels of any size and stride, `W` of shape `[height, width, in, out]` as Keras keeps it.
//!
//! All three products read the image where it lies. Forward, a row of the output is one product, whose segments are the
//! rows of the window. For the weights' gradient the segments are the rows of the output. The input's gradient is a
//! convolution of the output's gradient, spread by the stride and framed by zeros, with the turned and transposed kernel.

use rand_chacha::ChaCha8Rng;

use super::pool::padding_before;
use super::{Initial, Layer, ParameterSpec, Pass, Values};
use crate::kernel::{Isa, Product, multiply};
use crate::network::Padding;

#[derive(Debug)]
pub(super) struct Conv2d {
    input: [usize; 3],
    output: [usize; 3],
    kernel: [usize; 2],
    stride: [usize; 2],
    /// Zeros above and left of the image, and the size of the image with its frame.
    before: [usize; 2],
    framed: [usize; 2],
}

impl Conv2d {
    pub(super) fn new(
        input: &[usize],
        output: &[usize],
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: Padding,
    ) -> Self {
        let input = [input[0], input[1], input[2]];
        let output = [output[0], output[1], output[2]];
        let mut before = [0; 2];
        let mut framed = [0; 2];
        for axis in 0..2 {
            before[axis] = padding_before(input[axis], output[axis], kernel[axis], stride[axis], padding);
            // What lies beyond the last window stays, so that its gradient has a place.
            let reached = (output[axis] - 1) * stride[axis] + kernel[axis];
            framed[axis] = reached.max(before[axis] + input[axis]);
        }
        Self { input, output, kernel, stride, before, framed }
    }

    fn weights(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.input[2] * self.output[2]
    }

    fn has_frame(&self) -> bool {
        self.framed != [self.input[0], self.input[1]]
    }

    fn framed_len(&self) -> usize {
        self.framed[0] * self.framed[1] * self.input[2]
    }

    /// The image within its frame of zeros.
    fn frame(&self, image: &[f32], framed: &mut [f32]) {
        let row = self.input[1] * self.input[2];
        let framed_row = self.framed[1] * self.input[2];
        framed.fill(0.0);
        for (y, line) in image.chunks_exact(row).enumerate() {
            let start = (y + self.before[0]) * framed_row + self.before[1] * self.input[2];
            framed[start..start + row].copy_from_slice(line);
        }
    }

    /// The image without its frame.
    fn unframe(&self, framed: &[f32], image: &mut [f32]) {
        let row = self.input[1] * self.input[2];
        let framed_row = self.framed[1] * self.input[2];
        for (y, line) in image.chunks_exact_mut(row).enumerate() {
            let start = (y + self.before[0]) * framed_row + self.before[1] * self.input[2];
            line.copy_from_slice(&framed[start..start + row]);
        }
    }

    fn forward_one(&self, isa: Isa, image: &[f32], kernel: &[f32], output: &mut [f32]) {
        let [_, width, filters] = self.output;
        let framed_row = self.framed[1] * self.input[2];
        let product = Product {
            m: width,
            n: filters,
            segments: self.kernel[0],
            k: self.kernel[1] * self.input[2],
            a_row: self.stride[1] * self.input[2],
            a_segment: framed_row,
            a_step: 1,
            b_row: filters,
            c_row: filters,
        };
        for (y, line) in output.chunks_exact_mut(width * filters).enumerate() {
            multiply(isa, &product, &image[y * self.stride[0] * framed_row..], kernel, line);
        }
    }

    fn weight_gradient(&self, isa: Isa, image: &[f32], grad_output: &[f32], grad_kernel: &mut [f32]) {
        let [height, width, filters] = self.output;
        let channels = self.input[2];
        let framed_row = self.framed[1] * channels;
        let product = Product {
            m: self.kernel[1] * channels,
            n: filters,
            segments: height,
            k: width,
            a_row: 1,
            a_segment: self.stride[0] * framed_row,
            a_step: self.stride[1] * channels,
            b_row: filters,
            c_row: filters,
        };
        let rows = grad_kernel.chunks_exact_mut(self.kernel[1] * channels * filters);
        for (y, rows) in rows.enumerate() {
            multiply(isa, &product, &image[y * framed_row..], grad_output, rows);
        }
    }

    /// The kernel turned by half a circle, with inputs and outputs exchanged.
    fn turn(&self, kernel: &[f32], turned: &mut [f32]) {
        let [high, wide] = self.kernel;
        let (channels, filters) = (self.input[2], self.output[2]);
        for y in 0..high {
            for x in 0..wide {
                let from = &kernel[(y * wide + x) * channels * filters..][..channels * filters];
                let to =
                    &mut turned[((high - 1 - y) * wide + wide - 1 - x) * channels * filters..][..channels * filters];
                for (c, row) in from.chunks_exact(filters).enumerate() {
                    for (f, value) in row.iter().enumerate() {
                        to[f * channels + c] = *value;
                    }
                }
            }
        }
    }

    fn spread_size(&self) -> [usize; 2] {
        [self.framed[0] + self.kernel[0] - 1, self.framed[1] + self.kernel[1] - 1]
    }

    /// The output's gradient, spread by the stride within zeros.
    fn spread(&self, grad_output: &[f32], spread: &mut [f32]) {
        let [_, width, filters] = self.output;
        let [_, spread_width] = self.spread_size();
        spread.fill(0.0);
        for (y, line) in grad_output.chunks_exact(width * filters).enumerate() {
            let row = (y * self.stride[0] + self.kernel[0] - 1) * spread_width;
            for (x, values) in line.chunks_exact(filters).enumerate() {
                let start = (row + x * self.stride[1] + self.kernel[1] - 1) * filters;
                spread[start..start + filters].copy_from_slice(values);
            }
        }
    }

    fn spread_len(&self) -> usize {
        self.spread_size().iter().product::<usize>() * self.output[2]
    }

    fn input_gradient(&self, isa: Isa, spread: &[f32], turned: &[f32], framed: &mut [f32]) {
        let (channels, filters) = (self.input[2], self.output[2]);
        let spread_row = self.spread_size()[1] * filters;
        let product = Product {
            m: self.framed[1],
            n: channels,
            segments: self.kernel[0],
            k: self.kernel[1] * filters,
            a_row: filters,
            a_segment: spread_row,
            a_step: 1,
            b_row: channels,
            c_row: channels,
        };
        framed.fill(0.0);
        for (y, line) in framed.chunks_exact_mut(self.framed[1] * channels).enumerate() {
            multiply(isa, &product, &spread[y * spread_row..], turned, line);
        }
    }
}

impl Layer for Conv2d {
    fn input_len(&self) -> usize {
        self.input.iter().product()
    }

    fn output_len(&self) -> usize {
        self.output.iter().product()
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let shape = vec![self.kernel[0], self.kernel[1], self.input[2], self.output[2]];
        vec![ParameterSpec { name: "kernel", shape }, ParameterSpec { name: "bias", shape: vec![self.output[2]] }]
    }

    fn initialize(&self, initial: Initial, random: &mut ChaCha8Rng, parameters: &mut [f32]) {
        let window = self.kernel[0] * self.kernel[1];
        let (fan_in, fan_out) = (window * self.input[2], window * self.output[2]);
        initial.fill(random, fan_in, fan_out, &mut parameters[..self.weights()]);
    }

    fn prepared_len(&self) -> usize {
        self.weights()
    }

    fn prepare(&self, parameters: &[f32], prepared: &mut [f32]) {
        self.turn(&parameters[..self.weights()], prepared);
    }

    fn scratch_len(&self) -> usize {
        self.framed_len().saturating_add(self.spread_len())
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        let (kernel, bias) = pass.parameters.split_at(self.weights());
        pass.scratch.clear();
        pass.scratch.resize(if self.has_frame() { self.framed_len() } else { 0 }, 0.0);
        let samples = input.chunks_exact(self.input_len()).zip(output.chunks_exact_mut(self.output_len()));
        for (image, output) in samples {
            for place in output.chunks_exact_mut(self.output[2]) {
                place.copy_from_slice(bias);
            }
            if self.has_frame() {
                self.frame(image, pass.scratch);
                self.forward_one(pass.isa, pass.scratch, kernel, output);
            } else {
                self.forward_one(pass.isa, image, kernel, output);
            }
        }
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, gradient: &mut [f32], grad_input: Option<&mut [f32]>) {
        let (grad_kernel, grad_bias) = gradient.split_at_mut(self.weights());
        let framed_len = self.framed_len();
        pass.scratch.clear();
        pass.scratch.resize(framed_len + if grad_input.is_some() { self.spread_len() } else { 0 }, 0.0);
        let (framed, spread) = pass.scratch.split_at_mut(framed_len);
        let images = values.input.chunks_exact(self.input_len());
        let gradients = values.grad_output.chunks_exact(self.output_len());
        for (image, grad_output) in images.zip(gradients) {
            for place in grad_output.chunks_exact(self.output[2]) {
                for (bias, grad) in grad_bias.iter_mut().zip(place) {
                    *bias += grad;
                }
            }
            if self.has_frame() {
                self.frame(image, framed);
                self.weight_gradient(pass.isa, framed, grad_output, grad_kernel);
            } else {
                self.weight_gradient(pass.isa, image, grad_output, grad_kernel);
            }
        }
        let Some(grad_input) = grad_input else { return };
        let turned = pass.prepared;
        let gradients = values.grad_output.chunks_exact(self.output_len());
        for (grad_output, grad_image) in gradients.zip(grad_input.chunks_exact_mut(self.input_len())) {
            self.spread(grad_output, spread);
            if self.has_frame() {
                self.input_gradient(pass.isa, spread, turned, framed);
                self.unframe(framed, grad_image);
            } else {
                self.input_gradient(pass.isa, spread, turned, grad_image);
            }
        }
    }
}
