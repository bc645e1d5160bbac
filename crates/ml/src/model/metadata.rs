//! What a model remembers of its making: JSON texts among the file's metadata, so that any ONNX tool shows them.
//!
//! No times stand in them: the same rows, options and seed give the same bytes.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::onnx::proto::ModelProto;

pub(super) const SIGNATURE_KEY: &str = "mead.signature";
const TRAINING_KEY: &str = "mead.training";
const PROVENANCE_KEY: &str = "mead.provenance";

/// What a model remembers. Everything but the producer is `None` for a model that was made elsewhere.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// The program that wrote the file, and its version: `mead` and mead's for a model that mead trained.
    pub producer: String,
    pub producer_version: String,
    pub training: Option<Training>,
    pub provenance: Option<Provenance>,
    /// Numbers in the model's tensors.
    pub parameters: u64,
    /// Operators in its graph.
    pub operators: usize,
    /// The version of ONNX's operators that it uses.
    pub opset: i64,
}

/// Where the rows came from that a model learned from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// The text of the query.
    pub query: String,
    /// The label's column.
    pub label_name: String,
    /// The features' columns.
    pub feature_names: Vec<String>,
    /// The function that trained: `train_cnn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Under GROUP BY, the group's key as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// How a model was trained.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Training {
    pub seed: u64,
    pub rows: usize,
    /// The layers as strings, defaults resolved.
    pub layers: Vec<String>,
    pub optimizer: String,
    pub learning_rate: f64,
    pub momentum: f64,
    pub loss: String,
    pub epochs: usize,
    pub batch_size: usize,
    pub validation_fraction: f64,
    pub early_stopping: bool,
    /// Rows exceeded the memory limit: they were shuffled window by window.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub spilled: bool,
    pub history: Vec<Epoch>,
}

/// What an epoch came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Epoch {
    pub epoch: usize,
    pub loss: f64,
    pub accuracy: Option<f64>,
    pub validation_loss: Option<f64>,
    pub validation_accuracy: Option<f64>,
    pub learning_rate: f64,
}

/// The signature as it is written; the tensors stand in the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SignatureRecord {
    pub task: TaskRecord,
    pub label: String,
    /// As Arrow names it.
    pub label_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    pub features: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TaskRecord {
    Classification,
    Regression,
}

/// The entries of a model that mead trains, in a fixed order.
pub(super) fn entries(
    signature: &SignatureRecord,
    training: &Training,
    provenance: &Provenance,
) -> Result<Vec<(String, String)>, Error> {
    fn text(value: &impl Serialize) -> Result<String, Error> {
        serde_json::to_string(value).map_err(|error| Error::Arity(error.to_string()))
    }
    Ok(vec![
        (SIGNATURE_KEY.to_owned(), text(signature)?),
        (TRAINING_KEY.to_owned(), text(training)?),
        (PROVENANCE_KEY.to_owned(), text(provenance)?),
    ])
}

/// The entry of that name, read as `T`.
pub(super) fn read<T: for<'a> Deserialize<'a>>(model: &ModelProto, key: &str) -> Result<Option<T>, Error> {
    let Some(entry) = model.metadata_props.iter().find(|entry| entry.key == key) else { return Ok(None) };
    let value =
        serde_json::from_str(&entry.value).map_err(|error| Error::Onnx(format!("its {key} is damaged: {error}")))?;
    Ok(Some(value))
}

impl Metadata {
    pub(super) fn of(model: &ModelProto) -> Result<Self, Error> {
        let graph = model.graph.as_ref();
        let tensors = graph.map(|graph| graph.initializer.as_slice()).unwrap_or_default();
        let size = |dims: &[i64]| dims.iter().fold(1_u64, |product, size| product.saturating_mul(size.unsigned_abs()));
        let main = |domain: &str| domain.is_empty() || domain == "ai.onnx";
        Ok(Self {
            producer: model.producer_name.clone(),
            producer_version: model.producer_version.clone(),
            training: read(model, TRAINING_KEY)?,
            provenance: read(model, PROVENANCE_KEY)?,
            parameters: tensors.iter().fold(0_u64, |sum, tensor| sum.saturating_add(size(&tensor.dims))),
            operators: graph.map_or(0, |graph| graph.node.len()),
            opset: model.opset_import.iter().find(|set| main(&set.domain)).map_or(0, |set| set.version),
        })
    }
}
