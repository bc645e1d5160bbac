//! What an ONNX file may hold before the runtime is allowed to see it. Files come from users: each is taken for hostile.
//!
//! Refused: data kept outside of the file, wherever a tensor can stand; operators that are not ONNX's own; functions and
//! training graphs; tensors whose data does not match their shape; more than the limits below.

use std::collections::HashMap;

use prost::Message;
use prost::bytes::Bytes;

use super::proto::{AttributeProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto, data_type};
use super::scan::scan;
use crate::Error;

/// The largest file; protocol buffers end at 2 GiB.
pub const MODEL_BYTES_MAX: usize = 1 << 30;

/// Operators, those in subgraphs included.
const NODES_MAX: usize = 100_000;

/// Graphs within attributes of nodes within graphs.
const GRAPH_DEPTH_MAX: usize = 8;

const RANK_MAX: usize = 16;

/// Values of one tensor that the file does not spell out: sparse tensors and those that an operator fills.
const FILLED_VALUES_MAX: u128 = 1 << 26;

/// The operator sets that ONNX itself defines for inference.
const DOMAINS: [&str; 3] = ["", "ai.onnx", "ai.onnx.ml"];

/// Decodes and checks a file.
pub fn decode(file: Bytes) -> Result<ModelProto, Error> {
    if file.len() > MODEL_BYTES_MAX {
        return Err(Error::Onnx(format!("it has {} bytes, {MODEL_BYTES_MAX} are allowed", file.len())));
    }
    // The runtime would take such a file for its own format, whatever else it is.
    if file.get(4..8) == Some(b"ORTM") {
        return Err(refused("it is in ONNX Runtime's own format; export it as ONNX"));
    }
    scan(&file)?;
    let model = ModelProto::decode(file).map_err(|error| Error::Onnx(error.to_string()))?;
    check(&model)?;
    Ok(model)
}

fn check(model: &ModelProto) -> Result<(), Error> {
    let Some(graph) = &model.graph else {
        return Err(Error::Onnx("it has no graph".to_owned()));
    };
    if !model.functions.is_empty() {
        return Err(refused("it defines functions of its own; inline them with onnx.inliner"));
    }
    if !model.training_info.is_empty() {
        return Err(refused("it holds graphs for training"));
    }
    if !model.opset_import.iter().any(|set| DOMAINS[..2].contains(&set.domain.as_str()) && set.version > 0) {
        return Err(Error::Onnx("it does not say which version of the operators it uses".to_owned()));
    }
    let mut nodes = 0;
    check_graph(graph, 0, &mut nodes)
}

fn check_graph(graph: &GraphProto, depth: usize, nodes: &mut usize) -> Result<(), Error> {
    if depth > GRAPH_DEPTH_MAX {
        return Err(refused(format!("its graphs are nested more than {GRAPH_DEPTH_MAX} levels deep")));
    }
    *nodes += graph.node.len();
    if *nodes > NODES_MAX {
        return Err(refused(format!("it has more than {NODES_MAX} operators")));
    }
    for tensor in &graph.initializer {
        check_tensor(tensor, &tensor.name)?;
    }
    for tensor in &graph.sparse_initializer {
        check_sparse(tensor)?;
    }
    for node in &graph.node {
        check_node(node, depth, nodes)?;
    }
    check_filled(graph)
}

fn check_node(node: &NodeProto, depth: usize, nodes: &mut usize) -> Result<(), Error> {
    if !DOMAINS.contains(&node.domain.as_str()) {
        return Err(refused(format!(
            "the operator {} of \"{}\" is not one of ONNX's own",
            shortened(&node.op_type),
            shortened(&node.domain)
        )));
    }
    for attribute in &node.attribute {
        check_attribute(node, attribute, depth, nodes)?;
    }
    Ok(())
}

