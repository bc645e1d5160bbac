//! A trained network as an ONNX file.
//!
//! mead's images are `[rows, height, width, channels]`, its sequences `[rows, steps, channels]`; ONNX's operators want the
//! channels second: the first layer that looks at an image or at steps is preceded by a Transpose, and what needs the
//! values in their own order again is preceded by another.

use prost::Message;

use super::graph::{Graph, float, int, ints};
use super::proto::{AttributeProto, ModelProto, OperatorSetIdProto, StringStringEntryProto};
use crate::Error;
use crate::layer::activation::LEAKY_SLOPE;
use crate::layer::batchnorm;
use crate::network::{Activation, Convolution, LayerSpec, NetworkSpec, Window, image};
use crate::train::LayerWeights;

/// Understood by ONNX Runtime 1.12 and later; nothing newer is needed.
const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;

pub const INPUT_NAME: &str = "input";
/// The output of a classifier: `[rows, classes]`.
pub const PROBABILITIES_NAME: &str = "probabilities";
/// The output of a model that predicts a number: `[rows, 1]`.
pub const PREDICTION_NAME: &str = "prediction";

/// The file of a network. `metadata` goes into it as it is, in that order.
pub fn export(
    network: &NetworkSpec,
    weights: &[LayerWeights],
    output_name: &str,
    metadata: Vec<(String, String)>,
) -> Result<Vec<u8>, Error> {
    let metadata = metadata.into_iter().map(|(key, value)| StringStringEntryProto { key, value }).collect();
    export_as(network, weights, output_name, metadata, env!("CARGO_PKG_VERSION"))
}

/// The same, as mead of that version has written it.
pub(super) fn export_as(
    network: &NetworkSpec,
    weights: &[LayerWeights],
    output_name: &str,
    metadata: Vec<StringStringEntryProto>,
    version: &str,
) -> Result<Vec<u8>, Error> {
    let shapes = network.shapes()?;
    let mut writer = Writer {
        graph: Graph::new("mead"),
        weights,
        value: INPUT_NAME.to_owned(),
        shape: network.input_shape.clone(),
        channels_first: false,
    };
    writer.graph.input(INPUT_NAME, &network.input_shape);
    for (index, (layer, output)) in network.layers.iter().zip(shapes).enumerate() {
        writer.layer(index, layer)?;
        writer.shape = output;
    }
    writer.channels_last();
    let outputs = writer.shape.iter().product();
    if writer.shape.len() > 1 {
        writer.operator("Flatten", &[], vec![int("axis", 1)]);
    } else if writer.value == INPUT_NAME {
        writer.operator("Identity", &[], vec![]);
    }
    writer.graph.rename_output(output_name);
    writer.graph.output(output_name, &[outputs]);
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "mead".to_owned(),
        producer_version: version.to_owned(),
        graph: Some(writer.graph.finish()),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        metadata_props: metadata,
        ..ModelProto::default()
    };
    Ok(model.encode_to_vec())
}

/// The graph so far, and the value that its last operator gave.
struct Writer<'a> {
    graph: Graph,
    weights: &'a [LayerWeights],
    value: String,
    /// Without the rows, channels last. While a layer is written, that of its input.
    shape: Vec<usize>,
    /// True while the value has its channels second.
    channels_first: bool,
}

