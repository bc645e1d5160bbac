//! Layers with explicit forward and backward passes over a chunk of samples.
//!
//! Values lie sample by sample, images row-major with channels last. A layer keeps nothing between passes: what its
//! backward pass needs it finds in its input, its output, and the places it asked for.

pub(crate) mod activation;
pub(crate) mod batchnorm;
mod conv2d;
#[cfg(test)]
mod convolution_tests;
mod deferred;
mod dense;
mod depthwise;
mod dropout;
mod frame;
mod initial;
mod pool;
pub(crate) mod pooled_conv;
mod softmax;
#[cfg(test)]
mod tests;
pub(crate) mod winograd_conv;

use std::fmt;

pub use deferred::{Deferred, Samples};
pub use initial::Initial;
use rand_chacha::ChaCha8Rng;

use crate::Error;
use crate::kernel::{Buffer, Isa, LiveFilters, LiveLists, Place};
use crate::network::{Activation, Convolution, LayerSpec, NetworkSpec, Rank, Window, image, image_of};

/// One tensor of a layer's parameters, in the order in which they lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterSpec {
    pub name: &'static str,
    pub shape: Vec<usize>,
}

impl ParameterSpec {
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a pass may use.
pub struct Pass<'a> {
    pub isa: Isa,
    /// Samples in the chunk.
    pub samples: usize,
    pub parameters: &'a [f32],
    /// What [`Layer::prepare`] made of them.
    pub prepared: &'a [f32],
    /// `Some` in training: what makes this step's random choices, the same for the same seed, step and sample.
    pub step: Option<Step>,
    pub scratch: &'a mut Buffer<f32>,
    pub work: &'a mut Work,
}

/// Room that fused steps work in; kept from pass to pass, so that none is asked for twice.
#[derive(Debug, Default)]
pub struct Work {
    windows: Vec<usize>,
    gradient_windows: Vec<usize>,
    places: Vec<Place>,
    images: Buffer<f32>,
    framed: Buffer<f32>,
    dense: Buffer<f32>,
    live: LiveFilters,
    lists: LiveLists,
}

/// One step of training, as dropout sees it.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub seed: u64,
    pub step: u64,
    /// The number of the chunk's first sample in its batch.
    pub first_sample: usize,
    /// The place of the layer in its network.
    pub layer: usize,
}

/// A layer whose sizes are settled. All lengths are for one sample.
pub trait Layer: Send + Sync + fmt::Debug {
    fn input_len(&self) -> usize;
    fn output_len(&self) -> usize;

    /// How it computes, for whoever asks what a plan does.
    fn kernel(&self) -> String {
        "general".to_owned()
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        Vec::new()
    }

    /// Fills the tensors of [`Self::parameters`] with their first values.
    fn initialize(&self, _initial: Initial, _random: &mut ChaCha8Rng, _tensors: &mut [f32]) {}

    /// Values that the parameters take in the form in which the layer works with them.
    fn parameter_len(&self) -> usize {
        self.parameters().iter().map(ParameterSpec::len).fold(0, usize::saturating_add)
    }

    /// Tensors, as [`Self::parameters`] names them, into the layer's own form.
    fn import(&self, tensors: &[f32], parameters: &mut [f32]) {
        parameters.copy_from_slice(tensors);
    }

    /// And back.
    fn export(&self, parameters: &[f32], tensors: &mut [f32]) {
        tensors.copy_from_slice(parameters);
    }

    /// Whole numbers that the forward pass keeps for the backward pass.
    fn saved_len(&self) -> usize {
        0
    }

    /// True if the forward pass needs what is prepared, too.
    fn prepares_forward(&self) -> bool {
        false
    }

    /// How many values [`Self::prepare`] fills.
    fn prepared_len(&self) -> usize {
        0
    }

    /// Brings parameters into the form in which the passes need them, or that of the gradient of the input alone; done once
    /// for many samples. What it does not fill stays zero.
    fn prepare(&self, _parameters: &[f32], _prepared: &mut [f32]) {}

    /// Numbers that a pass over one sample uses on its way, at most.
    fn scratch_len(&self) -> usize {
        0
    }

    fn forward(&self, pass: &mut Pass<'_>, input: &[f32], output: &mut [f32], saved: &mut [u32]);

    /// Adds to `gradient` (of the parameters), and fills `grad_input` unless nobody needs it.
    fn backward(&self, pass: &mut Pass<'_>, values: &Values<'_>, gradient: &mut [f32], grad_input: Option<&mut [f32]>);

    /// The layer's other way back, if it is better for so many parameters: their gradient is made once for a whole batch.
    fn deferred(&self) -> Option<&dyn Deferred> {
        None
    }
}

/// What the forward pass left, and the gradient that comes back.
pub struct Values<'a> {
    pub input: &'a [f32],
    pub output: &'a [f32],
    pub saved: &'a [u32],
    pub grad_output: &'a [f32],
}

/// The layers of a network, ready to run.
pub fn build(network: &NetworkSpec) -> Result<Vec<Box<dyn Layer>>, Error> {
    let shapes = network.shapes()?;
    let inputs = std::iter::once(&network.input_shape).chain(&shapes);
    network.layers.iter().zip(inputs.zip(&shapes)).map(|(layer, (input, output))| one(layer, input, output)).collect()
}

fn one(layer: &LayerSpec, input: &[usize], output: &[usize]) -> Result<Box<dyn Layer>, Error> {
    let len: usize = input.iter().product();
    let last = input.last().copied().unwrap_or(1);
    let windows = |window: &Window| {
        let input = image(layer, input)?;
        // A global pool has one place.
        Ok::<_, Error>(pool::windows(input, image_of(output).unwrap_or([1, 1, input[2]]), window))
    };
    let whole = || image(layer, input).map(|[height, width, _]| Window::whole(Rank::Two, [height, width]));
    Ok(match layer {
        LayerSpec::Activation(Activation::Softmax) => Box::new(softmax::Softmax::new(len, last)),
        LayerSpec::Activation(activation) => Box::new(activation::Pointwise::new(*activation, len)),
        LayerSpec::AvgPool(window) => Box::new(pool::AvgPool::new(windows(window)?)),
        LayerSpec::BatchNorm => Box::new(batchnorm::BatchNorm::new(len, last)),
        LayerSpec::Conv(convolution) => convolved(convolution, image(layer, input)?, image(layer, output)?),
        LayerSpec::Dense { units } => Box::new(dense::Dense::new(len, *units)),
        LayerSpec::DepthwiseConv { multiplier, window } => {
            let input = image(layer, input)?;
            convolved(&Convolution::depthwise(input[2], *multiplier, *window), input, image(layer, output)?)
        }
        LayerSpec::Dropout { rate } => Box::new(dropout::Dropout::new(len, *rate)),
        LayerSpec::Flatten => Box::new(activation::Copy::new(len)),
        LayerSpec::GlobalAvgPool => Box::new(pool::AvgPool::new(windows(&whole()?)?)),
        LayerSpec::GlobalMaxPool => Box::new(pool::MaxPool::new(windows(&whole()?)?)),
        LayerSpec::MaxPool(window) => Box::new(pool::MaxPool::new(windows(window)?)),
    })
}

/// The form of a convolution: of each channel by itself, or of groups of them.
fn convolved(convolution: &Convolution, input: [usize; 3], output: [usize; 3]) -> Box<dyn Layer> {
    if convolution.groups > 1 && convolution.groups == input[2] {
        Box::new(depthwise::Depthwise::new(input, output, &convolution.window))
    } else {
        Box::new(conv2d::Conv2d::new(input, output, convolution))
    }
}