fn check_attribute(node: &NodeProto, attribute: &AttributeProto, depth: usize, nodes: &mut usize) -> Result<(), Error> {
    if !attribute.ref_attr_name.is_empty() {
        return Err(refused(format!("an attribute of {} refers to a function", shortened(&node.op_type))));
    }
    let name = || if node.name.is_empty() { node.op_type.as_str() } else { node.name.as_str() };
    for tensor in attribute.t.iter().chain(&attribute.tensors) {
        check_tensor(tensor, name())?;
    }
    for tensor in attribute.sparse_tensor.iter().chain(&attribute.sparse_tensors) {
        check_sparse(tensor)?;
    }
    for graph in attribute.g.iter().chain(&attribute.graphs) {
        check_graph(graph, depth + 1, nodes)?;
    }
    Ok(())
}

fn check_sparse(sparse: &SparseTensorProto) -> Result<(), Error> {
    let Some(values) = &sparse.values else {
        return Err(Error::Onnx("a sparse tensor has no values".to_owned()));
    };
    check_tensor(values, &values.name)?;
    if let Some(indices) = &sparse.indices {
        check_tensor(indices, &values.name)?;
    }
    if len(&sparse.dims).is_none_or(|len| len > FILLED_VALUES_MAX) {
        return Err(too_large(&values.name, &sparse.dims));
    }
    Ok(())
}

fn check_tensor(tensor: &TensorProto, name: &str) -> Result<(), Error> {
    if !tensor.external_data.is_empty() || tensor.data_location.unwrap_or(0) != 0 {
        return Err(refused(format!(
            "the data of tensor \"{}\" lies outside of the file; save the model with its data inside",
            shortened(name)
        )));
    }
    if tensor.segment.is_some() {
        return Err(refused(format!("the data of tensor \"{}\" comes in segments", shortened(name))));
    }
    let values = len(&tensor.dims).ok_or_else(|| too_large(name, &tensor.dims))?;
    // What is not there must not be allocated: the data has to match the shape.
    let found = match data(tensor) {
        Some(found) => found,
        None => {
            return Err(refused(format!("tensor \"{}\" has element type {}", shortened(name), tensor.data_type)));
        }
    };
    let (given, needed) = found.given_and_needed(values);
    if given != needed {
        return Err(Error::Onnx(format!(
            "tensor \"{}\" of shape {} has {given} {}, {needed} are needed",
            shortened(name),
            shape(&tensor.dims),
            found.unit()
        )));
    }
    Ok(())
}

/// How much data a tensor has.
enum Data {
    /// Bytes, and the bits that one value takes.
    Raw { bytes: usize, bits: u128 },
    /// Entries of a list of numbers, and how many values make how many entries.
    Entries { entries: usize, values: u128, per: u128 },
}

impl Data {
    fn given_and_needed(&self, values: u128) -> (u128, u128) {
        match self {
            Data::Raw { bytes, bits } => (*bytes as u128, (values * bits).div_ceil(8)),
            Data::Entries { entries, values: of, per } => (*entries as u128, (values * per).div_ceil(*of)),
        }
    }

    fn unit(&self) -> &'static str {
        match self {
            Data::Raw { .. } => "bytes",
            Data::Entries { .. } => "values",
        }
    }
}

/// `None` for an element type that is not known.
fn data(tensor: &TensorProto) -> Option<Data> {
    let bits: u128 = match tensor.data_type {
        data_type::UINT8 | data_type::INT8 | data_type::BOOL => 8,
        data_type::FLOAT8E4M3FN..=data_type::FLOAT8E5M2FNUZ | data_type::FLOAT8E8M0 => 8,
        data_type::UINT16 | data_type::INT16 | data_type::FLOAT16 | data_type::BFLOAT16 => 16,
        data_type::FLOAT | data_type::INT32 | data_type::UINT32 => 32,
        data_type::INT64 | data_type::DOUBLE | data_type::UINT64 | data_type::COMPLEX64 => 64,
        data_type::COMPLEX128 => 128,
        data_type::UINT4 | data_type::INT4 | data_type::FLOAT4E2M1 => 4,
        data_type::STRING => 0,
        _ => return None,
    };
    if tensor.data_type == data_type::STRING {
        return Some(Data::Entries { entries: tensor.string_data.len(), values: 1, per: 1 });
    }
    if let Some(raw) = &tensor.raw_data {
        return Some(Data::Raw { bytes: raw.len(), bits });
    }
    let entries = |entries| Some(Data::Entries { entries, values: 1, per: 1 });
    match tensor.data_type {
        data_type::FLOAT => entries(tensor.float_data.len()),
        data_type::COMPLEX64 => Some(Data::Entries { entries: tensor.float_data.len(), values: 1, per: 2 }),
        data_type::DOUBLE => entries(tensor.double_data.len()),
        data_type::COMPLEX128 => Some(Data::Entries { entries: tensor.double_data.len(), values: 1, per: 2 }),
        data_type::INT64 => entries(tensor.int64_data.len()),
        data_type::UINT32 | data_type::UINT64 => entries(tensor.uint64_data.len()),
        _ if bits == 4 => Some(Data::Entries { entries: tensor.int32_data.len(), values: 2, per: 1 }),
        _ => entries(tensor.int32_data.len()),
    }
}

