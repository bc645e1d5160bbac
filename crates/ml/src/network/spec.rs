//! Layers and networks as data.

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

/// How a window meets the edge, as in Keras.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Windows lie inside the input.
    Valid,
    /// Zeros around the input, so that the output has ⌈size / stride⌉ places.
    Same,
}

/// One layer. Images are `[height, width, channels]`, row-major, channels last.
#[derive(Debug, Clone, PartialEq)]
pub enum LayerSpec {
    Activation(Activation),
    AvgPool { window: [usize; 2], stride: [usize; 2], padding: Padding },
    BatchNorm,
    Conv2d { filters: usize, kernel: [usize; 2], stride: [usize; 2], padding: Padding },
    Dense { units: usize },
    Dropout { rate: f32 },
    Flatten,
    GlobalAvgPool,
    MaxPool { window: [usize; 2], stride: [usize; 2], padding: Padding },
}

/// Layers in order, with the shape of one input row. Activations are layers of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkSpec {
    /// `[height, width, channels]`, or `[values]`.
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

/// A network for images when the user gives no layers: two convolutions with pooling while they fit, then two dense layers.
pub fn default_cnn(input_shape: &[usize], outputs: usize, classify: bool) -> Result<NetworkSpec, Error> {
    let mut layers = Vec::new();
    if let [height, width, _] = input_shape {
        let (mut height, mut width) = (*height, *width);
        for filters in [32, 64] {
            if height < 4 || width < 4 {
                break;
            }
            layers.push(format!("conv2d({filters}, 3x3, relu, padding=same)"));
            layers.push("maxpool(2x2)".to_owned());
            (height, width) = (height / 2, width / 2);
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
