//! Layers in the trainer's kernels and in ONNX Runtime, inputs of all kinds, models from elsewhere. Where the runtime is not
//! installed, what needs it says so and is skipped.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, Int32Array,
    Int64Array, ListArray, StringArray,
};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type};
use mead_common::{CancelFlag, CancelReason};
use prost::Message;
use prost::bytes::Bytes;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::Error;
use crate::dataset::{Dataset, DatasetBuilder, LabelKind};
use crate::model::{Model, Provenance, Task, fit, model_of};
use crate::onnx::proto::*;
use crate::train::{TrainOptions, train};

const CAPACITY: usize = 64 << 20;

const ENGINES: [Engine; 2] = [Engine::Native, Engine::OnnxRuntime];

/// Those engines that are there.
fn engines() -> Vec<Engine> {
    ENGINES.into_iter().filter(|engine| *engine == Engine::Native || runtime_is_there()).collect()
}

/// False, with a word, where ONNX Runtime is not installed.
fn runtime_is_there() -> bool {
    let found = check_runtime();
    if let Err(error) = &found {
        eprintln!("skipped: {error}");
    }
    found.is_ok()
}

fn images(rows: usize, width: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..rows * width).map(|_| random.random_range(-1.0..1.0)).collect()
}

fn column(values: &[f32], width: usize) -> ArrayRef {
    Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(
        values.chunks(width).map(|row| Some(row.iter().copied().map(Some).collect::<Vec<_>>())),
    ))
}

fn dataset(values: &[f32], width: usize, labels: ArrayRef) -> Dataset {
    let mut builder = DatasetBuilder::new();
    builder.push(&[column(values, width)], &labels).unwrap();
    builder.finish(LabelKind::Auto).unwrap()
}

fn options(shape: &[usize], layers: &[&str]) -> TrainOptions {
    TrainOptions {
        layers: Some(layers.iter().map(ToString::to_string).collect()),
        input_shape: Some(shape.to_vec()),
        epochs: 2,
        seed: Some(1),
        ..TrainOptions::default()
    }
}

fn floats(lists: &ArrayRef) -> Vec<f32> {
    lists.as_list::<i32>().values().as_primitive::<Float32Type>().values().to_vec()
}

#[test]
fn every_layer_gives_the_same_in_the_trainer_and_in_onnx() {
    if !runtime_is_there() {
        return;
    }
    let networks: [(&[usize], &[&str]); 16] = [
        (&[8, 8, 1], &["conv2d(4, 3x3, relu)", "maxpool(2x2)", "flatten", "dense(3, softmax)"]),
        (
            &[9, 7, 2],
            &[
                "conv2d(5, 5x3, leaky_relu, stride=2x1, padding=same)",
                "avgpool(3x2, stride=2, padding=same)",
                "flatten",
                "dense(3, softmax)",
            ],
        ),
        (&[6, 6, 3], &["batchnorm", "conv2d(4, 2x2, elu)", "batchnorm", "globalavgpool", "dense(3, softmax)"]),
        (
            &[7, 5, 1],
            &["maxpool(3x3, stride=2, padding=same)", "avgpool(2x2, stride=1)", "conv2d(3, 3x2)", "flatten", "softmax"],
        ),
        (
            &[4, 4, 1],
            &[
                "flatten",
                "dense(9)",
                "batchnorm",
                "gelu",
                "dropout(0.4)",
                "dense(7, sigmoid)",
                "tanh",
                "dense(3, softmax)",
            ],
        ),
        (&[5, 5, 2], &["softmax", "conv2d(3, 5x5)", "softmax"]),
        (
            &[9, 8, 4],
            &["conv2d(6, 3x2, relu, padding=same, dilation=2x3, groups=2)", "globalmaxpool", "dense(3, softmax)"],
        ),
        (
            &[9, 8, 2],
            &[
                "depthwise_conv2d(3x4, tanh, stride=2, padding=same, multiplier=3)",
                "conv2d(4, 2x2, stride=2x1, dilation=1x2)",
                "flatten",
                "dense(3, softmax)",
            ],
        ),
        (
            &[7, 6, 3],
            &[
                "conv2d(4, 2x3, padding=same, dilation=3)",
                "batchnorm",
                "depthwise_conv2d(2)",
                "flatten",
                "dense(3, softmax)",
            ],
        ),
        (&[17, 3], &["conv1d(6, 4, relu, stride=2, padding=same)", "maxpool1d(2)", "flatten", "dense(3, softmax)"]),
        (
            &[17, 2],
            &[
                "batchnorm",
                "conv1d(4, 3, gelu, padding=causal, dilation=3)",
                "conv1d(8, 3, stride=2, padding=causal, groups=4)",
                "dropout(0.2)",
                "depthwise_conv1d(2, elu, padding=same, multiplier=2)",
                "batchnorm",
                "avgpool1d(4, stride=3, padding=same)",
                "softmax",
                "flatten",
                "dense(3, softmax)",
            ],
        ),
        (&[12, 4], &["conv1d(5, 3, sigmoid, padding=same, dilation=2)", "globalavgpool", "dense(3, softmax)"]),
        (&[12, 4], &["maxpool1d(3, stride=2, padding=same)", "conv1d(3, 2)", "globalmaxpool", "softmax"]),
        (&[6, 2], &["softmax", "flatten", "dense(3)", "softmax"]),
        (&[6], &["dense(5, leaky_relu)", "dense(4, elu)", "dense(3)", "softmax"]),
        (&[3], &["softmax"]),
    ];
    for (shape, layers) in networks {
        check_in_onnx(shape, layers);
    }
}

