//! A trained network as an ONNX file.
//!
//! mead's images are `[rows, height, width, channels]`, ONNX's operators want the channels second: the first layer that
//! looks at an image is preceded by a Transpose, and what needs the values in their own order again is preceded by another.

use prost::Message;

use super::graph::{Graph, float, int, ints};
use super::proto::{AttributeProto, ModelProto, OperatorSetIdProto, StringStringEntryProto};
use crate::Error;
use crate::layer::activation::LEAKY_SLOPE;
use crate::layer::batchnorm;
use crate::network::{Activation, LayerSpec, NetworkSpec, Padding};
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
    let shapes = network.shapes()?;
    let mut writer = Writer {
        graph: Graph::new("mead"),
        weights,
        value: INPUT_NAME.to_owned(),
        shape: network.input_shape.clone(),
        channels_first: false,
    };
    writer.graph.input(INPUT_NAME, &network.input_shape);
    for (index, (layer, output)) in network.layers.iter().zip(&shapes).enumerate() {
        writer.layer(index, layer, output)?;
        writer.shape.clone_from(output);
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
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(writer.graph.finish()),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        metadata_props: metadata.into_iter().map(|(key, value)| StringStringEntryProto { key, value }).collect(),
        ..ModelProto::default()
    };
    Ok(model.encode_to_vec())
}

/// The graph so far, and the value that its last operator gave.
struct Writer<'a> {
    graph: Graph,
    weights: &'a [LayerWeights],
    value: String,
    /// Without the rows, channels last.
    shape: Vec<usize>,
    /// True while the value has its channels second.
    channels_first: bool,
}

impl Writer<'_> {
    fn layer(&mut self, index: usize, layer: &LayerSpec, output: &[usize]) -> Result<(), Error> {
        match layer {
            LayerSpec::Activation(activation) => self.activation(index, *activation),
            LayerSpec::AvgPool { window, stride, padding } => {
                let mut attributes = self.windows(output, *window, *stride, *padding);
                attributes.push(int("count_include_pad", 0));
                self.image_operator("AveragePool", &[], attributes);
            }
            LayerSpec::BatchNorm => self.batch_norm(index)?,
            LayerSpec::Conv2d { filters, kernel, stride, padding } => {
                let attributes = self.windows(output, *kernel, *stride, *padding);
                let weight = self.conv_kernel(index, *kernel, *filters)?;
                let bias = self.parameter(index, "bias")?;
                self.image_operator("Conv", &[weight, bias], attributes);
            }
            LayerSpec::Dense { .. } => {
                let weight = self.parameter(index, "kernel")?;
                let bias = self.parameter(index, "bias")?;
                self.operator("Gemm", &[weight, bias], vec![]);
            }
            // Dropout changes nothing outside of training.
            LayerSpec::Dropout { .. } => {}
            LayerSpec::Flatten => {
                self.channels_last();
                self.operator("Flatten", &[], vec![int("axis", 1)]);
            }
            LayerSpec::GlobalAvgPool => {
                self.image_operator("GlobalAveragePool", &[], vec![]);
                self.operator("Flatten", &[], vec![int("axis", 1)]);
                self.channels_first = false;
            }
            LayerSpec::MaxPool { window, stride, padding } => {
                let attributes = self.windows(output, *window, *stride, *padding);
                self.image_operator("MaxPool", &[], attributes);
            }
        }
        Ok(())
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
        if self.shape.len() == 3 {
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
            self.operator("Transpose", &[], vec![ints("perm", &[0, 3, 1, 2])]);
            self.channels_first = true;
        }
    }

    fn channels_last(&mut self) {
        if self.channels_first {
            self.operator("Transpose", &[], vec![ints("perm", &[0, 2, 3, 1])]);
            self.channels_first = false;
        }
    }

    /// The attributes of an operator with windows. `same` padding puts the smaller half first, as TensorFlow does.
    fn windows(
        &self,
        output: &[usize],
        window: [usize; 2],
        stride: [usize; 2],
        padding: Padding,
    ) -> Vec<AttributeProto> {
        let mut pads = [0; 4];
        if padding == Padding::Same {
            for axis in 0..2 {
                let covered = (output[axis] - 1) * stride[axis] + window[axis];
                let missing = covered.saturating_sub(self.shape[axis]);
                pads[axis] = missing / 2;
                pads[axis + 2] = missing - missing / 2;
            }
        }
        vec![ints("kernel_shape", &window), ints("strides", &stride), ints("pads", &pads)]
    }

    /// `[height, width, in, out]` as `[out, in, height, width]`.
    fn conv_kernel(&mut self, index: usize, [height, width]: [usize; 2], filters: usize) -> Result<String, Error> {
        let kernel = find(self.weights, index, "kernel")?;
        let channels = self.shape.get(2).copied().unwrap_or(0);
        if kernel.values.len() != height * width * channels * filters {
            return Err(misshapen(index, "kernel"));
        }
        let places = height * width;
        let values = (0..filters).flat_map(move |filter| {
            (0..channels).flat_map(move |channel| {
                (0..places).map(move |place| kernel.values[(place * channels + channel) * filters + filter])
            })
        });
        Ok(self.graph.floats(format!("layer_{index}_kernel"), &[filters, channels, height, width], values))
    }

    fn parameter(&mut self, index: usize, name: &str) -> Result<String, Error> {
        let tensor = find(self.weights, index, name)?;
        if tensor.values.len() != tensor.shape.iter().product::<usize>() {
            return Err(misshapen(index, name));
        }
        Ok(self.graph.floats(format!("layer_{index}_{name}"), &tensor.shape, tensor.values.iter().copied()))
    }
}

fn find<'a>(weights: &'a [LayerWeights], layer: usize, name: &str) -> Result<&'a LayerWeights, Error> {
    let found = weights.iter().find(|tensor| tensor.layer == layer && tensor.name == name);
    found.ok_or_else(|| misshapen(layer, name))
}

fn misshapen(layer: usize, name: &str) -> Error {
    Error::Arity(format!("layer {layer} has no fitting tensor \"{name}\""))
}
