//! The static plan of a network: steps with their places in the flat parameters, and the memory of one chunk.
//!
//! A step is a layer, or several in one: [`fuse`](super::fuse) puts another implementation of [`Layer`] in the place of
//! a convolution with its rectifier and pool. Nobody who uses a plan notices.

use std::ops::Range;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::LayerWeights;
use super::fuse;
use crate::Error;
use crate::kernel::{Buffer, Isa, PANEL};
use crate::layer::{self, Deferred, Initial, Layer, Pass, Step, Values, Work};
use crate::network::{Activation, LayerSpec, NetworkSpec};

/// The most parameters a network may have.
const PARAMETERS_MAX: usize = 1 << 28;

/// Parameters in a block of those whose gradient each chunk makes: long enough to be worth a thread's attention, short enough
/// to be shared out evenly.
const BLOCK: usize = 8192;

/// A network, ready to run.
#[derive(Debug)]
pub struct Plan {
    pub network: NetworkSpec,
    layers: Vec<Box<dyn Layer>>,
    /// The layers of the network that each step stands for.
    stands_for: Vec<Range<usize>>,
    ranges: Vec<Range<usize>>,
    /// Runs of steps between which the whole batch must meet: a batch norm begins one.
    segments: Vec<Range<usize>>,
    /// The parameters whose gradient each chunk makes. Those of deferred gradients lie behind them.
    chunk_parameters: usize,
    parameters: usize,
}

/// The memory of one chunk: every step's output, what it saved, and two gradients.
#[derive(Debug)]
pub struct Chunk {
    /// `values[0]` is the input, `values[i + 1]` the output of step `i`.
    pub values: Vec<Buffer<f32>>,
    saved: Vec<Buffer<u32>>,
    /// The gradient on its way back, and the place for the next.
    pub grad: Buffer<f32>,
    grad_next: Buffer<f32>,
    scratch: Buffer<f32>,
    work: Work,
    pub gradient: Buffer<f32>,
    pub samples: usize,
}

/// Takes what a deferred gradient is to be made of: the step, its input and the gradient of its output.
pub type Keep<'a> = dyn Fn(usize, &[f32], &[f32]) + 'a;

/// Parameters, with what each step made of them for its passes.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    pub parameters: &'a [f32],
    /// One for each step.
    pub prepared: &'a [&'a [f32]],
}

impl Plan {
    /// For scoring: with the fastest steps that round as finely as the layers themselves.
    pub fn new(network: &NetworkSpec) -> Result<Self, Error> {
        Self::of(network, fuse::fused(network, false)?)
    }

    /// For training, whose steps are random anyway: with the fastest steps there are.
    pub fn for_training(network: &NetworkSpec) -> Result<Self, Error> {
        Self::of(network, fuse::fused(network, true)?)
    }

    /// With one step for each layer, in its plain form: the reference.
    pub fn plain(network: &NetworkSpec) -> Result<Self, Error> {
        let layers = layer::build(network)?;
        Self::of(network, layers.into_iter().enumerate().map(|(index, layer)| (index..index + 1, layer)).collect())
    }

    fn of(network: &NetworkSpec, steps: Vec<(Range<usize>, Box<dyn Layer>)>) -> Result<Self, Error> {
        let (stands_for, layers): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        let mut ranges = vec![0..0; layers.len()];
        let mut parameters = 0_usize;
        let mut place = |deferred: bool| {
            for (layer, range) in
                layers.iter().zip(&mut ranges).filter(|(layer, _)| layer.deferred().is_some() == deferred)
            {
                // Each begins on a line of the cache, as its kernels read it.
                let start = parameters.next_multiple_of(PANEL);
                let end = start.saturating_add(layer.parameter_len());
                if end > PARAMETERS_MAX {
                    return Err(Error::TooLarge(format!("{end} parameters")));
                }
                *range = start..end;
                parameters = end;
            }
            Ok(parameters)
        };
        let chunk_parameters = place(false)?;
        place(true)?;
        let segments = Vec::new();
        let mut plan =
            Self { network: network.clone(), layers, stands_for, ranges, segments, chunk_parameters, parameters };
        let mut start = 0;
        for index in (1..plan.layers.len()).filter(|index| plan.meets(*index)).collect::<Vec<_>>() {
            plan.segments.push(start..index);
            start = index;
        }
        plan.segments.push(start..plan.layers.len());
        Ok(plan)
    }