#[test]
fn any_window_is_the_same_in_onnx() {
    if !runtime_is_there() {
        return;
    }
    let mut random = ChaCha8Rng::seed_from_u64(23);
    for _ in 0..60 {
        let mut one_of = |values: &[usize]| values[random.random_range(0..values.len())];
        let (rank, padding) = (one_of(&[1, 2]), ["same", "same", "valid", "causal"][one_of(&[0, 1, 2, 3])]);
        let padding = if rank == 2 && padding == "causal" { "same" } else { padding };
        let mut pair = |values: &[usize]| match rank {
            1 => one_of(values).to_string(),
            _ => format!("{}x{}", one_of(values), one_of(values)),
        };
        // A window reaches over 7 places at most.
        let (kernel, stride, dilation) = (pair(&[1, 2, 3, 4]), pair(&[1, 2, 3]), pair(&[1, 1, 2]));
        let options = format!("stride={stride}, padding={padding}, dilation={dilation}");
        let groups = one_of(&[1, 2, 4]);
        let convolution = match one_of(&[0, 1]) {
            0 => format!("conv{rank}d({}, {kernel}, tanh, {options}, groups={groups})", groups * one_of(&[1, 2, 5])),
            _ => format!("depthwise_conv{rank}d({kernel}, tanh, {options}, multiplier={})", one_of(&[1, 3])),
        };
        let kind = ["maxpool", "avgpool"][one_of(&[0, 1])];
        let suffix = if rank == 1 { "1d" } else { "" };
        let pool = format!("{kind}{suffix}({}, stride={}, padding=same)", one_of(&[2, 3]), one_of(&[1, 2, 3]));
        let shape = [one_of(&[7, 8, 9, 10]), one_of(&[7, 8, 11]), 4];
        check_in_onnx(&shape[2 - rank..], &[&convolution, &pool, "flatten", "dense(3, softmax)"]);
    }
}

