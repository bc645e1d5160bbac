//! Files that mean harm.

use proptest::prelude::*;
use prost::Message;
use prost::bytes::Bytes;
use std::sync::Arc;

use super::proto::*;
use crate::Error;
use crate::model::Model;

/// A file with one operator and one weight, which is sound.
fn sound() -> ModelProto {
    let dimension = |size| DimensionProto { dim_value: size, dim_param: None };
    let tensor = |name: &str| ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: data_type::FLOAT,
                shape: Some(TensorShapeProto { dim: vec![dimension(None), dimension(Some(2))] }),
            }),
            ..TypeProto::default()
        }),
    };
    let weight = TensorProto {
        name: "weight".to_owned(),
        dims: vec![2],
        data_type: data_type::FLOAT,
        float_data: vec![1.0, 2.0],
        ..TensorProto::default()
    };
    ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
        graph: Some(GraphProto {
            name: "g".to_owned(),
            node: vec![NodeProto {
                op_type: "Mul".to_owned(),
                input: vec!["x".to_owned(), "weight".to_owned()],
                output: vec!["y".to_owned()],
                ..NodeProto::default()
            }],
            initializer: vec![weight],
            input: vec![tensor("x")],
            output: vec![tensor("y")],
            ..GraphProto::default()
        }),
        ..ModelProto::default()
    }
}

fn load(model: &ModelProto) -> Result<Model, Error> {
    Model::from_bytes(Arc::from(model.encode_to_vec()))
}

fn graph(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().unwrap()
}

#[track_caller]
fn refused(change: impl FnOnce(&mut GraphProto), part: &str) {
    let mut model = sound();
    assert!(load(&model).is_ok());
    change(graph(&mut model));
    let error = load(&model).unwrap_err();
    assert!(matches!(error, Error::Onnx(_) | Error::OnnxUnsupported(_)), "{error:?}");
    assert!(error.to_string().contains(part), "{error}");
}

fn outside(name: &str) -> TensorProto {
    let entry = StringStringEntryProto { key: "location".to_owned(), value: "/etc/passwd".to_owned() };
    TensorProto {
        name: name.to_owned(),
        dims: vec![2],
        data_type: data_type::FLOAT,
        external_data: vec![entry],
        data_location: Some(1),
        ..TensorProto::default()
    }
}

fn attribute(name: &str) -> AttributeProto {
    AttributeProto { name: name.to_owned(), ..AttributeProto::default() }
}

#[test]
fn data_outside_of_the_file_is_refused_wherever_it_stands() {
    let part = "lies outside of the file";
    refused(|graph| graph.initializer[0] = outside("weight"), part);
    // Each sign of it is enough.
    refused(|graph| graph.initializer[0].data_location = Some(1), part);
    refused(|graph| graph.initializer[0].external_data = outside("w").external_data, part);
    refused(|graph| graph.node[0].attribute.push(AttributeProto { t: Some(outside("c")), ..attribute("value") }), part);
    refused(
        |graph| graph.node[0].attribute.push(AttributeProto { tensors: vec![outside("c")], ..attribute("values") }),
        part,
    );
    let sparse = || SparseTensorProto { values: Some(outside("s")), indices: None, dims: vec![2] };
    refused(|graph| graph.sparse_initializer.push(sparse()), part);
    let indices = || SparseTensorProto {
        values: Some(TensorProto {
            dims: vec![1],
            data_type: data_type::FLOAT,
            float_data: vec![1.0],
            ..TensorProto::default()
        }),
        indices: Some(outside("i")),
        dims: vec![2],
    };
    refused(|graph| graph.sparse_initializer.push(indices()), part);
    refused(
        |graph| graph.node[0].attribute.push(AttributeProto { sparse_tensor: Some(sparse()), ..attribute("s") }),
        part,
    );
    refused(
        |graph| graph.node[0].attribute.push(AttributeProto { sparse_tensors: vec![sparse()], ..attribute("s") }),
        part,
    );
    let branch = || GraphProto { initializer: vec![outside("deep")], ..GraphProto::default() };
    let branching =
        |attribute| NodeProto { op_type: "If".to_owned(), attribute: vec![attribute], ..NodeProto::default() };
    refused(|graph| graph.node.push(branching(AttributeProto { g: Some(branch()), ..attribute("then_branch") })), part);
    refused(
        |graph| {
            let inner = branching(AttributeProto { graphs: vec![branch()], ..attribute("g") });
            let outer = GraphProto { node: vec![inner], ..GraphProto::default() };
            graph.node.push(branching(AttributeProto { g: Some(outer), ..attribute("else_branch") }));
        },
        part,
    );
}