    pub fn parameter_count(&self) -> usize {
        self.parameters
    }

    /// How many of them, from the first on, each chunk makes a gradient of.
    pub fn chunk_parameters(&self) -> usize {
        self.chunk_parameters
    }

    /// The steps whose gradient is made once for a batch.
    pub fn deferred(&self) -> impl Iterator<Item = (usize, &dyn Deferred)> {
        self.layers.iter().enumerate().filter_map(|(index, layer)| Some((index, layer.deferred()?)))
    }

    /// Values that a deferred gradient keeps of a sample: of the input, and of the output's gradient.
    pub fn kept_lens(&self, index: usize) -> [usize; 2] {
        [self.layers[index].input_len(), self.layers[index].output_len()]
    }

    /// Where blocks of the parameters end: the gradient of each is summed or made, and followed, as one task.
    pub fn blocks(&self) -> Vec<usize> {
        let mut starts: Vec<usize> = (0..self.chunk_parameters).step_by(BLOCK).collect();
        for (index, deferred) in self.deferred() {
            starts.extend(self.range(index).step_by(deferred.block_len()));
        }
        starts.iter().copied().skip(1).chain([self.parameters]).collect()
    }

    pub fn layers(&self) -> &[Box<dyn Layer>] {
        &self.layers
    }

    /// The layers of the network that step `index` stands for.
    pub fn stands_for(&self, index: usize) -> Range<usize> {
        self.stands_for[index].clone()
    }

    /// What each step computes and how: `conv2d(64, 3x3) + relu + maxpool(2x2): winograd 2x2 with pool forward, …`.
    pub fn describe(&self) -> Vec<String> {
        let step = |index: usize| {
            let names = self.network.layers[self.stands_for(index)].iter().map(ToString::to_string).collect::<Vec<_>>();
            format!("{}: {}", names.join(" + "), self.layers[index].kernel())
        };
        (0..self.layers.len()).map(step).collect()
    }

    /// Where step `index` has its parameters.
    pub fn range(&self, index: usize) -> Range<usize> {
        self.ranges[index].clone()
    }

    pub fn segments(&self) -> &[Range<usize>] {
        &self.segments
    }

    /// True if step `index` normalises by the batch's statistics.
    pub fn meets(&self, index: usize) -> bool {
        let first = self.stands_for.get(index).and_then(|layers| self.network.layers.get(layers.start));
        first == Some(&LayerSpec::BatchNorm)
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
        for ((layer, range), stands_for) in self.layers.iter().zip(&self.ranges).zip(&self.stands_for) {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(stands_for.start as u64 + 1);
            let initial = Initial::before(self.network.layers.get(stands_for.start + 1));
            let mut tensors = vec![0.0; layer.parameters().iter().map(layer::ParameterSpec::len).sum()];
            layer.initialize(initial, &mut random, &mut tensors);
            layer.import(&tensors, &mut parameters[range.clone()]);
        }
        parameters
    }

    /// The tensors of each layer of the network.
    pub fn weights(&self, parameters: &[f32]) -> Vec<LayerWeights> {
        let mut weights = Vec::new();
        for ((layer, range), stands_for) in self.layers.iter().zip(&self.ranges).zip(&self.stands_for) {
            let specs = layer.parameters();
            let mut tensors = vec![0.0; specs.iter().map(layer::ParameterSpec::len).sum()];
            layer.export(&parameters[range.clone()], &mut tensors);
            let mut start = 0;
            for spec in specs {
                let values = tensors[start..start + spec.len()].to_vec();
                start += spec.len();
                weights.push(LayerWeights { layer: stands_for.start, name: spec.name, shape: spec.shape, values });
            }
        }
        weights
    }