/// Trains a little, and compares what the layers give with what the file gives.
fn check_in_onnx(shape: &[usize], layers: &[&str]) {
    let width: usize = shape.iter().product();
    let rows = 40;
    let values = images(rows, width, 7);
    let labels: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|row| row % 3)));
    // The network without layers that learn needs a step all the same.
    let data = dataset(&values, width, labels);
    let options = options(shape, layers);
    let trained = train(&data, &options, &mut |_| Ok(()), &CancelFlag::new()).unwrap();
    let model = model_of(&trained, &data, &options, &Provenance::default()).unwrap();
    let [native, runtime] = ENGINES.map(|engine| InferenceSession::with(&model, engine, CAPACITY).unwrap());
    let ask = |session: &InferenceSession, rows: &[f32]| {
        let count = rows.len() / width;
        session.predict_proba(&[column(rows, width)], count, &CancelFlag::new()).map(|found| floats(&found))
    };
    let expected = ask(&runtime, &values).unwrap();
    let found = ask(&native, &values).unwrap();
    assert_eq!(found.len(), expected.len());
    for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!((found - expected).abs() < 1e-5, "{layers:?}, value {row}: {found}, not {expected}");
    }
    // Rows by themselves, and in batches that no chunk divides.
    for batch in [1, 7] {
        let parts = values.chunks(batch * width).flat_map(|part| ask(&native, part).unwrap());
        for (row, (found, expected)) in parts.zip(&expected).enumerate() {
            assert!((found - expected).abs() < 1e-5, "{layers:?}, batch {batch}, value {row}: {found}, not {expected}");
        }
    }
    // What was read back from the file is what was trained; batch norms work with more, in training alone.
    let own = model.own().unwrap();
    assert_eq!(own.network, trained.network);
    assert_eq!(own.weights.len(), trained.weights.len());
    for (found, trained) in own.weights.iter().zip(&trained.weights) {
        let in_training_alone = found.name.starts_with("batch_") || found.name.starts_with("grad_");
        assert!(found == trained || in_training_alone, "{layers:?}: {found:?}, not {trained:?}");
    }
    for value in [f32::NAN, f32::INFINITY] {
        let mut strange = values.clone();
        strange[3 * width + width / 2] = value;
        let said = [&native, &runtime].map(|session| ask(session, &strange).map_err(|error| error.to_string()));
        match said {
            [Err(native), Err(runtime)] => assert_eq!(native, runtime, "{layers:?}"),
            [Ok(native), Ok(runtime)] => {
                let far = native.iter().zip(&runtime).position(|(native, runtime)| (native - runtime).abs() > 1e-5);
                assert_eq!(far, None, "{layers:?}, {value}");
            }
            said => panic!("{layers:?}, {value}: {said:?}"),
        }
    }
}

#[test]
fn numbers_are_predicted_in_the_labels_type() {
    for engine in engines() {
        predicts_numbers(engine);
    }
}

fn predicts_numbers(engine: Engine) {
    let values = images(64, 4, 3);
    let labels: ArrayRef =
        Arc::new(Float64Array::from_iter_values(values.chunks(4).map(|row| f64::from(row[0] - 2.0 * row[3]))));
    let options = TrainOptions { epochs: 200, learning_rate: Some(0.02), ..options(&[4], &["dense(1)"]) };
    let data = dataset(&values, 4, Arc::clone(&labels));
    let model = fit(&data, &options, Provenance::default(), &mut |_| Ok(()), &CancelFlag::new()).unwrap();
    assert_eq!(model.signature().task, Task::Regression);
    let session = InferenceSession::with(&model, engine, CAPACITY).unwrap();
    let said = session.predict(&[column(&values, 4)], 64, &CancelFlag::new()).unwrap();
    assert_eq!(said.data_type(), &DataType::Float64);
    let pairs = said.as_primitive::<Float64Type>().values().iter().zip(labels.as_primitive::<Float64Type>().values());
    assert!(pairs.clone().all(|(said, label)| (said - label).abs() < 0.05), "{:?}", pairs.collect::<Vec<_>>());
    let error = session.predict_proba(&[column(&values, 4)], 64, &CancelFlag::new()).unwrap_err();
    assert_eq!(error.to_string(), "the model gives no probabilities");
    // Scalar columns are one input's values.
    let columns: Vec<ArrayRef> = (0..4)
        .map(|place| {
            Arc::new(Float32Array::from_iter_values(values.iter().skip(place).step_by(4).copied())) as ArrayRef
        })
        .collect();
    assert_eq!(session.predict(&columns, 64, &CancelFlag::new()).unwrap().as_ref(), said.as_ref());
    let error = session.predict(&columns[..3], 64, &CancelFlag::new()).unwrap_err();
    assert_eq!(error.to_string(), "input has 3 values, input_shape 4 needs 4");
}

