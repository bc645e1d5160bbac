//! A 3×3 convolution of stride 1 by Winograd's filtering, with its rectifier, in one step.
//!
//! All three passes are products over tiles of 2×2 or 4×4 outputs: forward, the gradient of the input (a convolution of the
//! output's gradient with the turned kernel), the gradient of the weights. Parameters lie as the layer has them.

use rand_chacha::ChaCha8Rng;

use super::frame::Frame;
use super::{Initial, Layer, ParameterSpec, Pass, Values, conv2d};
use crate::kernel::{
    Buffer, Isa, KernelLayout, Outputs, PANEL, Place, Tile, Winograd, WinogradGradient, transpose, winograd_forward,
    winograd_kernel_gradient, winograd_scratch, winograd_weight_gradient, winograd_weights,
};
use crate::network::{Convolution, Window};

#[derive(Debug)]
pub(crate) struct WinogradConv {
    window: Window,
    channels: usize,
    filters: usize,
    relu: bool,
    /// True if the gradient of the input is asked for.
    inner: bool,
    tile: Tile,
    forward: Tiles,
    /// The gradient of the output within zeros, and the tiles of the input's gradient over it.
    backward: Tiles,
}

/// How one convolution is cut into tiles.
#[derive(Debug)]
struct Tiles {
    /// What is read.
    frame: Frame,
    /// `[height, width]` of what is written.
    output: [usize; 2],
    /// Outputs along a tile's side.
    side: usize,
}

impl Tiles {
    /// In a frame of at least this size.
    fn new(image: [usize; 3], before: [usize; 2], output: [usize; 2], tile: Tile, size: [usize; 2]) -> Self {
        let side = tile.side();
        let size = [0, 1].map(|axis| size[axis].max(output[axis].next_multiple_of(side) + 2));
        Self { frame: Frame::sized(image, before, size), output, side }
    }

    fn count(&self) -> usize {
        count(self.output, self.side)
    }

    /// The first output of each tile: row and column.
    fn each(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        let ([height, width], side) = (self.output, self.side);
        (0..height).step_by(side).flat_map(move |y| (0..width).step_by(side).map(move |x| [y, x]))
    }

    /// Of each tile the first value of its field in a framed image; one sample after the other.
    fn all_fields(&self, samples: usize, fields: &mut Vec<usize>) {
        let (row, channels) = (self.frame.row(), self.frame.channels());
        fields.clear();
        for sample in 0..samples {
            let start = sample * self.frame.whole_len();
            fields.extend(self.each().map(|[y, x]| start + y * row + x * channels));
        }
    }

    /// Where the outputs of each tile lie among those of so many filters.
    fn all_places(&self, samples: usize, filters: usize, places: &mut Vec<Place>) {
        let [height, width] = self.output;
        places.clear();
        for sample in 0..samples {
            places.extend(self.each().map(|[y, x]| Place {
                first: ((sample * height + y) * width + x) * filters,
                rows: self.side.min(height - y) as u8,
                columns: self.side.min(width - x) as u8,
            }));
        }
    }
}

/// Tiles over so many outputs.
fn count(output: [usize; 2], side: usize) -> usize {
    output[0].div_ceil(side) * output[1].div_ceil(side)
}

/// The tiles that take fewer products; those of 4×4 only where their rounding is taken too.
fn tile_of(output: [usize; 2], coarse: bool) -> Tile {
    let products = |tile: Tile| count(output, tile.side()) * tile.products();
    if coarse && products(Tile::Four) < products(Tile::Two) { Tile::Four } else { Tile::Two }
}

