//! What goes into a graph and what comes out, as its file says.

use std::collections::HashSet;

use super::proto::{GraphProto, ModelProto, ValueInfoProto, data_type};
use super::validate::shortened;
use crate::Error;
use crate::model::{Batch, Element, TensorSpec};

/// Inputs and outputs in the file's order, and what the file tells of the outputs' meaning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Interface {
    pub inputs: Vec<TensorSpec>,
    pub outputs: Vec<TensorSpec>,
    /// The first output comes straight out of a softmax.
    pub ends_in_softmax: bool,
    /// The class labels of a classifier of ONNX's set for classic models.
    pub classes: Option<Vec<i64>>,
}

/// Inputs and outputs larger than this are taken for a mistake.
const WIDTH_MAX: usize = 1 << 28;

const COUNT_MAX: usize = 1024;

/// Reads the interface of a graph, and refuses what rows of a table cannot fill.
pub(crate) fn interface(model: &ModelProto) -> Result<Interface, Error> {
    let Some(graph) = &model.graph else {
        return Err(Error::Onnx("it has no graph".to_owned()));
    };
    let constants: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let inputs: Vec<TensorSpec> = graph
        .input
        .iter()
        .filter(|input| !constants.contains(input.name.as_str()))
        .map(|input| tensor("input", input))
        .collect::<Result<_, _>>()?;
    let outputs: Vec<TensorSpec> =
        graph.output.iter().map(|output| tensor("output", output)).collect::<Result<_, _>>()?;
    if inputs.is_empty() || outputs.is_empty() {
        return Err(Error::OnnxUnsupported("it has no input or no output".to_owned()));
    }
    if inputs.len() > COUNT_MAX || outputs.len() > COUNT_MAX {
        return Err(Error::OnnxUnsupported(format!("it has more than {COUNT_MAX} inputs or outputs")));
    }
    let mut names = HashSet::new();
    if let Some(twice) = inputs.iter().chain(&outputs).find(|tensor| !names.insert(tensor.name.as_str())) {
        return Err(Error::Onnx(format!("\"{}\" stands for two inputs or outputs", shortened(&twice.name))));
    }
    Ok(Interface { ends_in_softmax: ends_in_softmax(graph), classes: classes(graph), inputs, outputs })
}

fn tensor(role: &str, value: &ValueInfoProto) -> Result<TensorSpec, Error> {
    let name = shortened(&value.name);
    if value.name.is_empty() || value.name.contains('\0') {
        return Err(Error::Onnx(format!("an {role} has no name")));
    }
    let refused = |reason: String| Error::OnnxUnsupported(format!("{role} \"{name}\" {reason}"));
    let Some(tensor_type) = value.r#type.as_ref().and_then(|r#type| r#type.tensor_type.as_ref()) else {
        return Err(refused(
            "is not a tensor; a model from scikit-learn must be converted with options={'zipmap': False}".to_owned(),
        ));
    };
    let Some(element) = element(tensor_type.elem_type) else {
        return Err(refused(
            "does not consist of numbers that mead knows (32 or 64 bit floats, integers, booleans)".to_owned(),
        ));
    };
    let Some(shape) = &tensor_type.shape else {
        if role == "output" {
            // The runtime will know; until then each row may have any number of values.
            return Ok(TensorSpec { name: value.name.clone(), element, batch: Batch::Any, shape: vec![None] });
        }
        return Err(refused("has no shape".to_owned()));
    };
    let mut sizes = shape.dim.iter().map(|dimension| match dimension.dim_value {
        // Some exporters write 0 or -1 for a size that is not known.
        Some(size) if size > 0 => usize::try_from(size).ok(),
        _ => None,
    });
    let batch = match sizes.next() {
        Some(None) => Batch::Any,
        Some(Some(1)) => Batch::One,
        Some(Some(rows)) => {
            return Err(refused(format!(
                "takes {rows} rows at a time; export the model with a first dimension that is dynamic, or 1"
            )));
        }
        None => return Err(refused("is a single number; its first dimension must be that of the rows".to_owned())),
    };
    let shape: Vec<Option<usize>> = sizes.collect();
    let width = shape.iter().flatten().try_fold(1_usize, |product, size| product.checked_mul(*size));
    if width.is_none_or(|width| width > WIDTH_MAX) {
        return Err(refused(format!("has more than {WIDTH_MAX} values a row")));
    }
    if role == "input" && shape.iter().filter(|size| size.is_none()).count() > 1 {
        return Err(refused(
            "has more than one dimension of unknown size besides the rows; export the model with fixed ones".to_owned(),
        ));
    }
    Ok(TensorSpec { name: value.name.clone(), element, batch, shape })
}

fn element(number: i32) -> Option<Element> {
    Some(match number {
        data_type::BOOL => Element::Bool,
        data_type::DOUBLE => Element::Float64,
        data_type::FLOAT => Element::Float32,
        data_type::INT16 => Element::Int16,
        data_type::INT32 => Element::Int32,
        data_type::INT64 => Element::Int64,
        data_type::INT8 => Element::Int8,
        data_type::UINT16 => Element::UInt16,
        data_type::UINT32 => Element::UInt32,
        data_type::UINT64 => Element::UInt64,
        data_type::UINT8 => Element::UInt8,
        _ => return None,
    })
}

fn ends_in_softmax(graph: &GraphProto) -> bool {
    let Some(output) = graph.output.first() else { return false };
    graph.node.iter().any(|node| node.op_type == "Softmax" && node.output.contains(&output.name))
}

fn classes(graph: &GraphProto) -> Option<Vec<i64>> {
    let mut classifiers = graph.node.iter().filter(|node| node.domain == "ai.onnx.ml");
    classifiers.find_map(|node| {
        let mut attributes = node.attribute.iter();
        let labels = attributes.find(|attribute| {
            ["classlabels_int64s", "classlabels_ints"].contains(&attribute.name.as_str()) && !attribute.ints.is_empty()
        })?;
        Some(labels.ints.clone())
    })
}
