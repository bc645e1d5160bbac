//! Convolution, rectifier and 2×2 max-pool in one step.
//!
//! The same as the three layers one after the other, but for rounding: forward, what the pool drops is never stored;
//! backward, only the outputs that won their window are looked at. Its parameters lie as the kernels want them, by filter,
//! and are brought into the layers' form when the network is written.

use rand_chacha::ChaCha8Rng;

use super::frame::Frame;
use super::{Initial, Layer, ParameterSpec, Pass, Values, conv2d};
use crate::kernel::{
    Buffer, Isa, KernelLayout, LiveWindows, Narrow, Outputs, PANEL, Pooled, Pooling, Tile, Winograd,
    narrow_weight_gradient, padded, pooled_forward, sparse_input_gradient, sparse_spread_gradient,
    sparse_weight_gradient, transpose, winograd_forward, winograd_scratch, winograd_weights,
};
use crate::network::{Convolution, Padding, Window};

/// Images that are looked at together for the gradient of the weights: as many as stay near the core.
const IMAGES_BYTES: usize = 64 << 10;

/// A tile is a pool window.
const TILE: Tile = Tile::Two;

/// A convolution with the pool behind it.
#[derive(Debug)]
pub(crate) struct PooledConv {
    frame: Frame,
    window: Window,
    channels: usize,
    filters: usize,
    relu: bool,
    /// True if the gradient of the input is asked for.
    inner: bool,
    /// Rows and columns of pool windows, and from one to the next in a framed image.
    windows: [usize; 2],
    steps: [usize; 2],
    /// From the first value of a window's first field to its four fields.
    places: [usize; 4],
    /// From a field's first value to its rows.
    rows: Vec<usize>,
}

impl PooledConv {
    /// The step for these layers, if it can be one: a convolution of one group without gaps, and a pool of 2×2 windows that
    /// do not overlap.
    pub(crate) fn fuse(
        input: [usize; 3],
        output: [usize; 3],
        convolution: &Convolution,
        pool: &Window,
        relu: bool,
        inner: bool,
    ) -> Option<Self> {
        let Convolution { window, groups, filters } = *convolution;
        let plain = pool.size == [2, 2] && pool.stride == [2, 2] && pool.dilation == [1, 1];
        let [height, width] = [output[0] / 2, output[1] / 2];
        let fits = groups == 1 && window.dilation == [1, 1] && plain && pool.padding == Padding::Valid;
        if !fits || height == 0 || width == 0 {
            return None;
        }
        let frame = Frame::new(input, &window);
        let (row, channels) = (frame.row(), input[2]);
        let [down, across] = [window.stride[0] * row, window.stride[1] * channels];
        let (windows, steps) = ([height, width], [2 * down, 2 * across]);
        let rows = (0..window.size[0]).map(|y| y * row).collect();
        let places = [0, across, down, down + across];
        Some(Self { frame, window, channels, filters, relu, inner, windows, steps, places, rows })
    }

    /// Pool windows of an image.
    fn count(&self) -> usize {
        self.windows[0] * self.windows[1]
    }

    /// Values of a row of a convolution's window.
    fn run(&self) -> usize {
        self.window.size[1] * self.channels
    }

    /// True if lanes are better filters than values of a row.
    fn narrow(&self) -> bool {
        self.run() < PANEL
    }

    /// Terms of each output's sum.
    fn terms(&self) -> usize {
        self.rows.len() * self.run()
    }

    /// Weights as they lie: `[term][filter, padded]` if narrow, else `[filter][row of the window][run, padded]`.
    fn weights(&self) -> usize {
        if self.narrow() {
            self.terms() * padded(self.filters)
        } else {
            self.filters * self.rows.len() * padded(self.run())
        }
    }

    /// Where the weight of a term and a filter lies.
    fn place(&self, term: usize, filter: usize) -> usize {
        if self.narrow() {
            term * padded(self.filters) + filter
        } else {
            let (row, column) = (term / self.run(), term % self.run());
            (filter * self.rows.len() + row) * padded(self.run()) + column
        }
    }

    fn three_by_three(&self) -> bool {
        self.window.size == [3, 3] && self.window.stride == [1, 1] && self.channels.is_multiple_of(PANEL)
    }