impl WinogradConv {
    /// The step for a convolution, if it can be one: 3×3, of stride 1, without groups and gaps, of whole panels of channels
    /// and filters. `coarse`: tiles may be large, whose rounding errors are some ten times as large too.
    pub(crate) fn fuse(
        input: [usize; 3],
        output: [usize; 3],
        convolution: &Convolution,
        relu: bool,
        inner: bool,
        coarse: bool,
    ) -> Option<Self> {
        let Convolution { window, groups, filters } = *convolution;
        let plain = window.size == [3, 3] && window.stride == [1, 1] && window.dilation == [1, 1] && groups == 1;
        let [_, _, channels] = input;
        if !plain || !channels.is_multiple_of(PANEL) || !filters.is_multiple_of(PANEL) {
            return None;
        }
        let before = [0, 1].map(|axis| window.zeros(axis, input[axis])[0]);
        let tile = tile_of([output[0], output[1]], coarse);
        let forward = Tiles::new(input, before, [output[0], output[1]], tile, [0, 0]);
        // The gradient of the weights walks over the output's gradient in whole tiles, too.
        let behind = before.map(|before| 2 - before);
        let size = [0, 1].map(|axis| behind[axis] + output[axis].next_multiple_of(tile.side()));
        let backward = Tiles::new(output, behind, [input[0], input[1]], tile, size);
        Some(Self { window, channels, filters, relu, inner, tile, forward, backward })
    }

    fn weights(&self) -> usize {
        9 * self.channels * self.filters
    }

    fn products(&self) -> usize {
        self.tile.products() * self.channels * self.filters
    }

    /// The output's gradient within its zeros, sample by sample, zero where the rectifier cut it off; adds that of the bias.
    fn framed_gradient(&self, values: &Values<'_>, samples: usize, framed: &mut Buffer<f32>, bias: &mut [f32]) {
        let (frame, row_len) = (&self.backward.frame, self.forward.output[1] * self.filters);
        framed.zero(samples * frame.whole_len());
        let rows = values.grad_output.chunks_exact(row_len).zip(values.output.chunks_exact(row_len));
        for (number, (gradient, output)) in rows.enumerate() {
            let (sample, y) = (number / self.forward.output[0], number % self.forward.output[0]);
            let start = sample * frame.whole_len() + frame.first() + y * frame.row();
            let to = &mut framed[start..start + row_len];
            if self.relu {
                for (to, (gradient, output)) in to.iter_mut().zip(gradient.iter().zip(output)) {
                    // A mask instead of a choice, which would be a jump that is wrong every other time.
                    let keep = u32::from(*output > 0.0).wrapping_neg();
                    *to = f32::from_bits(gradient.to_bits() & keep);
                }
            } else {
                to.copy_from_slice(gradient);
            }
            for place in to.chunks_exact(self.filters) {
                for (sum, value) in bias.iter_mut().zip(place) {
                    *sum += value;
                }
            }
        }
    }
}

/// Images with their zeros, behind each other; as they are, where there are none.
fn framed<'a>(frame: &Frame, images: &'a [f32], place: &'a mut Buffer<f32>) -> &'a [f32] {
    if frame.len() == 0 {
        return images;
    }
    place.resize(images.len() / frame.image_len() * frame.len());
    for (image, place) in images.chunks_exact(frame.image_len()).zip(place.chunks_exact_mut(frame.len())) {
        frame.around(image, place);
    }
    place
}

impl Layer for WinogradConv {
    fn input_len(&self) -> usize {
        self.forward.frame.image_len()
    }

    fn output_len(&self) -> usize {
        self.backward.frame.image_len()
    }

    fn kernel(&self) -> String {
        let side = self.tile.side();
        format!("winograd {side}x{side}")
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        conv2d::parameters(&self.window, self.channels, self.filters)
    }

    fn initialize(&self, initial: Initial, random: &mut ChaCha8Rng, tensors: &mut [f32]) {
        initial.fill(random, 9 * self.channels, 9 * self.filters, &mut tensors[..self.weights()]);
    }

    fn prepares_forward(&self) -> bool {
        true
    }

    /// The transformed kernel, and, if the input's gradient is asked for, that of the transposed one, which lies behind it.
    fn prepared_len(&self) -> usize {
        self.products() + if self.inner { self.products() + self.weights() } else { 0 }
    }

