//! Which engine a model gets: files that are not exactly mead's own are never computed as if they were.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, BinaryArray, FixedSizeListArray, Float32Array, Int32Array, StringArray};
use arrow::datatypes::{DataType, Field, Float32Type};
use mead_common::{CancelFlag, CancelReason};
use prost::Message;
use prost::bytes::Bytes;

use super::engine::{decide, slower};
use super::*;
use crate::Error;
use crate::dataset::{DatasetBuilder, LabelKind};
use crate::kernel::Isa;
use crate::model::{Model, Provenance, fit};
use crate::network::NetworkSpec;
use crate::onnx::proto::{AttributeProto, ModelProto, TensorProto};
use crate::train::TrainOptions;

const CAPACITY: usize = 64 << 20;
const WIDTH: usize = 5 * 4 * 2;

fn rows(count: usize) -> ArrayRef {
    let values = Float32Array::from_iter_values((0..count * WIDTH).map(|value| (value % 97) as f32 / 97.0));
    let field = Arc::new(Field::new_list_field(DataType::Float32, true));
    Arc::new(FixedSizeListArray::new(field, WIDTH as i32, Arc::new(values), None))
}

fn model() -> Model {
    let layers = ["conv2d(4, 3x2, leaky_relu)", "batchnorm", "flatten", "dense(2, softmax)"];
    let options = TrainOptions {
        layers: Some(layers.map(str::to_owned).to_vec()),
        input_shape: Some(vec![5, 4, 2]),
        epochs: 1,
        seed: Some(1),
        ..TrainOptions::default()
    };
    let mut builder = DatasetBuilder::new();
    let labels: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "a", "b"]));
    builder.push(&[rows(4)], &labels).unwrap();
    let data = builder.finish(LabelKind::Auto).unwrap();
    fit(&data, &options, Provenance::default(), &mut |_| Ok(()), &CancelFlag::new()).unwrap()
}

/// The model's file after a change.
fn changed(change: impl FnOnce(&mut ModelProto)) -> Model {
    let mut file = ModelProto::decode(&**model().bytes()).unwrap();
    change(&mut file);
    Model::from_bytes(Arc::from(file.encode_to_vec())).unwrap()
}

fn attribute<'a>(file: &'a mut ModelProto, operator: &str, name: &str) -> &'a mut AttributeProto {
    let nodes = &mut file.graph.as_mut().unwrap().node;
    let node = nodes.iter_mut().find(|node| node.op_type == operator).unwrap();
    node.attribute.iter_mut().find(|attribute| attribute.name == name).unwrap()
}

fn tensor<'a>(file: &'a mut ModelProto, name: &str) -> &'a mut TensorProto {
    file.graph.as_mut().unwrap().initializer.iter_mut().find(|tensor| tensor.name == name).unwrap()
}

#[test]
fn engines_have_names() {
    for engine in [Engine::Auto, Engine::Native, Engine::OnnxRuntime] {
        assert_eq!(Engine::from_name(&engine.name().to_uppercase()), Some(engine));
        assert!(ENGINE_NAMES.contains(&engine.name()));
    }
    assert_eq!(Engine::from_name("gpu"), None);
}

#[test]
fn a_model_that_mead_trained_can_be_native() {
    let model = model();
    let choice = Engine::Native.choose(&model).unwrap();
    assert_eq!(choice.to_string(), "native (as set)");
    assert_eq!(Engine::OnnxRuntime.choose(&model).unwrap().to_string(), "onnxruntime (as set)");
    let cache = InferenceCache::new(CAPACITY);
    assert_eq!(cache.choice(&model, Engine::Native).unwrap(), choice);
    let session = cache.session_with(&model, Engine::Native).unwrap();
    assert_eq!(session.choice(), &choice);
    assert_eq!(cache.choice(&model, Engine::Native).unwrap(), choice);
    assert!(session.memory_bytes() > 0);
    // With a version of mead that has another number.
    let older = changed(|file| "0.0.1".clone_into(&mut file.producer_version));
    assert!(Engine::Native.choose(&older).is_ok());
}