    /// True if the forward pass takes Winograd's way: its transforms need windows enough to pay.
    fn winograd(&self) -> bool {
        self.three_by_three() && self.count() >= 4
    }

    /// What is prepared: panels for the forward pass, the padded bias, Winograd's weights, weights for the gradient of the
    /// input.
    fn prepared_parts(&self) -> [usize; 4] {
        let width = padded(self.filters);
        let winograd = if self.winograd() { TILE.products() * self.channels * width } else { 0 };
        let backward = match (self.inner, self.three_by_three(), self.narrow()) {
            (true, true, _) => 9 * self.channels * self.filters,
            (true, false, true) => self.filters * self.rows.len() * padded(self.run()),
            _ => 0,
        };
        [self.terms() * width, width, winograd, backward]
    }

    fn split_prepared<'a>(&self, prepared: &'a [f32]) -> [&'a [f32]; 4] {
        let [panels, bias, winograd, _] = self.prepared_parts();
        let (panels, rest) = prepared.split_at(panels);
        let (bias, rest) = rest.split_at(bias);
        let (winograd, backward) = rest.split_at(winograd);
        [panels, bias, winograd, backward]
    }

    /// Values of an image with its zeros.
    fn image_len(&self) -> usize {
        if self.frame.len() == 0 { self.frame.image_len() } else { self.frame.len() }
    }

    /// Images with their zeros, behind each other, and room behind them for what a run is padded with.
    fn framed<'a>(&self, images: &'a [f32], place: &'a mut Buffer<f32>) -> &'a [f32] {
        let samples = images.len() / self.frame.image_len();
        place.resize(samples * self.image_len() + PANEL);
        for (image, place) in images.chunks_exact(self.frame.image_len()).zip(place.chunks_exact_mut(self.image_len()))
        {
            if self.frame.len() == 0 {
                place.copy_from_slice(image);
            } else {
                self.frame.around(image, place);
            }
        }
        place
    }

    /// The windows of all samples.
    fn all_windows(&self, samples: usize, windows: &mut Vec<usize>) {
        windows.resize(samples * self.count(), 0);
        let ([height, width], [down, across]) = (self.windows, self.steps);
        for (index, row) in windows.chunks_exact_mut(width).enumerate() {
            let start = index / height * self.image_len() + index % height * down;
            for (x, window) in row.iter_mut().enumerate() {
                *window = start + x * across;
            }
        }
    }

    /// The gradient of weights and bias, of the windows of some samples.
    fn weight_gradient(
        &self,
        pass: &mut Pass<'_>,
        pooling: &Pooling<'_>,
        windows: &[usize],
        images: &[f32],
        gradient: &mut [f32],
    ) {
        let (weights, bias) = gradient.split_at_mut(self.weights());
        if self.narrow() {
            let terms: Vec<usize> =
                self.rows.iter().flat_map(|row| (0..self.run()).map(move |column| row + column)).collect();
            let shape = Narrow { windows, places: self.places, terms: &terms };
            narrow_weight_gradient(pass.isa, &shape, pooling, images, weights, bias);
            return;
        }
        let work = &mut *pass.work;
        pooling.live(pass.isa, &mut work.lists, bias);
        work.live.fill(&work.lists, windows, &self.places);
        let (rows, run, row) = (self.rows.len(), padded(self.run()), self.frame.row());
        sparse_weight_gradient(pass.isa, &work.live, images, rows, row, run, weights);
        if run > self.run() {
            for line in weights.chunks_exact_mut(run) {
                line[self.run()..].fill(0.0);
            }
        }
    }

    /// Adds to the gradient of images that have their zeros.
    fn input_gradient(&self, pass: &mut Pass<'_>, pooling: &Pooling<'_>, windows: &[usize], framed: &mut [f32]) {
        let [_, _, _, prepared] = self.split_prepared(pass.prepared);
        let work = &mut *pass.work;
        if self.narrow() {
            // Nothing has been listed yet; the bias has its gradient.
            work.dense.zero(padded(self.filters));
            pooling.live(pass.isa, &mut work.lists, &mut work.dense);
            work.live.fill(&work.lists, windows, &self.places);
        }
        if self.three_by_three() {
            let live = LiveWindows {
                lists: &work.lists,
                windows,
                row: self.frame.row(),
                channels: self.channels,
                filters: self.filters,
            };
            sparse_input_gradient(pass.isa, &live, prepared, framed);
        } else {
            let weights = if self.narrow() { prepared } else { &pass.parameters[..self.weights()] };
            let (rows, run, width) = (self.rows.len(), padded(self.run()), self.run());
            let row = self.frame.row();
            sparse_spread_gradient(pass.isa, &work.live, weights, rows, row, run, width, framed);
        }
    }
}