/// A classifier of 2×2 images by text labels.
fn small_model() -> Model {
    let values = images(60, 4, 5);
    let labels: ArrayRef =
        Arc::new(StringArray::from_iter_values(values.chunks(4).map(|row| if row[0] > 0.0 { "up" } else { "down" })));
    let options = TrainOptions {
        epochs: 60,
        learning_rate: Some(0.05),
        ..options(&[2, 2, 1], &["flatten", "dense(8, relu)", "dense(2, softmax)"])
    };
    let data = dataset(&values, 4, labels);
    fit(&data, &options, Provenance::default(), &mut |_| Ok(()), &CancelFlag::new()).unwrap()
}

#[test]
fn columns_of_all_kinds_are_read() {
    for engine in engines() {
        reads_columns(engine);
    }
}

fn reads_columns(engine: Engine) {
    let model = small_model();
    let session = InferenceSession::with(&model, engine, CAPACITY).unwrap();
    let cancel = CancelFlag::new();
    let words = |column: ArrayRef| {
        let rows = column.len();
        let said = session.predict(&[column], rows, &cancel).unwrap();
        said.as_string::<i32>().iter().map(|word| word.map(str::to_owned)).collect::<Vec<_>>()
    };
    let up = Some("up".to_owned());
    let down = Some("down".to_owned());
    let doubles: ArrayRef = Arc::new(FixedSizeListArray::from_iter_primitive::<Float64Type, _, _>(
        [None, Some([0.9, 0.0, 0.0, 0.0].map(Some)), Some([-0.9, 0.0, 0.0, 0.0].map(Some))],
        4,
    ));
    assert_eq!(words(Arc::clone(&doubles)), [None, up.clone(), down.clone()]);
    assert_eq!(words(doubles.slice(1, 2)), [up.clone(), down.clone()]);
    let integers: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([
        Some([1, 0, 0, 0].map(Some).to_vec()),
        None,
        Some([-1, 0, 0, 0].map(Some).to_vec()),
    ]));
    assert_eq!(words(integers), [up.clone(), None, down]);
    let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![Some(&[1_u8, 0, 0, 0][..]), None]));
    assert_eq!(words(bytes), [up, None]);
    assert_eq!(words(doubles.slice(0, 0)), Vec::<Option<String>>::new());
    assert_eq!(words(doubles.slice(0, 1)), [None]);
    let scores = session.score(&[doubles], 3, &cancel).unwrap();
    let probabilities = scores.probabilities.unwrap();
    assert!(probabilities.is_null(0));
    let sum: f32 = probabilities.as_list::<i32>().value(1).as_primitive::<Float32Type>().values().iter().sum();
    assert!((sum - 1.0).abs() < 1e-6);
}

#[test]
fn unfit_inputs_are_named() {
    for engine in engines() {
        names_unfit_inputs(engine);
    }
}

fn names_unfit_inputs(engine: Engine) {
    let model = small_model();
    let session = InferenceSession::with(&model, engine, CAPACITY).unwrap();
    let cancel = CancelFlag::new();
    let message = |column: ArrayRef| {
        let rows = column.len();
        session.predict(&[column], rows, &cancel).unwrap_err().to_string()
    };
    assert_eq!(message(column(&[0.0; 8], 8)), "image has 8 values, input_shape 2×2×1 needs 4");
    let ragged: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>([
        Some(vec![Some(0.0); 4]),
        Some(vec![Some(0.0); 3]),
    ]));
    assert_eq!(message(ragged), "image has 3 values, input_shape 2×2×1 needs 4");
    assert_eq!(message(column(&[0.0, f32::NAN, 0.0, 0.0], 4)), "row 1: a value of the input is NaN");
    let holes: ArrayRef =
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>([Some(vec![Some(0.0), None, None, None])]));
    assert_eq!(message(holes), "row 1: a value of the input is NULL");
    assert_eq!(message(Arc::new(StringArray::from(vec!["x"]))), "an input of type Utf8 cannot be used for a model");
    let two = [column(&[0.0; 4], 4), column(&[0.0; 4], 4)];
    let error = session.predict(&two, 1, &cancel).unwrap_err().to_string();
    assert_eq!(error, "the model takes 1 input, \"input\" (2×2×1), 2 were given");
}

