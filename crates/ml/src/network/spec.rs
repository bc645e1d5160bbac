//! Layers and networks as data.

use super::window::{Rank, Window};
use crate::Error;

/// What is applied to each value, or, for softmax, across the last axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    Elu,
    Gelu,
    LeakyRelu,
    Relu,
    Sigmoid,
    Softmax,
    Tanh,
}

/// A convolution whose channels are known. Channels and filters are divided into as many groups, in order; a filter sees
/// the channels of its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    pub filters: usize,
    pub window: Window,
    pub groups: usize,
}

impl Convolution {
    /// `multiplier` filters for each channel by itself.
    pub fn depthwise(channels: usize, multiplier: usize, window: Window) -> Self {
        Self { filters: channels.saturating_mul(multiplier), window, groups: channels }
    }
}

/// One layer. Images are `[height, width, channels]`, sequences `[steps, channels]`, row-major, channels last.
#[derive(Debug, Clone, PartialEq)]
pub enum LayerSpec {
    Activation(Activation),
    AvgPool(Window),
    BatchNorm,
    Conv(Convolution),
    Dense {
        units: usize,
    },
    /// As many filters for each channel by itself.
    DepthwiseConv {
        multiplier: usize,
        window: Window,
    },
    Dropout {
        rate: f32,
    },
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool(Window),
}

impl LayerSpec {
    /// The name that its text begins with.
    pub fn name(&self) -> &'static str {
        let by_rank = |window: &Window, one, two| if window.rank == Rank::One { one } else { two };
        match self {
            LayerSpec::Activation(Activation::Elu) => "elu",
            LayerSpec::Activation(Activation::Gelu) => "gelu",
            LayerSpec::Activation(Activation::LeakyRelu) => "leaky_relu",
            LayerSpec::Activation(Activation::Relu) => "relu",
            LayerSpec::Activation(Activation::Sigmoid) => "sigmoid",
            LayerSpec::Activation(Activation::Softmax) => "softmax",
            LayerSpec::Activation(Activation::Tanh) => "tanh",
            LayerSpec::AvgPool(window) => by_rank(window, "avgpool1d", "avgpool"),
            LayerSpec::BatchNorm => "batchnorm",
            LayerSpec::Conv(Convolution { window, .. }) => by_rank(window, "conv1d", "conv2d"),
            LayerSpec::Dense { .. } => "dense",
            LayerSpec::DepthwiseConv { window, .. } => by_rank(window, "depthwise_conv1d", "depthwise_conv2d"),
            LayerSpec::Dropout { .. } => "dropout",
            LayerSpec::Flatten => "flatten",
            LayerSpec::GlobalAvgPool => "globalavgpool",
            LayerSpec::GlobalMaxPool => "globalmaxpool",
            LayerSpec::MaxPool(window) => by_rank(window, "maxpool1d", "maxpool"),
        }
    }

    /// The convolution that the layer is over so many channels; `None` if it is none.
    pub fn convolution(&self, channels: usize) -> Option<Convolution> {
        match self {
            LayerSpec::Conv(convolution) => Some(*convolution),
            LayerSpec::DepthwiseConv { multiplier, window } => {
                Some(Convolution::depthwise(channels, *multiplier, *window))
            }
            _ => None,
        }
    }
}

/// Layers in order, with the shape of one input row. Activations are layers of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkSpec {
    /// `[height, width, channels]`, `[steps, channels]`, or `[values]`.
    pub input_shape: Vec<usize>,
    pub layers: Vec<LayerSpec>,
}

impl NetworkSpec {
    /// Reads layers as users write them, and checks that they fit.
    pub fn parse(input_shape: &[usize], layers: &[String]) -> Result<Self, Error> {
        let mut parsed = Vec::new();
        for text in layers {
            parsed.extend(super::parse::layer(text)?);
        }
        let network = Self { input_shape: input_shape.to_vec(), layers: parsed };
        network.shapes()?;
        Ok(network)
    }

    pub fn input_width(&self) -> usize {
        self.input_shape.iter().product()
    }

    /// The shape behind each layer; the input's is not among them.
    pub fn shapes(&self) -> Result<Vec<Vec<usize>>, Error> {
        let mut shapes: Vec<Vec<usize>> = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let input = shapes.last().unwrap_or(&self.input_shape);
            shapes.push(super::shape::output_shape(layer, input)?);
        }
        Ok(shapes)
    }
}

/// A network for images or sequences when the user gives no layers: two convolutions with pooling while they fit, then
/// two dense layers.
pub fn default_cnn(input_shape: &[usize], outputs: usize, classify: bool) -> Result<NetworkSpec, Error> {
    let (convolution, pool) = match input_shape {
        [_, _] => ("3, relu, padding=same", "maxpool1d(2)"),
        _ => ("3x3, relu, padding=same", "maxpool(2x2)"),
    };
    let mut layers = Vec::new();
    if let [sides @ .., _] = input_shape
        && !sides.is_empty()
    {
        let mut smallest = sides.iter().copied().min().unwrap_or(0);
        for filters in [32, 64] {
            if smallest < 4 {
                break;
            }
            layers.push(format!("conv{}d({filters}, {convolution})", sides.len()));
            layers.push(pool.to_owned());
            smallest /= 2;
        }
        layers.push("flatten".to_owned());
    }
    layers.push("dense(64, relu)".to_owned());
    layers.push(if classify { format!("dense({outputs}, softmax)") } else { format!("dense({outputs})") });
    NetworkSpec::parse(input_shape, &layers)
}

/// `28×28×1`.
pub fn shape_text(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_sequences_have_a_network_without_layers() {
        let texts = |shape: &[usize]| {
            let network = default_cnn(shape, 3, true).unwrap();
            network.layers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            texts(&[9, 7, 2]),
            "conv2d(32, 3x3, padding=same) relu maxpool(2x2) flatten dense(64) relu dense(3) softmax"
        );
        assert_eq!(
            texts(&[9, 2]),
            "conv1d(32, 3, padding=same) relu maxpool1d(2) conv1d(64, 3, padding=same) relu maxpool1d(2) flatten \
             dense(64) relu dense(3) softmax"
        );
        assert_eq!(texts(&[3, 2]), "flatten dense(64) relu dense(3) softmax");
        assert_eq!(texts(&[9]), "dense(64) relu dense(3) softmax");
    }
}
