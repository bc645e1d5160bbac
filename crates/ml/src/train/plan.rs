//! The static plan of a network: layers with their places in the flat parameters, and the memory of one chunk.
//!
//! A step of the plan is one layer today. A fused step (convolution, bias, activation and pool in one) is another
//! implementation of [`Layer`] put in place of several by [`Plan::new`]; nobody who uses a plan would notice.

use std::ops::Range;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::Error;
use crate::kernel::Isa;
use crate::layer::{self, Initial, Layer, Pass, Step, Values};
use crate::network::{Activation, LayerSpec, NetworkSpec};

/// The most parameters a network may have.
const PARAMETERS_MAX: usize = 1 << 28;

/// A network, ready to run.
#[derive(Debug)]
pub struct Plan {
    pub network: NetworkSpec,
    layers: Vec<Box<dyn Layer>>,
    ranges: Vec<Range<usize>>,
    /// Runs of layers between which the whole batch must meet: a batch norm begins one.
    segments: Vec<Range<usize>>,
    parameters: usize,
}

/// The memory of one chunk: every layer's output, what it saved, and two gradients.
#[derive(Debug)]
pub struct Chunk {
    /// `values[0]` is the input, `values[i + 1]` the output of layer `i`.
    pub values: Vec<Vec<f32>>,
    saved: Vec<Vec<u32>>,
    /// The gradient on its way back, and the place for the next.
    pub grad: Vec<f32>,
    grad_next: Vec<f32>,
    scratch: Vec<f32>,
    /// What layers made of the parameters for their backward pass.
    prepared: Vec<Vec<f32>>,
    pub gradient: Vec<f32>,
    pub samples: usize,
}

impl Plan {
    pub fn new(network: &NetworkSpec) -> Result<Self, Error> {
        let layers = layer::build(network)?;
        let mut ranges = Vec::with_capacity(layers.len());
        let mut parameters = 0_usize;
        for layer in &layers {
            let len = layer.parameters().iter().map(layer::ParameterSpec::len).fold(0, usize::saturating_add);
            let end = parameters.saturating_add(len);
            if end > PARAMETERS_MAX {
                return Err(Error::TooLarge(format!("{end} parameters")));
            }
            ranges.push(parameters..end);
            parameters = end;
        }
        let mut segments = Vec::new();
        let mut start = 0;
        for (index, layer) in network.layers.iter().enumerate() {
            if *layer == LayerSpec::BatchNorm && index > start {
                segments.push(start..index);
                start = index;
            }
        }
        segments.push(start..layers.len());
        Ok(Self { network: network.clone(), layers, ranges, segments, parameters })
    }

    pub fn parameter_count(&self) -> usize {
        self.parameters
    }

    pub fn layers(&self) -> &[Box<dyn Layer>] {
        &self.layers
    }

    /// Where layer `index` has its parameters.
    pub fn range(&self, index: usize) -> Range<usize> {
        self.ranges[index].clone()
    }

    pub fn segments(&self) -> &[Range<usize>] {
        &self.segments
    }

    /// True if layer `index` normalises by the batch's statistics.
    pub fn meets(&self, index: usize) -> bool {
        self.network.layers.get(index) == Some(&LayerSpec::BatchNorm)
    }

    pub fn output_len(&self) -> usize {
        self.layers.last().map_or(self.network.input_width(), |layer| layer.output_len())
    }

    /// Values across the last axis of the output, over which softmax sums.
    pub fn channels(&self) -> usize {
        let shapes = self.network.shapes().unwrap_or_default();
        shapes.last().unwrap_or(&self.network.input_shape).last().copied().unwrap_or(1)
    }

    pub fn ends_in_softmax(&self) -> bool {
        self.network.layers.last() == Some(&LayerSpec::Activation(Activation::Softmax))
    }

    /// First values of all parameters, settled by the seed.
    pub fn initialize(&self, seed: u64) -> Vec<f32> {
        let mut parameters = vec![0.0; self.parameters];
        for (index, (layer, range)) in self.layers.iter().zip(&self.ranges).enumerate() {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(index as u64 + 1);
            let initial = Initial::before(self.network.layers.get(index + 1));
            layer.initialize(initial, &mut random, &mut parameters[range.clone()]);
        }
        parameters
    }

    /// Nobody asks for the gradient of the data, so the first layer prepares nothing.
    fn prepared_len(&self, index: usize, training: bool) -> usize {
        if training && index > 0 { self.layers[index].prepared_len() } else { 0 }
    }