#[test]
fn native_is_chosen_where_it_is_faster_or_alone() {
    let slower = || Some("of its layers".to_owned());
    let text = |choice: Choice| choice.to_string();
    assert_eq!(text(decide(None, || panic!("it need not be there"))), "native (trained by mead)");
    assert_eq!(text(decide(slower(), || true)), "onnxruntime (of its layers)");
    assert_eq!(text(decide(slower(), || false)), "native (ONNX Runtime is not available)");
}

#[test]
fn what_is_slower_is_named() {
    let reason = |shape: &[usize], layers: &[&str], isa| {
        let layers: Vec<String> = layers.iter().map(ToString::to_string).collect();
        slower(&NetworkSpec::parse(shape, &layers).unwrap(), isa)
    };
    let image = [8, 8, 2];
    let common = ["conv2d(4, 3x3, relu, groups=2)", "batchnorm", "maxpool(2x2)", "flatten", "dense(9, tanh)"];
    let few_groups: &[&str] = &["conv2d(4, 3x3, elu)", "conv2d(4, 3x3, relu, groups=2)", "flatten", "dense(9, tanh)"];
    assert_eq!(reason(&image, few_groups, Isa::Avx512), None);
    assert_eq!(reason(&image, few_groups, Isa::Avx2), None);
    assert!(reason(&image, few_groups, Isa::Portable).unwrap().contains("processor"));
    // As many groups as channels: each by itself.
    assert!(reason(&image, &common, Isa::Avx512).unwrap().contains("depthwise"));
    assert!(reason(&image, &["depthwise_conv2d(3x3)"], Isa::Avx512).unwrap().contains("depthwise"));
    assert!(reason(&image, &["gelu"], Isa::Avx512).unwrap().contains("gelu"));
    assert_eq!(reason(&[9], &["dense(3, gelu)"], Isa::Avx512), None);
    assert_eq!(reason(&[1024], &["dense(1024, relu)"], Isa::Avx512), None);
    let large = reason(&[1025], &["dense(1024, relu)"], Isa::Avx512);
    assert_eq!(large.unwrap(), "it is the faster one with dense(1024) over 1025 values");
}

#[test]
fn weights_are_those_in_the_file() {
    // A bias that settles the class.
    let settled = changed(|file| {
        let bias = [100.0_f32, 0.0].into_iter().flat_map(f32::to_le_bytes).collect::<Vec<_>>();
        tensor(file, "layer_4_bias").raw_data = Some(Bytes::from(bias));
    });
    let session = InferenceSession::with(&settled, Engine::Native, CAPACITY).unwrap();
    let said = session.predict(&[rows(9)], 9, &CancelFlag::new()).unwrap();
    assert!(said.as_string::<i32>().iter().all(|class| class == Some("a")));
}