impl Writer<'_> {
    fn layer(&mut self, index: usize, layer: &LayerSpec) -> Result<(), Error> {
        match layer {
            LayerSpec::Activation(activation) => self.activation(index, *activation),
            LayerSpec::AvgPool(window) => {
                let mut attributes = windows(window, image(layer, &self.shape)?);
                attributes.push(int("count_include_pad", 0));
                self.image_operator("AveragePool", &[], attributes);
            }
            LayerSpec::BatchNorm => self.batch_norm(index)?,
            LayerSpec::Conv(convolution) => self.convolution(index, convolution, image(layer, &self.shape)?)?,
            LayerSpec::Dense { .. } => {
                let weight = self.parameter(index, "kernel")?;
                let bias = self.parameter(index, "bias")?;
                self.operator("Gemm", &[weight, bias], vec![]);
            }
            LayerSpec::DepthwiseConv { multiplier, window } => {
                let image = image(layer, &self.shape)?;
                self.convolution(index, &Convolution::depthwise(image[2], *multiplier, *window), image)?;
            }
            // Dropout changes nothing outside of training.
            LayerSpec::Dropout { .. } => {}
            LayerSpec::Flatten => {
                self.channels_last();
                self.operator("Flatten", &[], vec![int("axis", 1)]);
            }
            LayerSpec::GlobalAvgPool => self.global_pool("GlobalAveragePool"),
            LayerSpec::GlobalMaxPool => self.global_pool("GlobalMaxPool"),
            LayerSpec::MaxPool(window) => {
                let attributes = windows(window, image(layer, &self.shape)?);
                self.image_operator("MaxPool", &[], attributes);
            }
        }
        Ok(())
    }

    fn convolution(&mut self, index: usize, convolution: &Convolution, image: [usize; 3]) -> Result<(), Error> {
        let Convolution { window, groups, .. } = convolution;
        let mut attributes = windows(window, image);
        attributes.push(ints("dilations", window.axes(&window.dilation)));
        attributes.push(int("group", *groups as i64));
        let weight = self.conv_kernel(index, convolution, image[2])?;
        let bias = self.parameter(index, "bias")?;
        self.image_operator("Conv", &[weight, bias], attributes);
        Ok(())
    }

    /// Of each channel one value is left, so that there is no order of axes any more.
    fn global_pool(&mut self, operator: &str) {
        self.image_operator(operator, &[], vec![]);
        self.operator("Flatten", &[], vec![int("axis", 1)]);
        self.channels_first = false;
    }

    fn activation(&mut self, index: usize, activation: Activation) {
        match activation {
            Activation::Elu => self.operator("Elu", &[], vec![float("alpha", 1.0)]),
            Activation::Gelu => self.gelu(index),
            Activation::LeakyRelu => self.operator("LeakyRelu", &[], vec![float("alpha", LEAKY_SLOPE)]),
            Activation::Relu => self.operator("Relu", &[], vec![]),
            Activation::Sigmoid => self.operator("Sigmoid", &[], vec![]),
            Activation::Softmax => {
                let axis = if self.channels_first { 1 } else { -1 };
                self.operator("Softmax", &[], vec![int("axis", axis)]);
            }
            Activation::Tanh => self.operator("Tanh", &[], vec![]),
        }
    }

    /// x · (1 + erf(x / √2)) / 2: the operator Gelu is newer than the operator set written here.
    fn gelu(&mut self, index: usize) {
        let mut scalar = |name: &str, value: f32| {
            self.graph.floats(format!("layer_{index}_gelu_{name}"), &[], std::iter::once(value))
        };
        let (root, one, half) = (scalar("root", std::f32::consts::SQRT_2), scalar("one", 1.0), scalar("half", 0.5));
        let scaled = self.graph.node("Div", &[&self.value, &root], vec![]);
        let erf = self.graph.node("Erf", &[&scaled], vec![]);
        let sum = self.graph.node("Add", &[&erf, &one], vec![]);
        let product = self.graph.node("Mul", &[&self.value, &sum], vec![]);
        self.value = self.graph.node("Mul", &[&product, &half], vec![]);
    }

    fn batch_norm(&mut self, index: usize) -> Result<(), Error> {
        if self.shape.len() > 1 {
            self.channels_second();
        }
        let mut tensors = Vec::with_capacity(4);
        for name in ["gamma", "beta", "moving_mean", "moving_variance"] {
            tensors.push(self.parameter(index, name)?);
        }
        self.operator("BatchNormalization", &tensors, vec![float("epsilon", batchnorm::EPSILON)]);
        Ok(())
    }

    /// Adds an operator that takes the current value first, and goes on with what it gives.
    fn operator(&mut self, operator: &str, others: &[String], attributes: Vec<AttributeProto>) {
        let mut inputs = vec![self.value.as_str()];
        inputs.extend(others.iter().map(String::as_str));
        self.value = self.graph.node(operator, &inputs, attributes);
    }

    fn image_operator(&mut self, operator: &str, others: &[String], attributes: Vec<AttributeProto>) {
        self.channels_second();
        self.operator(operator, others, attributes);
    }

    fn channels_second(&mut self) {
        if !self.channels_first {
            let axes = self.shape.len();
            let order: Vec<usize> = [0, axes].into_iter().chain(1..axes).collect();
            self.operator("Transpose", &[], vec![ints("perm", &order)]);
            self.channels_first = true;
        }
    }

    fn channels_last(&mut self) {
        if self.channels_first {
            let order: Vec<usize> = std::iter::once(0).chain(2..=self.shape.len()).chain([1]).collect();
            self.operator("Transpose", &[], vec![ints("perm", &order)]);
            self.channels_first = false;
        }
    }

    /// `[height, width, in / groups, out]` as `[out, in / groups, height, width]`; along steps without the height.
    fn conv_kernel(&mut self, index: usize, convolution: &Convolution, channels: usize) -> Result<String, Error> {
        let kernel = find(self.weights, index, "kernel")?;
        let Convolution { filters, window, groups } = *convolution;
        let (places, channels) = (window.size[0] * window.size[1], channels / groups);
        if kernel.values.len() != places * channels * filters {
            return Err(misshapen(index, "kernel"));
        }
        let values = (0..filters).flat_map(move |filter| {
            (0..channels).flat_map(move |channel| {
                (0..places).map(move |place| kernel.values[(place * channels + channel) * filters + filter])
            })
        });
        let mut shape = vec![filters, channels];
        shape.extend(window.axes(&window.size));
        Ok(self.graph.floats(format!("layer_{index}_kernel"), &shape, values))
    }

    fn parameter(&mut self, index: usize, name: &str) -> Result<String, Error> {
        let tensor = find(self.weights, index, name)?;
        if tensor.values.len() != tensor.shape.iter().product::<usize>() {
            return Err(misshapen(index, name));
        }
        Ok(self.graph.floats(format!("layer_{index}_{name}"), &tensor.shape, tensor.values.iter().copied()))
    }
}

/// The attributes of an operator with windows over `[height, width, channels]`.
fn windows(window: &Window, [height, width, _]: [usize; 3]) -> Vec<AttributeProto> {
    let (rows, columns) = (window.zeros(0, height), window.zeros(1, width));
    let (before, behind) = ([rows[0], columns[0]], [rows[1], columns[1]]);
    let pads = [window.axes(&before), window.axes(&behind)].concat();
    vec![
        ints("kernel_shape", window.axes(&window.size)),
        ints("strides", window.axes(&window.stride)),
        ints("pads", &pads),
    ]
}

fn find<'a>(weights: &'a [LayerWeights], layer: usize, name: &str) -> Result<&'a LayerWeights, Error> {
    let found = weights.iter().find(|tensor| tensor.layer == layer && tensor.name == name);
    found.ok_or_else(|| misshapen(layer, name))
}

fn misshapen(layer: usize, name: &str) -> Error {
    Error::Arity(format!("layer {layer} has no fitting tensor \"{name}\""))
}
