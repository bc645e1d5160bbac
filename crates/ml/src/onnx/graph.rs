//! A graph under construction: each value has a name, each weight an initializer.

use prost::bytes::Bytes;

use super::proto::{
    AttributeProto, DimensionProto, GraphProto, NodeProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto,
    ValueInfoProto, attribute_type, data_type,
};

#[derive(Default)]
pub(super) struct Graph {
    proto: GraphProto,
}

impl Graph {
    pub(super) fn new(name: &str) -> Self {
        Self { proto: GraphProto { name: name.to_owned(), ..GraphProto::default() } }
    }

    /// Adds an operator with one output, and gives the output's name.
    pub(super) fn node(&mut self, operator: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let name = format!("{}_{}", operator.to_lowercase(), self.proto.node.len());
        self.proto.node.push(NodeProto {
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: vec![name.clone()],
            name: name.clone(),
            op_type: operator.to_owned(),
            attribute: attributes,
            domain: String::new(),
        });
        name
    }

    /// Adds a tensor of floats, and gives its name.
    pub(super) fn floats(&mut self, name: String, shape: &[usize], values: impl Iterator<Item = f32>) -> String {
        let data: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
        self.proto.initializer.push(TensorProto {
            name: name.clone(),
            dims: shape.iter().map(|size| *size as i64).collect(),
            data_type: data_type::FLOAT,
            raw_data: Some(Bytes::from(data)),
            ..TensorProto::default()
        });
        name
    }

    /// The name of the last operator's output, for an operator whose output is the model's.
    pub(super) fn rename_output(&mut self, name: &str) {
        if let Some(output) = self.proto.node.last_mut().and_then(|node| node.output.first_mut()) {
            *output = name.to_owned();
        }
    }

    pub(super) fn input(&mut self, name: &str, shape: &[usize]) {
        self.proto.input.push(float_tensor(name, shape));
    }

    pub(super) fn output(&mut self, name: &str, shape: &[usize]) {
        self.proto.output.push(float_tensor(name, shape));
    }

    pub(super) fn finish(self) -> GraphProto {
        self.proto
    }
}

pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: name.to_owned(), f: value, r#type: attribute_type::FLOAT, ..AttributeProto::default() }
}

pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), i: value, r#type: attribute_type::INT, ..AttributeProto::default() }
}

pub(super) fn ints(name: &str, values: &[usize]) -> AttributeProto {
    let ints = values.iter().map(|value| *value as i64).collect();
    AttributeProto { name: name.to_owned(), ints, r#type: attribute_type::INTS, ..AttributeProto::default() }
}

/// A tensor of floats with any number of rows.
fn float_tensor(name: &str, shape: &[usize]) -> ValueInfoProto {
    let rows = DimensionProto { dim_value: None, dim_param: Some("N".to_owned()) };
    let sizes = shape.iter().map(|size| DimensionProto { dim_value: Some(*size as i64), dim_param: None });
    let shape = TensorShapeProto { dim: std::iter::once(rows).chain(sizes).collect() };
    let tensor_type = TensorTypeProto { elem_type: data_type::FLOAT, shape: Some(shape) };
    let r#type = TypeProto { tensor_type: Some(tensor_type), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type) }
}
