//! Models remember, and the same training gives the same bytes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float32Array, Int16Array, ListArray, StringArray};
use arrow::datatypes::{DataType, Float32Type};
use mead_common::CancelFlag;
use prost::Message;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::fit::layers;
use super::*;
use crate::dataset::{Dataset, DatasetBuilder, LabelKind};
use crate::network::NetworkSpec;
use crate::onnx::proto::{ModelProto, StringStringEntryProto};
use crate::train::TrainOptions;

fn dataset(labels: ArrayRef, kind: LabelKind) -> Dataset {
    let rows =
        (0..labels.len()).map(|row| Some((0..4).map(|place| Some((row * place) as f32 / 16.0)).collect::<Vec<_>>()));
    let features: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows));
    let mut builder = DatasetBuilder::new();
    builder.push(&[features], &labels).unwrap();
    builder.finish(kind).unwrap()
}

fn options(layers: &[&str]) -> TrainOptions {
    TrainOptions {
        layers: Some(layers.iter().map(ToString::to_string).collect()),
        input_shape: Some(vec![2, 2, 1]),
        epochs: 3,
        seed: Some(42),
        ..TrainOptions::default()
    }
}

fn provenance() -> Provenance {
    Provenance {
        query: "SELECT TRAIN_CNN(image, label) FROM \"digits\"".to_owned(),
        label_name: "label".to_owned(),
        feature_names: vec!["image".to_owned()],
        function: Some("train_cnn".to_owned()),
        group: None,
    }
}

fn trained(labels: ArrayRef, kind: LabelKind, layers: &[&str]) -> Model {
    fit(&dataset(labels, kind), &options(layers), provenance(), &mut |_| Ok(()), &CancelFlag::new()).unwrap()
}

const CLASSIFIER: [&str; 3] = ["flatten", "dense(4, relu)", "dense(2, softmax)"];

#[test]
fn a_model_remembers_its_making() {
    let labels: ArrayRef = Arc::new(StringArray::from(vec!["odd", "even", "odd", "even", "odd"]));
    let model = trained(labels, LabelKind::Auto, &CLASSIFIER);
    let again = Model::from_bytes(Arc::clone(model.bytes())).unwrap();
    assert_eq!(again.hash(), model.hash());
    assert_eq!(content_hash(model.bytes()), model.hash());
    assert_eq!(again.metadata(), model.metadata());
    let signature = again.signature();
    assert_eq!(signature.task, Task::Classification);
    assert_eq!(signature.prediction_type(), DataType::Utf8);
    assert_eq!(signature.inputs[0].shape_text(), "2×2×1");
    assert_eq!(signature.feature_names, ["image"]);
    let label = signature.label.as_ref().unwrap();
    assert_eq!(label.name, "label");
    assert_eq!(signature.classes().unwrap().as_ref(), &StringArray::from(vec!["even", "odd"]) as &dyn Array);
    let metadata = again.metadata();
    assert_eq!(metadata.producer, "mead");
    assert_eq!(metadata.parameters, 4 * 4 + 4 + 4 * 2 + 2);
    assert_eq!(metadata.provenance, Some(provenance()));
    let training = metadata.training.as_ref().unwrap();
    assert_eq!((training.seed, training.rows, training.history.len()), (42, 5, 3));
    assert!(training.history.iter().all(|epoch| epoch.loss > 0.0 && epoch.accuracy.is_some()));
    assert_eq!(training.layers, ["flatten", "dense(4)", "relu", "dense(2)", "softmax"]);
}

#[test]
fn the_same_training_gives_the_same_bytes() {
    let labels = || Arc::new(BooleanArray::from(vec![true, false, true, true])) as ArrayRef;
    let first = trained(labels(), LabelKind::Auto, &CLASSIFIER);
    let threads = TrainOptions { threads: 2, ..options(&CLASSIFIER) };
    let data = dataset(labels(), LabelKind::Auto);
    let second = fit(&data, &threads, provenance(), &mut |_| Ok(()), &CancelFlag::new()).unwrap();
    assert_eq!(first.bytes(), second.bytes());
    let other_seed = TrainOptions { seed: Some(43), ..options(&CLASSIFIER) };
    let third = fit(&data, &other_seed, provenance(), &mut |_| Ok(()), &CancelFlag::new()).unwrap();
    assert_ne!(first.hash(), third.hash());
}

#[test]
fn predictions_have_the_labels_type() {
    let cases: [(ArrayRef, LabelKind, DataType); 4] = [
        (Arc::new(Int16Array::from(vec![1, 5, 1])), LabelKind::Auto, DataType::Int16),
        // Whole numbers learned as numbers are predicted with a fraction.
        (Arc::new(Int16Array::from(vec![1, 5, 1])), LabelKind::Values, DataType::Float64),
        (Arc::new(Float32Array::from(vec![0.5, 1.5, 0.5])), LabelKind::Auto, DataType::Float32),
        (Arc::new(Float32Array::from(vec![0.5, 1.5, 0.5])), LabelKind::Classes, DataType::Float32),
    ];
    for (labels, kind, expected) in cases {
        let classify = kind == LabelKind::Classes || (kind == LabelKind::Auto && expected == DataType::Int16);
        let layers: &[&str] = if classify { &CLASSIFIER } else { &["flatten", "dense(1)"] };
        let model = trained(labels, kind, layers);
        assert_eq!(model.signature().prediction_type(), expected);
        assert_eq!(model.signature().has_probabilities(), classify);
    }
}