    fn prepare(&self, parameters: &[f32], prepared: &mut [f32]) {
        let (isa, kernel) = (Isa::detect(), &parameters[..self.weights()]);
        let (forward, rest) = prepared.split_at_mut(self.products());
        winograd_weights(isa, self.tile, KernelLayout::Rows, self.channels, self.filters, kernel, forward);
        if rest.is_empty() {
            return;
        }
        let (backward, transposed) = rest.split_at_mut(self.products());
        let taps = kernel.chunks_exact(self.channels * self.filters);
        for (from, to) in taps.zip(transposed.chunks_exact_mut(self.channels * self.filters)) {
            transpose(isa, [self.channels, self.filters], from, self.filters, to, self.channels);
        }
        winograd_weights(isa, self.tile, KernelLayout::Turned, self.filters, self.channels, transposed, backward);
    }

    fn scratch_len(&self) -> usize {
        let tiles = 6 * (self.forward.count() + self.backward.count());
        let frames = self.forward.frame.whole_len() + 2 * self.backward.frame.whole_len();
        winograd_scratch(self.tile, self.channels, self.filters) + self.products() + tiles + frames
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], _: &mut [u32]) {
        let work = &mut *pass.work;
        self.forward.all_fields(pass.samples, &mut work.windows);
        self.forward.all_places(pass.samples, self.filters, &mut work.places);
        let images = framed(&self.forward.frame, input, &mut work.images);
        let shape = Winograd {
            tile: self.tile,
            tiles: &work.windows,
            row: self.forward.frame.row(),
            channels: self.channels,
            filters: self.filters,
        };
        let row = self.forward.output[1] * self.filters;
        let mut outputs = Outputs::Whole { output, filters: self.filters, row, places: &work.places, relu: self.relu };
        let scratch = winograd_scratch(self.tile, self.channels, self.filters);
        pass.scratch.reserve(scratch);
        let (weights, bias) = (&pass.prepared[..self.products()], &pass.parameters[self.weights()..]);
        winograd_forward(pass.isa, &shape, images, weights, bias, pass.scratch, &mut outputs);
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, gradient: &mut [f32], grad_input: Option<&mut [f32]>) {
        let (grad_kernel, grad_bias) = gradient.split_at_mut(self.weights());
        let work = &mut *pass.work;
        self.framed_gradient(values, pass.samples, &mut work.framed, grad_bias);

        self.forward.all_fields(pass.samples, &mut work.windows);
        work.gradient_windows.clear();
        for sample in 0..pass.samples {
            let start = sample * self.backward.frame.whole_len() + self.backward.frame.first();
            let row = self.backward.frame.row();
            work.gradient_windows.extend(self.forward.each().map(|[y, x]| start + y * row + x * self.filters));
        }
        let images = framed(&self.forward.frame, values.input, &mut work.images);
        let shape = WinogradGradient {
            forward: Winograd {
                tile: self.tile,
                tiles: &work.windows,
                row: self.forward.frame.row(),
                channels: self.channels,
                filters: self.filters,
            },
            tiles: &work.gradient_windows,
            row: self.backward.frame.row(),
        };
        let scratch = winograd_scratch(self.tile, self.channels, self.filters);
        pass.scratch.reserve(scratch);
        work.dense.zero(self.products());
        winograd_weight_gradient(pass.isa, &shape, images, &work.framed, pass.scratch, &mut work.dense);
        winograd_kernel_gradient(pass.isa, self.tile, self.channels, self.filters, &work.dense, grad_kernel);

        let Some(grad_input) = grad_input else { return };
        self.backward.all_fields(pass.samples, &mut work.windows);
        self.backward.all_places(pass.samples, self.channels, &mut work.places);
        let shape = Winograd {
            tile: self.tile,
            tiles: &work.windows,
            row: self.backward.frame.row(),
            channels: self.filters,
            filters: self.channels,
        };
        let row = self.backward.output[1] * self.channels;
        let output = grad_input;
        let mut outputs = Outputs::Whole { output, filters: self.channels, row, places: &work.places, relu: false };
        let weights = &pass.prepared[self.products()..2 * self.products()];
        work.dense.zero(self.channels);
        winograd_forward(pass.isa, &shape, &work.framed, weights, &work.dense, pass.scratch, &mut outputs);
    }
}