    /// What [`Self::weights`] gave, as parameters.
    pub fn parameters_of(&self, weights: &[LayerWeights]) -> Vec<f32> {
        let mut parameters = vec![0.0; self.parameters];
        for ((layer, range), stands_for) in self.layers.iter().zip(&self.ranges).zip(&self.stands_for) {
            let own = weights.iter().filter(|tensor| tensor.layer == stands_for.start);
            let tensors: Vec<f32> = own.flat_map(|tensor| tensor.values.iter().copied()).collect();
            layer.import(&tensors, &mut parameters[range.clone()]);
        }
        parameters
    }

    /// How many values step `index` prepares. Nobody asks for the gradient of the data, so the first one prepares nothing for
    /// it.
    pub fn prepared_len(&self, index: usize, training: bool) -> usize {
        let layer = &self.layers[index];
        if layer.prepares_forward() || (training && index > 0) { layer.prepared_len() } else { 0 }
    }

    /// Room for what each step prepares.
    pub fn prepared(&self, training: bool) -> Vec<Buffer<f32>> {
        (0..self.layers.len()).map(|index| Buffer::zeroed(self.prepared_len(index, training))).collect()
    }

    /// Brings the parameters of step `index` into the form that its passes need; after each change of them.
    pub fn prepare(&self, parameters: &[f32], index: usize, prepared: &mut [f32]) {
        if !prepared.is_empty() {
            self.layers[index].prepare(&parameters[self.range(index)], prepared);
        }
    }