#[test]
fn a_cache_keeps_sessions_by_content_up_to_its_capacity() {
    if !runtime_is_there() {
        return;
    }
    let model = small_model();
    let same = Model::from_bytes(Arc::clone(model.bytes())).unwrap();
    let other = Model::from_bytes(raw_model("Neg", data_type::FLOAT, &[3])).unwrap();
    let cache = InferenceCache::new(CAPACITY);
    let first = cache.session(&model).unwrap();
    assert!(Arc::ptr_eq(&first, &cache.session(&same).unwrap()));
    cache.session(&other).unwrap();
    assert!(Arc::ptr_eq(&first, &cache.session(&same).unwrap()));
    let tight = InferenceCache::new(1);
    let first = tight.session(&model).unwrap();
    assert!(Arc::ptr_eq(&first, &tight.session(&model).unwrap()));
    tight.session(&other).unwrap();
    assert!(!Arc::ptr_eq(&first, &tight.session(&model).unwrap()));
    assert!(tight.memory_bytes() > 0);
}

#[test]
fn threads_ask_at_the_same_time() {
    for engine in engines() {
        answers_threads(engine);
    }
}

fn answers_threads(engine: Engine) {
    let model = small_model();
    let cache = InferenceCache::new(CAPACITY);
    let values = images(1000, 4, 11);
    let expected =
        cache.session_with(&model, engine).unwrap().predict(&[column(&values, 4)], 1000, &CancelFlag::new()).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let session = cache.session_with(&model, engine).unwrap();
                    let said = session.predict(&[column(&values, 4)], 1000, &CancelFlag::new()).unwrap();
                    assert_eq!(said.as_ref(), expected.as_ref());
                }
            });
        }
    });
}

fn value(name: &str, element: i32, shape: &[Option<i64>]) -> ValueInfoProto {
    let dimension = |size: &Option<i64>| DimensionProto { dim_value: *size, dim_param: None };
    let shape = Some(TensorShapeProto { dim: shape.iter().map(dimension).collect() });
    let tensor_type = Some(TensorTypeProto { elem_type: element, shape });
    ValueInfoProto { name: name.to_owned(), r#type: Some(TypeProto { tensor_type, ..TypeProto::default() }) }
}

fn node(operator: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    NodeProto {
        op_type: operator.to_owned(),
        input: inputs.iter().map(ToString::to_string).collect(),
        output: outputs.iter().map(ToString::to_string).collect(),
        ..NodeProto::default()
    }
}

fn file(graph: GraphProto) -> Arc<[u8]> {
    let set = |domain: &str, version| OperatorSetIdProto { domain: domain.to_owned(), version };
    let model = ModelProto {
        ir_version: 8,
        opset_import: vec![set("", 17), set("ai.onnx.ml", 1)],
        graph: Some(GraphProto { name: "test".to_owned(), ..graph }),
        ..ModelProto::default()
    };
    Arc::from(model.encode_to_vec())
}

/// One operator on one input, rows of any number.
fn raw_model(operator: &str, element: i32, shape: &[i64]) -> Arc<[u8]> {
    let shape: Vec<Option<i64>> = std::iter::once(None).chain(shape.iter().copied().map(Some)).collect();
    file(GraphProto {
        node: vec![node(operator, &["x"], &["y"])],
        input: vec![value("x", element, &shape)],
        output: vec![value("y", element, &shape)],
        ..GraphProto::default()
    })
}

fn ask(file: Arc<[u8]>, inputs: &[ArrayRef]) -> Result<Scores, Error> {
    let model = Model::from_bytes(file)?;
    InferenceSession::new(&model, CAPACITY)?.score(inputs, inputs[0].len(), &CancelFlag::new())
}

#[test]
fn models_from_elsewhere_give_their_numbers() {
    if !runtime_is_there() {
        return;
    }
    let lists = ask(raw_model("Neg", data_type::FLOAT, &[2]), &[column(&[1.0, 2.0, 3.0, 4.0], 2)]).unwrap();
    assert_eq!(floats(&lists.predictions), [-1.0, -2.0, -3.0, -4.0]);
    assert!(lists.probabilities.is_none());
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1, -2]));
    let doubles = ask(raw_model("Abs", data_type::DOUBLE, &[1]), &[Arc::clone(&numbers)]).unwrap();
    assert_eq!(doubles.predictions.as_ref(), &Float64Array::from(vec![1.0, 2.0]) as &dyn Array);
    let integers = ask(raw_model("Abs", data_type::INT64, &[]), &[numbers]).unwrap();
    assert_eq!(integers.predictions.as_ref(), &Int64Array::from(vec![1, 2]) as &dyn Array);
    let fractions: ArrayRef = Arc::new(Float32Array::from(vec![1.5]));
    let error = ask(raw_model("Abs", data_type::INT64, &[]), &[fractions]).unwrap_err();
    assert!(matches!(error, Error::Type { .. }), "{error}");
    let bits: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true]));
    let not = ask(raw_model("Not", data_type::BOOL, &[]), &[bits]).unwrap();
    assert_eq!(not.predictions.as_ref(), &BooleanArray::from(vec![false, true, false]) as &dyn Array);
}