#[test]
fn operators_that_are_not_onnx_are_refused() {
    refused(|graph| graph.node[0].domain = "com.example".to_owned(), "the operator Mul of \"com.example\"");
    refused(|graph| graph.node[0].domain = "com.microsoft".to_owned(), "not one of ONNX's own");
    let mut model = sound();
    model.functions.push(Opaque {});
    assert!(load(&model).unwrap_err().to_string().contains("functions"));
    let mut model = sound();
    model.training_info.push(Opaque {});
    assert!(load(&model).unwrap_err().to_string().contains("training"));
}

#[test]
fn shapes_that_lie_are_refused() {
    refused(|graph| graph.initializer[0].dims = vec![3], "has 2 values, 3 are needed");
    refused(|graph| graph.initializer[0].dims = vec![1 << 40], "impossible shape");
    refused(|graph| graph.initializer[0].dims = vec![i64::MAX, i64::MAX], "impossible shape");
    refused(|graph| graph.initializer[0].dims = vec![-2], "impossible shape");
    refused(|graph| graph.initializer[0].dims = vec![1; 100], "impossible shape");
    refused(|graph| graph.initializer[0].raw_data = Some(Bytes::from_static(b"123")), "has 3 bytes, 8 are needed");
    refused(|graph| graph.initializer[0].data_type = 99, "element type 99");
    refused(|graph| graph.initializer[0].segment = Some(Opaque {}), "segments");
    let shape = |values: Vec<i64>| TensorProto {
        name: "shape".to_owned(),
        dims: vec![values.len() as i64],
        data_type: data_type::INT64,
        int64_data: values,
        ..TensorProto::default()
    };
    let fill = |operator: &str, inputs: &[&str]| NodeProto {
        op_type: operator.to_owned(),
        input: inputs.iter().map(ToString::to_string).collect(),
        output: vec!["filled".to_owned()],
        ..NodeProto::default()
    };
    refused(
        |graph| {
            graph.initializer.push(shape(vec![1 << 20, 1 << 20]));
            graph.node.push(fill("ConstantOfShape", &["shape"]));
        },
        "impossible shape",
    );
    refused(
        |graph| {
            graph.initializer.push(shape(vec![1 << 31, 2]));
            graph.node.push(fill("Expand", &["x", "shape"]));
        },
        "impossible shape",
    );
    refused(
        |graph| {
            let values = graph.initializer[0].clone();
            graph.sparse_initializer.push(SparseTensorProto {
                values: Some(values),
                indices: None,
                dims: vec![1 << 40],
            });
        },
        "impossible shape",
    );
}