    /// How many of a chunk's samples go through all layers together: as many as leave what they hold in a core's second
    /// cache. The number depends on the network alone, not on the machine: it decides how sums are rounded.
    pub fn samples_at_a_time(&self, samples_max: usize) -> usize {
        const CACHE_BYTES: usize = 512 << 10;
        let lens = self.layers.iter().map(|layer| layer.output_len() + layer.saved_len());
        let widest = self.layers.iter().map(|layer| layer.output_len()).max().unwrap_or(0);
        let bytes = size_of::<f32>() * (self.network.input_width() + lens.sum::<usize>() + 2 * widest);
        (CACHE_BYTES / bytes.max(1)).clamp(1, samples_max.max(1))
    }

    /// Bytes that a chunk for training takes, with what its layers use on their way.
    pub fn chunk_bytes(&self, samples: usize) -> usize {
        let sizes = self.layers.iter().enumerate().map(|(index, layer)| {
            let values = layer.output_len().saturating_add(layer.saved_len()).saturating_mul(samples);
            values.saturating_add(self.prepared_len(index, true))
        });
        let widest = self.layers.iter().map(|layer| layer.output_len()).chain([self.network.input_width()]).max();
        let scratch = self.layers.iter().map(|layer| layer.scratch_len()).max();
        sizes
            .chain([
                self.network.input_width().saturating_mul(samples),
                widest.unwrap_or(0).saturating_mul(2 * samples),
                scratch.unwrap_or(0),
                self.parameters,
            ])
            .fold(0, usize::saturating_add)
            .saturating_mul(size_of::<f32>())
    }

    /// Memory for `samples` samples; for scoring alone it has no gradients.
    pub fn chunk(&self, samples: usize, training: bool) -> Chunk {
        let mut values = vec![vec![0.0; samples * self.network.input_width()]];
        values.extend(self.layers.iter().map(|layer| vec![0.0; samples * layer.output_len()]));
        let widest = if training { values.iter().map(Vec::len).max().unwrap_or(0) } else { 0 };
        Chunk {
            values,
            saved: self.layers.iter().map(|layer| vec![0; samples * layer.saved_len()]).collect(),
            grad: vec![0.0; widest],
            grad_next: vec![0.0; widest],
            scratch: Vec::new(),
            prepared: (0..self.layers.len()).map(|index| vec![0.0; self.prepared_len(index, training)]).collect(),
            gradient: vec![0.0; if training { self.parameters } else { 0 }],
            samples,
        }
    }

    /// Runs layers forward over a chunk. `step`: in training.
    pub fn forward(&self, isa: Isa, parameters: &[f32], chunk: &mut Chunk, layers: Range<usize>, step: Option<Step>) {
        let samples = chunk.samples;
        for index in layers {
            let layer = &self.layers[index];
            let (before, after) = chunk.values.split_at_mut(index + 1);
            let mut pass = Pass {
                isa,
                samples,
                parameters: &parameters[self.ranges[index].clone()],
                prepared: &[],
                step: step.map(|step| Step { layer: index, ..step }),
                scratch: &mut chunk.scratch,
            };
            let input = &before[index][..samples * layer.input_len()];
            let output = &mut after[0][..samples * layer.output_len()];
            layer.forward(&mut pass, input, output, &mut chunk.saved[index][..samples * layer.saved_len()]);
        }
    }

    /// Brings parameters into the form that [`Self::backward`] needs; after each change of them.
    pub fn prepare(&self, parameters: &[f32], chunk: &mut Chunk, layers: Range<usize>) {
        for index in layers {
            let prepared = &mut chunk.prepared[index];
            if !prepared.is_empty() {
                self.layers[index].prepare(&parameters[self.ranges[index].clone()], prepared);
            }
        }
    }

    /// Runs layers backward over a chunk, for which they are prepared: `chunk.grad` holds the gradient of the last one's output, and after it that of the
    /// first one's input.
    pub fn backward(&self, isa: Isa, parameters: &[f32], chunk: &mut Chunk, layers: Range<usize>, step: Option<Step>) {
        let samples = chunk.samples;
        for index in layers.rev() {
            let layer = &self.layers[index];
            let mut pass = Pass {
                isa,
                samples,
                parameters: &parameters[self.ranges[index].clone()],
                prepared: &chunk.prepared[index],
                step: step.map(|step| Step { layer: index, ..step }),
                scratch: &mut chunk.scratch,
            };
            let values = Values {
                input: &chunk.values[index][..samples * layer.input_len()],
                output: &chunk.values[index + 1][..samples * layer.output_len()],
                saved: &chunk.saved[index][..samples * layer.saved_len()],
                grad_output: &chunk.grad[..samples * layer.output_len()],
            };
            // Nobody asks for the gradient of the data.
            let grad_input = (index > 0).then(|| &mut chunk.grad_next[..samples * layer.input_len()]);
            layer.backward(&mut pass, &values, &mut chunk.gradient[self.ranges[index].clone()], grad_input);
            std::mem::swap(&mut chunk.grad, &mut chunk.grad_next);
        }
    }
}