    /// Lets `work` have `parameters` with all that is to be prepared of them.
    pub fn with_weights<R>(&self, parameters: &[f32], training: bool, work: impl FnOnce(Weights<'_>) -> R) -> R {
        let mut prepared = self.prepared(training);
        for (index, prepared) in prepared.iter_mut().enumerate() {
            self.prepare(parameters, index, prepared);
        }
        let prepared: Vec<&[f32]> = prepared.iter().map(|prepared| &**prepared).collect();
        work(Weights { parameters, prepared: &prepared })
    }

    /// Samples in a chunk of a batch: more where the parameters, of which each chunk has a gradient, outweigh what a sample
    /// computes, and where the batch is large enough for eight threads. Depends on the network and the batch alone, for it
    /// decides how sums are rounded.
    pub fn chunk_samples(&self, batch: usize) -> usize {
        let values: usize =
            self.layers.iter().map(|layer| layer.output_len()).sum::<usize>() + self.network.input_width();
        let weighty = (self.chunk_parameters / values.max(1) / 4).next_multiple_of(8);
        weighty.max(batch / 64 * 8).clamp(8, 32)
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

    /// Bytes that a chunk for training takes, with what its layers use on their way, but for its gradient.
    pub fn chunk_bytes(&self, samples: usize) -> usize {
        let sizes = self
            .layers
            .iter()
            .map(|layer| layer.output_len().saturating_add(layer.saved_len()).saturating_mul(samples));
        let widest = self.layers.iter().map(|layer| layer.output_len()).chain([self.network.input_width()]).max();
        let scratch = self.layers.iter().map(|layer| layer.scratch_len()).max();
        sizes
            .chain([
                self.network.input_width().saturating_mul(samples),
                widest.unwrap_or(0).saturating_mul(2 * samples),
                scratch.unwrap_or(0).saturating_mul(samples),
            ])
            .fold(0, usize::saturating_add)
            .saturating_mul(size_of::<f32>())
    }

    /// Memory for `samples` samples; for scoring alone it has no gradients.
    pub fn chunk(&self, samples: usize, training: bool) -> Chunk {
        self.chunk_with(samples, if training { self.parameters } else { 0 }, training)
    }

    /// The same for training, whose gradient has [`Self::chunk_parameters`] alone.
    pub fn deferring_chunk(&self, samples: usize) -> Chunk {
        self.chunk_with(samples, self.chunk_parameters, true)
    }

    fn chunk_with(&self, samples: usize, parameters: usize, training: bool) -> Chunk {
        Chunk { gradient: Buffer::zeroed(parameters), ..self.workspace(samples, training) }
    }

    /// The same without room for the gradient of the parameters.
    pub fn workspace(&self, samples: usize, training: bool) -> Chunk {
        let mut values = vec![Buffer::zeroed(samples * self.network.input_width())];
        values.extend(self.layers.iter().map(|layer| Buffer::zeroed(samples * layer.output_len())));
        let widest = if training { values.iter().map(|values| values.len()).max().unwrap_or(0) } else { 0 };
        Chunk {
            values,
            saved: self.layers.iter().map(|layer| Buffer::zeroed(samples * layer.saved_len())).collect(),
            grad: Buffer::zeroed(widest),
            grad_next: Buffer::zeroed(widest),
            scratch: Buffer::default(),
            work: Work::default(),
            gradient: Buffer::default(),
            samples,
        }
    }

    /// Runs layers forward over a chunk. `step`: in training.
    pub fn forward(&self, isa: Isa, weights: Weights<'_>, chunk: &mut Chunk, layers: Range<usize>, step: Option<Step>) {
        let samples = chunk.samples;
        for index in layers {
            let layer = &self.layers[index];
            let (before, after) = chunk.values.split_at_mut(index + 1);
            let mut pass = Pass {
                isa,
                samples,
                parameters: &weights.parameters[self.ranges[index].clone()],
                prepared: weights.prepared[index],
                step: step.map(|step| Step { layer: self.stands_for[index].start, ..step }),
                scratch: &mut chunk.scratch,
                work: &mut chunk.work,
            };
            let input = &before[index][..samples * layer.input_len()];
            let output = &mut after[0][..samples * layer.output_len()];
            layer.forward(&mut pass, input, output, &mut chunk.saved[index][..samples * layer.saved_len()]);
        }
    }

    /// Runs steps backward over a chunk: `chunk.grad` holds the gradient of the last one's output, and after it that of the
    /// first one's input. With `keep`, deferred gradients are not made; it gets what they are to be made of.
    pub fn backward(
        &self,
        isa: Isa,
        weights: Weights<'_>,
        chunk: &mut Chunk,
        layers: Range<usize>,
        step: Option<Step>,
        keep: Option<&Keep<'_>>,
    ) {
        let samples = chunk.samples;
        for index in layers.rev() {
            let layer = &self.layers[index];
            let mut pass = Pass {
                isa,
                samples,
                parameters: &weights.parameters[self.ranges[index].clone()],
                prepared: weights.prepared[index],
                step: step.map(|step| Step { layer: self.stands_for[index].start, ..step }),
                scratch: &mut chunk.scratch,
                work: &mut chunk.work,
            };
            let values = Values {
                input: &chunk.values[index][..samples * layer.input_len()],
                output: &chunk.values[index + 1][..samples * layer.output_len()],
                saved: &chunk.saved[index][..samples * layer.saved_len()],
                grad_output: &chunk.grad[..samples * layer.output_len()],
            };
            // Nobody asks for the gradient of the data.
            let grad_input = (index > 0).then(|| &mut chunk.grad_next[..samples * layer.input_len()]);
            match keep.zip(layer.deferred()) {
                Some((keep, deferred)) => {
                    keep(index, values.input, values.grad_output);
                    if let Some(grad_input) = grad_input {
                        deferred.input_gradient(&mut pass, values.grad_output, grad_input);
                    }
                }
                None => layer.backward(&mut pass, &values, &mut chunk.gradient[self.ranges[index].clone()], grad_input),
            }
            std::mem::swap(&mut chunk.grad, &mut chunk.grad_next);
        }
    }
}