#[test]
fn a_model_for_one_row_is_asked_row_by_row() {
    if !runtime_is_there() {
        return;
    }
    let one = file(GraphProto {
        node: vec![node("Softmax", &["x"], &["y"])],
        input: vec![value("x", data_type::FLOAT, &[Some(1), Some(3)])],
        output: vec![value("y", data_type::FLOAT, &[Some(1), Some(3)])],
        ..GraphProto::default()
    });
    let said = ask(one, &[column(&[9.0, 0.0, 0.0, 0.0, 0.0, 9.0], 3)]).unwrap();
    assert_eq!(said.predictions.as_ref(), &Int64Array::from(vec![0, 2]) as &dyn Array);
    assert_eq!(said.probabilities.unwrap().len(), 2);
}

#[test]
fn a_class_and_its_probabilities_are_told_apart() {
    if !runtime_is_there() {
        return;
    }
    let numbers = |name: &str, ints: &[i64], floats: &[f32]| AttributeProto {
        name: name.to_owned(),
        r#type: if ints.is_empty() { 6 } else { 7 },
        ints: ints.to_vec(),
        floats: floats.to_vec(),
        ..AttributeProto::default()
    };
    let mut classifier = node("LinearClassifier", &["x"], &["label", "scores"]);
    classifier.domain = "ai.onnx.ml".to_owned();
    classifier.attribute = vec![
        numbers("classlabels_ints", &[7, 9], &[]),
        numbers("coefficients", &[], &[-1.0, 1.0]),
        numbers("intercepts", &[], &[0.0, 0.0]),
        AttributeProto {
            name: "post_transform".to_owned(),
            r#type: 3,
            s: Bytes::from_static(b"SOFTMAX"),
            ..AttributeProto::default()
        },
    ];
    let graph = GraphProto {
        node: vec![classifier],
        input: vec![value("x", data_type::FLOAT, &[None, Some(1)])],
        output: vec![value("label", data_type::INT64, &[None]), value("scores", data_type::FLOAT, &[None, Some(2)])],
        ..GraphProto::default()
    };
    let bytes = file(graph.clone());
    let model = Model::from_bytes(Arc::clone(&bytes)).unwrap();
    assert_eq!(model.signature().task, Task::Classification);
    assert_eq!(model.signature().classes().unwrap().as_ref(), &Int64Array::from(vec![7, 9]) as &dyn Array);
    let inputs: ArrayRef = Arc::new(Float64Array::from(vec![-3.0, 3.0]));
    let said = ask(bytes, &[inputs]).unwrap();
    assert_eq!(said.predictions.as_ref(), &Int64Array::from(vec![7, 9]) as &dyn Array);
    let probabilities = floats(&said.probabilities.unwrap());
    assert!(probabilities[0] > 0.9 && probabilities[3] > 0.9, "{probabilities:?}");

    // As scikit-learn's converter writes it by default: a sequence of maps.
    let mut maps = graph;
    maps.output[1].r#type = Some(TypeProto { sequence_type: Some(Opaque {}), ..TypeProto::default() });
    let error = Model::from_bytes(file(maps)).unwrap_err();
    assert!(error.to_string().contains("zipmap"), "{error}");
}

