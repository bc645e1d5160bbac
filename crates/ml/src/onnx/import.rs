//! Reads back the weights of a network out of the file that the exporter wrote of it, and of no other file.

use prost::bytes::Bytes;

use super::export::export_as;
use super::proto::{TensorProto, data_type};
use super::validate::decode;
use crate::Error;
use crate::layer;
use crate::network::{LayerSpec, NetworkSpec};
use crate::train::LayerWeights;

/// The weights in `file`; `None` unless it is, byte for byte, what the exporter writes of `network` with these weights and
/// the file's metadata. So whoever computes the network computes what the graph says, whatever else the file claims.
pub fn import(network: &NetworkSpec, output_name: &str, file: Bytes) -> Result<Option<Vec<LayerWeights>>, Error> {
    let model = decode(file.clone())?;
    let Some(graph) = model.graph else { return Ok(None) };
    let Some(weights) = weights(network, &graph.initializer)? else { return Ok(None) };
    let again = export_as(network, &weights, output_name, model.metadata_props, &model.producer_version)?;
    Ok((again == file).then_some(weights))
}

fn weights(network: &NetworkSpec, tensors: &[TensorProto]) -> Result<Option<Vec<LayerWeights>>, Error> {
    let shapes = network.shapes()?;
    let inputs = std::iter::once(&network.input_shape).chain(&shapes);
    let mut weights = Vec::new();
    for (index, ((layer, built), input)) in network.layers.iter().zip(layer::build(network)?).zip(inputs).enumerate() {
        let convolution = layer.convolution(input.last().copied().unwrap_or(1));
        for spec in built.parameters() {
            let name = format!("layer_{index}_{}", spec.name);
            let tensor = tensors.iter().find(|tensor| tensor.name == name);
            let values = match (tensor.and_then(floats), layer, convolution) {
                (Some(values), ..) if values.len() != spec.len() => return Ok(None),
                (Some(values), _, Some(convolution)) if spec.name == "kernel" => {
                    let places = convolution.window.size[0] * convolution.window.size[1];
                    channels_last(&values, places, convolution.filters)
                }
                (Some(values), ..) => values,
                // What it works with in training alone is not in the file; if it should be, the file is another.
                (None, LayerSpec::BatchNorm, _) => vec![0.0; spec.len()],
                (None, ..) => return Ok(None),
            };
            weights.push(LayerWeights { layer: index, name: spec.name, shape: spec.shape, values });
        }
    }
    Ok(Some(weights))
}

fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    let data = tensor.raw_data.as_ref().filter(|_| tensor.data_type == data_type::FLOAT)?;
    Some(data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// `[filters, channels, places]` as `[places, channels, filters]`.
fn channels_last(values: &[f32], places: usize, filters: usize) -> Vec<f32> {
    let channels = values.len() / (places * filters).max(1);
    let value = |place, channel, filter| values[(filter * channels + channel) * places + place];
    (0..places)
        .flat_map(|place| {
            (0..channels).flat_map(move |channel| (0..filters).map(move |filter| (place, channel, filter)))
        })
        .map(|(place, channel, filter)| value(place, channel, filter))
        .collect()
}
