//! The signature of a model that was made elsewhere, from what its graph gives away.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;

use super::signature::{LabelInfo, OutputSpec, Signature, Task, TensorSpec};
use crate::Error;
use crate::onnx::{Interface, shortened};

/// The label's name where the file has none.
const LABEL_NAME: &str = "label";

/// - one output of floats: numbers, or, straight out of a softmax, probabilities of the classes 0, 1, …
/// - one output of one whole number a row: the class
/// - one such output and one of floats: the class and the probabilities, as scikit-learn's classifiers are converted
pub(super) fn signature(interface: Interface) -> Result<Signature, Error> {
    let Interface { inputs, outputs, ends_in_softmax, classes } = interface;
    let described = describe(&outputs);
    let mut outputs = outputs.into_iter();
    let (first, second, more) = (outputs.next(), outputs.next(), outputs.next());
    let signature = |task, output, label| Signature { task, inputs, output, label, feature_names: Vec::new() };
    match (first, second, more) {
        (Some(output), None, None) if is_label(&output) => {
            let label = label(&output, None);
            Ok(signature(Task::Classification, OutputSpec::Labels { labels: output, probabilities: None }, Some(label)))
        }
        (Some(output), None, None) if ends_in_softmax && output.shape.len() == 1 && output.width() > Some(1) => {
            let count = output.width().unwrap_or(0) as i64;
            let classes: ArrayRef = Arc::new(Int64Array::from_iter_values(0..count));
            let label = LabelInfo { name: LABEL_NAME.to_owned(), data_type: DataType::Int64, classes: Some(classes) };
            Ok(signature(Task::Classification, OutputSpec::Probabilities(output), Some(label)))
        }
        (Some(output), None, None) => Ok(signature(Task::Raw, OutputSpec::Values(output), None)),
        (Some(labels), Some(probabilities), None)
            if is_label(&labels) && probabilities.element.is_float() && probabilities.shape.len() == 1 =>
        {
            let known = probabilities.width();
            let classes = classes.filter(|classes| known.is_none_or(|count| count == classes.len()));
            let label = label(&labels, classes);
            let output = OutputSpec::Labels { labels, probabilities: Some(probabilities) };
            Ok(signature(Task::Classification, output, Some(label)))
        }
        _ => Err(Error::OnnxUnsupported(format!(
            "it has the outputs {described}; one output, or a class and its probabilities, are expected"
        ))),
    }
}

/// One whole number a row.
fn is_label(tensor: &TensorSpec) -> bool {
    !tensor.element.is_float() && tensor.width() == Some(1)
}

fn label(tensor: &TensorSpec, classes: Option<Vec<i64>>) -> LabelInfo {
    let data_type = tensor.element.data_type();
    // Classes are written as 64 bit integers; a label of another type has none that are known.
    let classes = classes.filter(|_| data_type == DataType::Int64);
    let classes = classes.map(|classes| Arc::new(Int64Array::from(classes)) as ArrayRef);
    LabelInfo { name: LABEL_NAME.to_owned(), data_type, classes }
}

fn describe(outputs: &[TensorSpec]) -> String {
    let one = |output: &TensorSpec| format!("\"{}\" ({})", shortened(&output.name), output.element.data_type());
    outputs.iter().take(8).map(one).collect::<Vec<_>>().join(", ")
}