impl Layer for PooledConv {
    fn input_len(&self) -> usize {
        self.frame.image_len()
    }

    fn output_len(&self) -> usize {
        self.count() * self.filters
    }

    fn kernel(&self) -> String {
        let forward = if self.winograd() { "winograd 2x2" } else { "direct" };
        let backward = if self.narrow() { "masked" } else { "sparse" };
        format!("{forward} with pool forward, {backward} backward")
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        conv2d::parameters(&self.window, self.channels, self.filters)
    }

    fn parameter_len(&self) -> usize {
        self.weights() + padded(self.filters)
    }

    fn import(&self, tensors: &[f32], parameters: &mut [f32]) {
        let (kernel, bias) = tensors.split_at(self.terms() * self.filters);
        let (weights, own_bias) = parameters.split_at_mut(self.weights());
        weights.fill(0.0);
        for (term, row) in kernel.chunks_exact(self.filters).enumerate() {
            for (filter, value) in row.iter().enumerate() {
                weights[self.place(term, filter)] = *value;
            }
        }
        own_bias[..self.filters].copy_from_slice(bias);
        own_bias[self.filters..].fill(0.0);
    }

    fn export(&self, parameters: &[f32], tensors: &mut [f32]) {
        let (kernel, bias) = tensors.split_at_mut(self.terms() * self.filters);
        let (weights, own_bias) = parameters.split_at(self.weights());
        for (term, row) in kernel.chunks_exact_mut(self.filters).enumerate() {
            for (filter, value) in row.iter_mut().enumerate() {
                *value = weights[self.place(term, filter)];
            }
        }
        bias.copy_from_slice(&own_bias[..self.filters]);
    }

    fn initialize(&self, initial: Initial, random: &mut ChaCha8Rng, tensors: &mut [f32]) {
        let taps = self.window.size[0] * self.window.size[1];
        let kernel = &mut tensors[..self.terms() * self.filters];
        initial.fill(random, taps * self.channels, taps * self.filters, kernel);
    }

    fn saved_len(&self) -> usize {
        self.count() * padded(self.filters)
    }

    fn prepares_forward(&self) -> bool {
        true
    }

    fn prepared_len(&self) -> usize {
        self.prepared_parts().iter().sum()
    }

    fn prepare(&self, parameters: &[f32], prepared: &mut [f32]) {
        let (weights, bias) = parameters.split_at(self.weights());
        let [panels_len, bias_len, winograd_len, _] = self.prepared_parts();
        let (panels, rest) = prepared.split_at_mut(panels_len);
        let (padded_bias, rest) = rest.split_at_mut(bias_len);
        let (winograd, backward) = rest.split_at_mut(winograd_len);
        padded_bias.copy_from_slice(bias);
        let (terms, run) = (self.terms(), self.run());
        for (panel, values) in panels.chunks_exact_mut(terms * PANEL).enumerate() {
            let lanes = PANEL.min(self.filters - panel * PANEL);
            if self.narrow() {
                for (term, values) in values.chunks_exact_mut(PANEL).enumerate() {
                    let from = term * padded(self.filters) + panel * PANEL;
                    values.copy_from_slice(&weights[from..from + PANEL]);
                }
                continue;
            }
            for row in 0..self.rows.len() {
                let from = (panel * PANEL * self.rows.len() + row) * padded(run);
                let (from_row, to) = (self.rows.len() * padded(run), &mut values[row * run * PANEL..]);
                transpose(Isa::detect(), [lanes, run], &weights[from..], from_row, to, PANEL);
            }
        }
        if winograd_len > 0 {
            let (isa, layout) = (Isa::detect(), KernelLayout::Panels);
            winograd_weights(isa, TILE, layout, self.channels, padded(self.filters), panels, winograd);
        }
        if backward.is_empty() {
            return;
        }
        if self.three_by_three() {
            let panels = backward.chunks_exact_mut(self.filters * 9 * PANEL);
            for (panel, values) in panels.enumerate() {
                for (index, values) in values.chunks_exact_mut(PANEL).enumerate() {
                    let from = index * self.channels + panel * PANEL;
                    values.copy_from_slice(&weights[from..from + PANEL]);
                }
            }
        } else {
            let lines = backward.chunks_exact_mut(padded(run));
            for (index, line) in lines.enumerate() {
                let (filter, row) = (index / self.rows.len(), index % self.rows.len());
                for (column, value) in line[..run].iter_mut().enumerate() {
                    *value = weights[self.place(row * run + column, filter)];
                }
            }
        }
    }

