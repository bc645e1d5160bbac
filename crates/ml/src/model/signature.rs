//! What a model takes and what it says.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field};
use std::sync::Arc;

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// One of several classes.
    Classification,
    /// A number that it was trained to predict.
    Regression,
    /// Whatever its file computes: it was made elsewhere and does not say what its numbers mean.
    Raw,
}

impl Task {
    pub fn name(self) -> &'static str {
        match self {
            Task::Classification => "classification",
            Task::Regression => "regression",
            Task::Raw => "raw",
        }
    }
}

/// A type of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    Bool,
    Float32,
    Float64,
    Int16,
    Int32,
    Int64,
    Int8,
    UInt16,
    UInt32,
    UInt64,
    UInt8,
}

impl Element {
    pub fn data_type(self) -> DataType {
        match self {
            Element::Bool => DataType::Boolean,
            Element::Float32 => DataType::Float32,
            Element::Float64 => DataType::Float64,
            Element::Int16 => DataType::Int16,
            Element::Int32 => DataType::Int32,
            Element::Int64 => DataType::Int64,
            Element::Int8 => DataType::Int8,
            Element::UInt16 => DataType::UInt16,
            Element::UInt32 => DataType::UInt32,
            Element::UInt64 => DataType::UInt64,
            Element::UInt8 => DataType::UInt8,
        }
    }

    pub fn is_float(self) -> bool {
        matches!(self, Element::Float32 | Element::Float64)
    }
}

/// How many rows a model takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    Any,
    /// Its file fixes the first dimension to 1.
    One,
}

/// One input or output: a tensor whose first dimension is that of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    pub name: String,
    pub element: Element,
    pub batch: Batch,
    /// The sizes of one row's part; `None` for one that the file leaves open.
    pub shape: Vec<Option<usize>>,
}

impl TensorSpec {
    /// Values a row, where they are settled.
    pub fn width(&self) -> Option<usize> {
        self.shape.iter().try_fold(1, |product, size| Some(product * (*size)?))
    }

    /// `28×28×1`.
    pub fn shape_text(&self) -> String {
        let sizes = self.shape.iter().map(|size| size.map_or_else(|| "?".to_owned(), |size| size.to_string()));
        let text = sizes.collect::<Vec<_>>().join("×");
        if text.is_empty() { "1".to_owned() } else { text }
    }
}

/// Which outputs of the graph are asked, and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputSpec {
    /// A probability for each class, in the order of [`LabelInfo::classes`].
    Probabilities(TensorSpec),
    /// The class itself, and perhaps probabilities.
    Labels { labels: TensorSpec, probabilities: Option<TensorSpec> },
    /// Numbers.
    Values(TensorSpec),
}

/// What a model was trained to predict.
#[derive(Debug, Clone)]
pub struct LabelInfo {
    pub name: String,
    /// The type of predictions.
    pub data_type: DataType,
    /// The classes in the order of the probabilities, of that type.
    pub classes: Option<ArrayRef>,
}

/// What a model takes and what it says.
#[derive(Debug, Clone)]
pub struct Signature {
    pub task: Task,
    pub inputs: Vec<TensorSpec>,
    pub output: OutputSpec,
    /// `None` for [`Task::Raw`].
    pub label: Option<LabelInfo>,
    /// The columns that the model was trained on; none for a model that was made elsewhere.
    pub feature_names: Vec<String>,
}

impl Signature {
    /// The type of a prediction.
    pub fn prediction_type(&self) -> DataType {
        match (&self.label, &self.output) {
            (Some(label), _) => label.data_type.clone(),
            (None, OutputSpec::Values(tensor) | OutputSpec::Probabilities(tensor)) => values_type(tensor),
            (None, OutputSpec::Labels { labels, .. }) => values_type(labels),
        }
    }

    /// The classes, in the order of the probabilities.
    pub fn classes(&self) -> Option<&ArrayRef> {
        self.label.as_ref()?.classes.as_ref()
    }

    /// True if the model can say how probable each class is.
    pub fn has_probabilities(&self) -> bool {
        matches!(self.output, OutputSpec::Probabilities(_) | OutputSpec::Labels { probabilities: Some(_), .. })
    }

    /// The number of classes, where it is known.
    pub fn class_count(&self) -> Option<usize> {
        self.classes().map(|classes| classes.len())
    }
}

/// One number a row, or a list of them.
fn values_type(tensor: &TensorSpec) -> DataType {
    let element = tensor.element.data_type();
    if tensor.width() == Some(1) { element } else { DataType::List(Arc::new(Field::new_list_field(element, true))) }
}