/// Operators that make a tensor of a shape that the file names: a few bytes must not ask for all memory.
fn check_filled(graph: &GraphProto) -> Result<(), Error> {
    let mut shapes: HashMap<&str, Vec<i64>> = HashMap::new();
    for tensor in &graph.initializer {
        if let Some(values) = small_integers(tensor) {
            shapes.insert(&tensor.name, values);
        }
    }
    for node in &graph.node {
        let constant = node.attribute.iter().find_map(|attribute| attribute.t.as_ref());
        if let ("Constant", Some(tensor), Some(output)) = (node.op_type.as_str(), constant, node.output.first())
            && let Some(values) = small_integers(tensor)
        {
            shapes.insert(output, values);
        }
    }
    for node in &graph.node {
        let place = match node.op_type.as_str() {
            "ConstantOfShape" => 0,
            "Expand" | "Tile" => 1,
            _ => continue,
        };
        let Some(shape) = node.input.get(place).and_then(|name| shapes.get(name.as_str())) else { continue };
        if filled(shape).is_none_or(|len| len > FILLED_VALUES_MAX) {
            return Err(too_large(&node.op_type, shape));
        }
    }
    Ok(())
}

/// The values of a short tensor of integers, such as a shape.
fn small_integers(tensor: &TensorProto) -> Option<Vec<i64>> {
    if tensor.data_type != data_type::INT64 {
        return None;
    }
    let values = match &tensor.raw_data {
        Some(raw) if raw.len() <= 8 * RANK_MAX => {
            raw.chunks_exact(8).filter_map(|bytes| bytes.try_into().ok().map(i64::from_le_bytes)).collect()
        }
        Some(_) => return None,
        None => tensor.int64_data.clone(),
    };
    (values.len() <= RANK_MAX).then_some(values)
}

/// Values in a tensor of this shape; `None` where a size is negative, or there are too many.
fn len(dims: &[i64]) -> Option<u128> {
    if dims.len() > RANK_MAX {
        return None;
    }
    let product = filled(dims)?;
    (product <= MODEL_BYTES_MAX as u128).then_some(product)
}

fn filled(dims: &[i64]) -> Option<u128> {
    dims.iter().try_fold(1_u128, |product, size| product.checked_mul(u128::try_from(*size).ok()?))
}

fn too_large(name: &str, dims: &[i64]) -> Error {
    Error::Onnx(format!("tensor \"{}\" has the impossible shape {}", shortened(name), shape(dims)))
}

fn shape(dims: &[i64]) -> String {
    let mut text: Vec<String> = dims.iter().take(RANK_MAX).map(ToString::to_string).collect();
    if dims.len() > RANK_MAX {
        text.push("…".to_owned());
    }
    format!("[{}]", text.join(", "))
}

fn refused(reason: impl Into<String>) -> Error {
    Error::OnnxUnsupported(reason.into())
}

/// A name out of the file, short enough for a message.
pub(crate) fn shortened(name: &str) -> String {
    let mut text: String = name.chars().take(64).map(|letter| if letter.is_control() { '?' } else { letter }).collect();
    if text.len() < name.len() {
        text.push('…');
    }
    text
}