#[test]
fn a_file_that_was_changed_is_not_native() {
    let refused = |what: &str, change: &dyn Fn(&mut ModelProto)| {
        let model = changed(change);
        let error = Engine::Native.choose(&model).unwrap_err();
        assert!(matches!(error, Error::NotNative(_)), "{what}: {error}");
        assert!(!Engine::Auto.choose(&model).unwrap().native, "{what}");
    };
    refused("slope", &|file| attribute(file, "LeakyRelu", "alpha").f = 0.5);
    refused("epsilon", &|file| attribute(file, "BatchNormalization", "epsilon").f = 0.1);
    refused("padding", &|file| attribute(file, "Conv", "dilations").ints[0] = 2);
    refused("producer", &|file| "other".clone_into(&mut file.producer_name));
    refused("operators", &|file| file.opset_import[0].version = 18);
    refused("names", &|file| file.graph.as_mut().unwrap().node[0].name.push('x'));
    refused("more operators", &|file| {
        let graph = file.graph.as_mut().unwrap();
        let node = graph.node[1].clone();
        graph.node.push(node);
    });
    refused("more tensors", &|file| {
        let graph = file.graph.as_mut().unwrap();
        let mut more = graph.initializer[0].clone();
        "more".clone_into(&mut more.name);
        graph.initializer.push(more);
    });
    refused("tensors twice", &|file| {
        let graph = file.graph.as_mut().unwrap();
        let twice = graph.initializer[0].clone();
        graph.initializer.push(twice);
    });
    refused("data in another field", &|file| {
        let bias = tensor(file, "layer_0_bias");
        bias.raw_data = None;
        bias.float_data = vec![1.0; 4];
    });
    refused("layers", &|file| {
        let training = file.metadata_props.iter_mut().find(|entry| entry.key == "mead.training").unwrap();
        training.value = training.value.replace("leaky_relu", "tanh");
    });
    refused("no layers", &|file| {
        let training = file.metadata_props.iter_mut().find(|entry| entry.key == "mead.training").unwrap();
        "{}".clone_into(&mut training.value);
    });
    refused("layers of any size", &|file| {
        let training = file.metadata_props.iter_mut().find(|entry| entry.key == "mead.training").unwrap();
        training.value = training.value.replace("conv2d(4, 3x2)", "conv2d(1000000, 3x2)");
    });
    refused("no training", &|file| file.metadata_props.retain(|entry| entry.key != "mead.training"));
    // A field that mead does not know: a type of an attribute, a description, or what a later version of ONNX adds.
    let mut bytes = model().bytes().to_vec();
    bytes.extend([0x9a, 0x06, 1, b'x']);
    let unknown = Model::from_bytes(Arc::from(bytes)).unwrap();
    assert!(Engine::Native.choose(&unknown).is_err());
}

#[test]
fn cancelling_ends_native_scoring_between_chunks() {
    let model = model();
    let session = InferenceSession::with(&model, Engine::Native, CAPACITY).unwrap();
    let cancel = CancelFlag::new();
    let rows_of_all = rows(20_000);
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            cancel.cancel(CancelReason::User);
        });
        loop {
            if let Err(error) = session.predict(&[Arc::clone(&rows_of_all)], 20_000, &cancel) {
                return error;
            }
        }
    });
    assert!(matches!(error, Error::Cancelled(_, CancelReason::User)), "{error}");
}

#[test]
fn inputs_of_any_layout_give_the_same() {
    let session = InferenceSession::with(&model(), Engine::Native, CAPACITY).unwrap();
    let count = 300;
    let bytes: Vec<u8> = (0..count * WIDTH).map(|value| (value * 7 % 251) as u8).collect();
    let list = |values: ArrayRef| -> ArrayRef {
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        Arc::new(FixedSizeListArray::new(field, WIDTH as i32, values, None))
    };
    let ask = |inputs: &[ArrayRef]| {
        let found = session.predict_proba(inputs, count, &CancelFlag::new()).unwrap();
        found.as_list::<i32>().values().as_primitive::<Float32Type>().values().to_vec()
    };
    let floats = list(Arc::new(Float32Array::from_iter_values(bytes.iter().map(|byte| f32::from(*byte)))));
    let expected = ask(&[floats]);
    assert!(expected.iter().any(|value| *value != expected[0]));
    let whole = list(Arc::new(Int32Array::from_iter_values(bytes.iter().map(|byte| i32::from(*byte)))));
    assert_eq!(ask(&[whole]), expected);
    let images: ArrayRef = Arc::new(BinaryArray::from_iter_values(bytes.chunks(WIDTH)));
    assert_eq!(ask(&[images]), expected);
    let columns: Vec<ArrayRef> = (0..WIDTH)
        .map(|place| {
            let values = bytes.iter().skip(place).step_by(WIDTH).map(|byte| i32::from(*byte));
            Arc::new(Int32Array::from_iter_values(values)) as ArrayRef
        })
        .collect();
    assert_eq!(ask(&columns), expected);
}