#[test]
fn inputs_and_outputs_that_rows_cannot_fill_are_refused() {
    fn shape(value: &mut ValueInfoProto) -> &mut Vec<DimensionProto> {
        let tensor = value.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
        &mut tensor.shape.as_mut().unwrap().dim
    }
    refused(|graph| shape(&mut graph.input[0])[0].dim_value = Some(16), "takes 16 rows at a time");
    refused(|graph| shape(&mut graph.input[0])[1].dim_value = Some(1 << 40), "values a row");
    refused(|graph| shape(&mut graph.input[0]).clear(), "a single number");
    refused(
        |graph| shape(&mut graph.input[0]).extend([DimensionProto::default(), DimensionProto::default()]),
        "unknown size",
    );
    refused(|graph| graph.input[0].r#type = None, "is not a tensor");
    refused(|graph| graph.input.clear(), "no input");
    refused(|graph| graph.output.clear(), "no output");
    refused(|graph| graph.output[0].name = "x".to_owned(), "two inputs or outputs");
    refused(|graph| graph.input[0].name = "x\0".to_owned(), "has no name");
    refused(
        |graph| graph.input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().elem_type = data_type::STRING,
        "does not consist of numbers",
    );
    refused(
        |graph| {
            let output = graph.output[0].clone();
            for name in ["z", "w"] {
                graph.output.push(ValueInfoProto { name: name.to_owned(), ..output.clone() });
            }
        },
        "it has the outputs",
    );
}

#[test]
fn files_in_the_runtimes_own_format_are_refused() {
    // A name that puts the runtime's mark where the runtime looks for it, in a file that is sound ONNX as well.
    let mut file = vec![0x12, 0x06, b'x', b'x', b'O', b'R', b'T', b'M'];
    file.extend(sound().encode_to_vec());
    assert!(ModelProto::decode(file.as_slice()).is_ok());
    let error = Model::from_bytes(Arc::from(file)).unwrap_err();
    assert!(error.to_string().contains("own format"), "{error}");
}

#[test]
fn graphs_within_graphs_have_a_bottom() {
    let mut inner = GraphProto::default();
    for _ in 0..9 {
        let node = NodeProto {
            op_type: "If".to_owned(),
            attribute: vec![AttributeProto { g: Some(inner), ..attribute("then_branch") }],
            ..NodeProto::default()
        };
        inner = GraphProto { node: vec![node], ..GraphProto::default() };
    }
    refused(|graph| graph.node.extend(inner.node), "levels deep");
}

#[test]
fn every_truncation_is_an_error() {
    let file = sound().encode_to_vec();
    for end in 0..file.len() {
        // Behind the graph only the operator set remains, without which a file is not sound either.
        assert!(Model::from_bytes(Arc::from(&file[..end])).is_err(), "{end} of {}", file.len());
    }
}

/// Operators that ask for four gigabytes, whose last output is `s`, and the weights they take.
type Greedy = (Vec<NodeProto>, Vec<TensorProto>);

fn node(operator: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: operator.to_owned(),
        input: inputs.iter().map(ToString::to_string).collect(),
        output: vec![output.to_owned()],
        attribute: attributes,
        ..NodeProto::default()
    }
}