#[test]
fn a_file_that_the_runtime_refuses_is_an_error() {
    if !runtime_is_there() {
        return;
    }
    let model = Model::from_bytes(raw_model("NoSuchOperator", data_type::FLOAT, &[2])).unwrap();
    let cache = InferenceCache::new(CAPACITY);
    for _ in 0..2 {
        let error = cache.session(&model).unwrap_err();
        assert!(matches!(&error, Error::OnnxUnsupported(reason) if reason.contains("NoSuchOperator")), "{error}");
    }
}

/// A graph that never ends: x + 1, again and again; or 1 + 1, which the runtime might work out while it loads.
fn endless_model(start: &str) -> Arc<[u8]> {
    let body = GraphProto {
        name: "body".to_owned(),
        node: vec![node("Identity", &["go"], &["go_on"]), node("Add", &["before", "step"], &["after"])],
        input: vec![
            value("i", data_type::INT64, &[]),
            value("go", data_type::BOOL, &[]),
            value("before", data_type::FLOAT, &[None, Some(1)]),
        ],
        output: vec![value("go_on", data_type::BOOL, &[]), value("after", data_type::FLOAT, &[None, Some(1)])],
        initializer: vec![TensorProto {
            name: "step".to_owned(),
            dims: vec![1],
            data_type: data_type::FLOAT,
            float_data: vec![1.0],
            ..TensorProto::default()
        }],
        ..GraphProto::default()
    };
    let mut repeat = node("Loop", &["", "yes", start], &["sum"]);
    repeat.attribute =
        vec![AttributeProto { name: "body".to_owned(), r#type: 5, g: Some(body), ..AttributeProto::default() }];
    file(GraphProto {
        node: vec![repeat, node("Add", &["sum", "x"], &["y"])],
        input: vec![value("x", data_type::FLOAT, &[None, Some(1)])],
        output: vec![value("y", data_type::FLOAT, &[None, Some(1)])],
        initializer: vec![
            TensorProto {
                name: "yes".to_owned(),
                data_type: data_type::BOOL,
                raw_data: Some(Bytes::from_static(&[1])),
                ..TensorProto::default()
            },
            TensorProto {
                name: "constant".to_owned(),
                dims: vec![1, 1],
                data_type: data_type::FLOAT,
                float_data: vec![1.0],
                ..TensorProto::default()
            },
        ],
        ..GraphProto::default()
    })
}

#[test]
fn cancelling_stops_a_run() {
    if !runtime_is_there() {
        return;
    }
    for start in ["x", "constant"] {
        stops(start);
    }
}

fn stops(start: &str) {
    let model = Model::from_bytes(endless_model(start)).unwrap();
    let session = InferenceSession::new(&model, CAPACITY).unwrap();
    let cancel = CancelFlag::new();
    let started = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            cancel.cancel(CancelReason::User);
        });
        let input: ArrayRef = Arc::new(Float32Array::from(vec![0.0]));
        let error = session.predict(&[input], 1, &cancel).unwrap_err();
        assert!(matches!(error, Error::Cancelled(_, CancelReason::User)), "{error}");
    });
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let error = session.predict(&[column(&[0.0], 1)], 1, &cancel).unwrap_err();
    assert!(matches!(error, Error::Cancelled(..)), "{error}");
}
