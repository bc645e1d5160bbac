//! The network of a model that mead trained, read back from its file.

use std::sync::Arc;

use prost::bytes::Bytes;

use super::{Model, OutputSpec};
use crate::network::NetworkSpec;
use crate::onnx;
use crate::train::LayerWeights;

/// A network and its weights.
#[derive(Debug)]
pub(crate) struct Own {
    pub network: NetworkSpec,
    pub weights: Vec<LayerWeights>,
}

impl Model {
    /// The network that the file holds, or why it is none of mead's. The file is read and compared as a whole.
    pub(crate) fn own(&self) -> Result<Own, String> {
        let Some(training) = self.metadata.training.as_ref().filter(|_| self.metadata.producer == "mead") else {
            return Err("it was not trained by mead".to_owned());
        };
        let changed = || "it is not as mead writes the network that its metadata names".to_owned();
        let output = match &self.signature.output {
            OutputSpec::Probabilities(tensor) | OutputSpec::Values(tensor) => &tensor.name,
            OutputSpec::Labels { .. } => return Err(changed()),
        };
        let [input] = self.signature.inputs.as_slice() else { return Err(changed()) };
        let Some(shape) = input.shape.iter().copied().collect::<Option<Vec<usize>>>() else { return Err(changed()) };
        let network = NetworkSpec::parse(&shape, &training.layers).map_err(|_| changed())?;
        let file = Bytes::from_owner(Arc::clone(&self.bytes));
        match onnx::import(&network, output, file) {
            Ok(Some(weights)) => Ok(Own { network, weights }),
            Ok(None) | Err(_) => Err(changed()),
        }
    }
}