fn integers(name: &str, values: &[i64], dims: &[i64]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: data_type::INT64,
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

const MANY: i64 = 1_000_000_000;

/// Ways past what the file alone tells: shapes that are computed, shapes in attributes, subgraphs.
fn greedy() -> Vec<(&'static str, Greedy)> {
    let ints = |name: &str, values: &[i64]| AttributeProto {
        ints: values.to_vec(),
        r#type: attribute_type::INTS,
        ..attribute(name)
    };
    let fill = || node("ConstantOfShape", &["shape"], "s", vec![]);
    let many = || integers("many", &[MANY], &[1]);
    let branch = |nodes: Vec<NodeProto>, output: &str| AttributeProto {
        g: Some(GraphProto {
            name: "branch".to_owned(),
            node: nodes,
            output: vec![ValueInfoProto {
                name: output.to_owned(),
                r#type: Some(TypeProto {
                    tensor_type: Some(TensorTypeProto { elem_type: data_type::FLOAT, shape: None }),
                    ..TypeProto::default()
                }),
            }],
            ..GraphProto::default()
        }),
        r#type: 5,
        ..attribute(output)
    };
    let condition = TensorProto {
        name: "condition".to_owned(),
        data_type: data_type::BOOL,
        int32_data: vec![1],
        ..TensorProto::default()
    };
    let named = |name: &str, branch: AttributeProto| AttributeProto { name: name.to_owned(), ..branch };
    vec![
        ("RandomNormal", (vec![node("RandomNormal", &[], "s", vec![ints("shape", &[MANY])])], vec![])),
        ("RandomUniform", (vec![node("RandomUniform", &[], "s", vec![ints("shape", &[MANY])])], vec![])),
        ("value_ints", (vec![node("Constant", &[], "shape", vec![ints("value_ints", &[MANY])]), fill()], vec![])),
        ("Identity", (vec![node("Identity", &["many"], "shape", vec![]), fill()], vec![many()])),
        (
            "Concat",
            (
                vec![
                    node("Concat", &["part", "part"], "shape", vec![AttributeProto { r#type: 2, ..attribute("axis") }]),
                    fill(),
                ],
                vec![integers("part", &[32_000], &[1])],
            ),
        ),
        (
            "Range",
            (
                vec![
                    node("Range", &["zero", "end", "one"], "numbers", vec![]),
                    node("Cast", &["numbers"], "s", vec![AttributeProto { i: 1, r#type: 2, ..attribute("to") }]),
                ],
                vec![integers("zero", &[0], &[]), integers("end", &[MANY], &[]), integers("one", &[1], &[])],
            ),
        ),
        (
            "Tile",
            (
                vec![node("Identity", &["many"], "times", vec![]), node("Tile", &["value", "times"], "s", vec![])],
                vec![many(), TensorProto { float_data: vec![1.0], ..value("value") }],
            ),
        ),
        (
            "Expand",
            (
                vec![node("Identity", &["many"], "shape", vec![]), node("Expand", &["value", "shape"], "s", vec![])],
                vec![many(), TensorProto { float_data: vec![1.0], ..value("value") }],
            ),
        ),
        (
            "Pad",
            (
                vec![node("Identity", &["pads"], "around", vec![]), node("Pad", &["value", "around"], "s", vec![])],
                vec![integers("pads", &[0, MANY], &[2]), TensorProto { float_data: vec![1.0], ..value("value") }],
            ),
        ),
        (
            "of the rows",
            (
                vec![
                    node("Shape", &["x"], "sizes", vec![]),
                    node(
                        "ReduceMax",
                        &["sizes"],
                        "most",
                        vec![AttributeProto { i: 0, r#type: 2, ..attribute("keepdims") }],
                    ),
                    node("Mul", &["most", "many"], "shape", vec![]),
                    fill(),
                ],
                vec![many()],
            ),
        ),
        (
            "If",
            (
                vec![node(
                    "If",
                    &["condition"],
                    "s",
                    vec![
                        named("then_branch", branch(vec![NodeProto { output: vec!["a".to_owned()], ..fill() }], "a")),
                        named("else_branch", branch(vec![node("Identity", &["weight"], "b", vec![])], "b")),
                    ],
                )],
                vec![condition, TensorProto { name: "shape".to_owned(), ..integers("", &[MANY / 16, 16], &[2]) }],
            ),
        ),
    ]
}

fn value(name: &str) -> TensorProto {
    TensorProto { name: name.to_owned(), dims: vec![1], data_type: data_type::FLOAT, ..TensorProto::default() }
}

/// Each is refused by its file, or fails at the runtime's limit; none takes the machine's memory.
#[test]
fn files_that_ask_for_more_memory_than_there_may_be_fail() {
    use crate::inference::{InferenceSession, check_runtime};
    use arrow::array::{ArrayRef, FixedSizeListArray};
    use arrow::datatypes::Float32Type;
    if let Err(error) = check_runtime() {
        eprintln!("skipped: {error}");
        return;
    }
    let row: ArrayRef =
        Arc::new(FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>([Some([Some(1.0), Some(2.0)])], 2));
    let ask = |model: &ModelProto| -> Result<ArrayRef, Error> {
        let session = InferenceSession::new(&load(model)?, 0)?;
        session.predict(std::slice::from_ref(&row), 1, &mead_common::CancelFlag::new())
    };
    ask(&sound()).unwrap();
    for (name, (nodes, weights)) in greedy() {
        let mut model = sound();
        let graph = graph(&mut model);
        graph.node = nodes;
        graph.node.push(node(
            "ReduceSum",
            &["s"],
            "sum",
            vec![AttributeProto { i: 0, r#type: 2, ..attribute("keepdims") }],
        ));
        graph.node.push(node("Add", &["x", "sum"], "y", vec![]));
        graph.initializer.extend(weights);
        match ask(&model).unwrap_err() {
            Error::RuntimeMemory(_) => {}
            Error::Onnx(message) if message.contains("impossible shape") => {}
            other => panic!("{name}: {other:?}"),
        }
    }
    // The limit is that of a run: the next one is served.
    ask(&sound()).unwrap();
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(Model::from_bytes(Arc::from(bytes)).is_err());
    }

    #[test]
    fn changed_files_never_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut file = sound().encode_to_vec();
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        let _ = Model::from_bytes(Arc::from(file));
    }
}