#[test]
fn layers_are_told_as_they_can_be_read_again() {
    let image = [
        "conv2d(4, 3x2, relu, stride=2x1, padding=same)",
        "batchnorm",
        "conv2d(6, 2x2, padding=same, dilation=2x3, groups=2)",
        "depthwise_conv2d(3x2, padding=same, multiplier=2)",
        "maxpool(2x2, stride=1, padding=same)",
        "avgpool(2x2)",
        "dropout(0.25)",
        "globalavgpool",
        "dense(3, gelu)",
        "softmax",
    ];
    let steps = [
        "conv1d(4, 3, tanh, stride=2, padding=causal)",
        "conv1d(4, 2, dilation=3, groups=4)",
        "depthwise_conv1d(2, multiplier=3)",
        "maxpool1d(3, stride=1)",
        "avgpool1d(2, padding=same)",
        "globalmaxpool",
    ];
    let networks: [(&[usize], &[&str]); 2] = [(&[8, 8, 1], &image), (&[24, 2], &steps)];
    for (shape, texts) in networks {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let network = NetworkSpec::parse(shape, &texts).unwrap();
        let told = layers(&network);
        assert_eq!(NetworkSpec::parse(shape, &told).unwrap(), network);
        // What a user wrote without an activation is told as it was written.
        for text in texts.iter().filter(|text| !["relu", "gelu", "tanh"].iter().any(|name| text.contains(name))) {
            assert!(told.contains(text), "{text} is not among {told:?}");
        }
    }
}

#[test]
fn networks_over_steps_learn() {
    // In a row of the class 1 the second channel follows the first one at some place, three steps later.
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let rows: Vec<(bool, Vec<f32>)> = (0..300)
        .map(|row| {
            let mut values: Vec<f32> = (0..20 * 2).map(|_| random.random_range(-0.3..0.3)).collect();
            let (first, second) = (random.random_range(0..17), random.random_range(3..20));
            values[first * 2] += 2.0;
            let follows = row % 2 == 1;
            let other = if second == first + 3 { 0 } else { second };
            values[if follows { first + 3 } else { other } * 2 + 1] += 2.0;
            (follows, values)
        })
        .collect();
    let values = rows.iter().map(|(_, values)| Some(values.iter().copied().map(Some).collect::<Vec<_>>()));
    let features: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(values));
    let labels: ArrayRef = Arc::new(rows.iter().map(|(follows, _)| Some(*follows)).collect::<BooleanArray>());
    let mut builder = DatasetBuilder::new();
    builder.push(&[features], &labels).unwrap();
    let data = builder.finish(LabelKind::Auto).unwrap();
    for layers in [
        &["conv1d(8, 4, relu, padding=causal)", "globalmaxpool", "dense(2, softmax)"][..],
        &[
            "depthwise_conv1d(4, padding=same, multiplier=2)",
            "batchnorm",
            "conv1d(8, 1, relu)",
            "globalmaxpool",
            "dense(2, softmax)",
        ],
        &["conv1d(8, 2, relu, dilation=3)", "maxpool1d(2)", "conv1d(8, 1, relu)", "flatten", "dense(2, softmax)"],
    ] {
        let options = TrainOptions {
            input_shape: Some(vec![20, 2]),
            epochs: 40,
            learning_rate: Some(0.01),
            validation_fraction: 0.2,
            ..options(layers)
        };
        let model = fit(&data, &options, provenance(), &mut |_| Ok(()), &CancelFlag::new()).unwrap();
        assert_eq!(model.signature().inputs[0].shape_text(), "20×2");
        let last = model.metadata().training.as_ref().unwrap().history.last().unwrap();
        assert!(last.validation_accuracy.unwrap() >= 0.95, "{layers:?}: {last:?}");
    }
}

#[test]
fn signatures_that_lie_are_refused() {
    let labels: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true]));
    let model = trained(labels, LabelKind::Auto, &CLASSIFIER);
    let lie = |signature: &str| {
        let mut file = ModelProto::decode(&**model.bytes()).unwrap();
        let key = SIGNATURE_KEY.to_owned();
        file.metadata_props = vec![StringStringEntryProto { key, value: signature.to_owned() }];
        Model::from_bytes(Arc::from(file.encode_to_vec())).unwrap_err().to_string()
    };
    for (signature, part) in [
        ("{", "damaged"),
        (r#"{"task":"regression","label":"y","label_type":"Float64","features":[]}"#, "one number is expected"),
        (
            r#"{"task":"classification","label":"y","label_type":"Int64","classes":["1","2","3"],"features":[]}"#,
            "more or fewer classes",
        ),
        (r#"{"task":"classification","label":"y","label_type":"Int64","classes":["1","x"],"features":[]}"#, "damaged"),
        (
            r#"{"task":"classification","label":"y","label_type":"Date32","classes":["1","2"],"features":[]}"#,
            "type is not known",
        ),
        (r#"{"task":"classification","label":"y","label_type":"Int64","features":[]}"#, "do not go together"),
    ] {
        assert!(lie(signature).contains(part), "{signature}: {}", lie(signature));
    }
}