    fn scratch_len(&self) -> usize {
        let width = padded(self.filters);
        let lists = 2 * (self.filters + width + PANEL) * self.count();
        let winograd = if self.winograd() { winograd_scratch(TILE, self.channels, width) } else { 0 };
        2 * (self.image_len() + PANEL) + lists + width + 8 * self.count() + winograd
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], saved: &mut [u32]) {
        let [panels, bias, weights, _] = self.split_prepared(pass.prepared);
        let mut windows = std::mem::take(&mut pass.work.windows);
        self.all_windows(pass.samples, &mut windows);
        let images = if self.frame.len() == 0 { input } else { self.framed(input, &mut pass.work.images) };
        if self.winograd() {
            let filters = padded(self.filters);
            let row = self.frame.row();
            let shape = Winograd { tile: TILE, tiles: &windows, row, channels: self.channels, filters };
            let mut outputs = Outputs::Pooled { output, winners: saved, filters: self.filters, relu: self.relu };
            pass.scratch.reserve(winograd_scratch(TILE, self.channels, filters));
            winograd_forward(pass.isa, &shape, images, weights, bias, pass.scratch, &mut outputs);
        } else {
            let shape = Pooled {
                windows: &windows,
                places: self.places,
                runs: &self.rows,
                run_len: self.run(),
                filters: self.filters,
                relu: self.relu,
            };
            pooled_forward(pass.isa, &shape, images, panels, bias, output, saved);
        }
        pass.work.windows = windows;
    }

    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, gradient: &mut [f32], grad_input: Option<&mut [f32]>) {
        let mut windows = std::mem::take(&mut pass.work.windows);
        let mut images_place = std::mem::take(&mut pass.work.images);
        let mut framed = std::mem::take(&mut pass.work.framed);
        let in_place = self.frame.len() == 0 && self.run().is_multiple_of(PANEL);
        let as_they_lie = in_place || (self.frame.len() == 0 && self.narrow());
        let images = if as_they_lie { values.input } else { self.framed(values.input, &mut images_place) };
        let mut grad_input = grad_input;
        let pooling = Pooling {
            gradient: values.grad_output,
            output: values.output,
            winners: values.saved,
            filters: self.filters,
            padded: padded(self.filters),
            relu: self.relu,
        };
        let together = (IMAGES_BYTES / (size_of::<f32>() * self.image_len())).clamp(1, pass.samples.max(1));
        for first in (0..pass.samples).step_by(together) {
            let samples = together.min(pass.samples - first);
            let count = self.count();
            let pooling = pooling.part(first * count..(first + samples) * count);
            let images = &images[first * self.image_len()..];
            self.all_windows(samples, &mut windows);
            self.weight_gradient(pass, &pooling, &windows, images, gradient);
            if let Some(grad_input) = &mut grad_input {
                let len = self.frame.image_len();
                let grad_images = &mut grad_input[first * len..(first + samples) * len];
                if in_place {
                    grad_images.fill(0.0);
                    self.input_gradient(pass, &pooling, &windows, grad_images);
                } else {
                    framed.zero(samples * self.image_len() + PANEL);
                    self.input_gradient(pass, &pooling, &windows, &mut framed);
                    for (image, framed) in grad_images.chunks_exact_mut(len).zip(framed.chunks_exact(self.image_len()))
                    {
                        self.frame.without(framed, image);
                    }
                }
            }
        }
        pass.work.windows = windows;
        pass.work.images = images_place;
        pass.work.framed = framed;
    }
}
