//! Training that ends in a model.

use std::sync::Arc;

use mead_common::CancelFlag;

use super::metadata::{self, Epoch, Provenance, SignatureRecord, TaskRecord, Training};
use super::{Model, classes};
use crate::Error;
use crate::dataset::{Dataset, Labels};
use crate::network::{Activation, LayerSpec, NetworkSpec, Padding};
use crate::onnx::{self, PREDICTION_NAME, PROBABILITIES_NAME};
use crate::train::{EpochReport, LossKind, OptimizerKind, TrainOptions, TrainedNetwork, train};

/// Trains on `dataset`. `observe` hears of every epoch; the same rows, options and seed give the same bytes.
pub fn fit(
    dataset: &Dataset,
    options: &TrainOptions,
    provenance: Provenance,
    observe: &mut dyn FnMut(&EpochReport) -> Result<(), Error>,
    cancel: &CancelFlag,
) -> Result<Model, Error> {
    let trained = train(dataset, options, observe, cancel)?;
    model_of(&trained, dataset, options, &provenance)
}

pub(crate) fn model_of(
    trained: &TrainedNetwork,
    dataset: &Dataset,
    options: &TrainOptions,
    provenance: &Provenance,
) -> Result<Model, Error> {
    let (output_name, task, label_type, classes) = match &dataset.labels {
        Labels::Classes { classes, .. } => {
            let text = classes::write(classes)?;
            (PROBABILITIES_NAME, TaskRecord::Classification, classes.data_type().to_string(), Some(text))
        }
        // Whole numbers, learned as numbers, are predicted with a fraction.
        Labels::Values(_) if !dataset.label_type.is_floating() => {
            (PREDICTION_NAME, TaskRecord::Regression, "Float64".to_owned(), None)
        }
        Labels::Values(_) => (PREDICTION_NAME, TaskRecord::Regression, dataset.label_type.to_string(), None),
    };
    let signature = SignatureRecord {
        task,
        label: provenance.label_name.clone(),
        label_type,
        classes,
        features: provenance.feature_names.clone(),
    };
    let entries = metadata::entries(&signature, &training(trained, dataset, options), provenance)?;
    let bytes = onnx::export(&trained.network, &trained.weights, output_name, entries)?;
    Model::from_bytes(Arc::from(bytes))
}

fn training(trained: &TrainedNetwork, dataset: &Dataset, options: &TrainOptions) -> Training {
    let epoch = |report: &EpochReport| Epoch {
        epoch: report.epoch,
        loss: report.loss,
        accuracy: report.accuracy,
        validation_loss: report.validation_loss,
        validation_accuracy: report.validation_accuracy,
        learning_rate: report.learning_rate,
    };
    Training {
        seed: trained.seed,
        rows: dataset.rows,
        layers: layers(&trained.network),
        optimizer: match options.optimizer {
            OptimizerKind::Adam => "adam",
            OptimizerKind::GradientDescent => "gradient_descent",
            OptimizerKind::Sgd => "sgd",
        }
        .to_owned(),
        learning_rate: options.learning_rate(),
        momentum: options.momentum,
        loss: match trained.loss {
            LossKind::CrossEntropy => "cross_entropy",
            LossKind::Mse => "mse",
        }
        .to_owned(),
        epochs: options.epochs,
        batch_size: options.batch_size,
        validation_fraction: options.validation_fraction,
        early_stopping: options.early_stopping,
        history: trained.history.iter().map(epoch).collect(),
    }
}

/// The layers as a user would write them; activations are layers of their own.
pub(super) fn layers(network: &NetworkSpec) -> Vec<String> {
    let windowed = |head: String, stride: [usize; 2], usual: [usize; 2], padding: Padding| {
        let stride = if stride == usual { String::new() } else { format!(", stride={}x{}", stride[0], stride[1]) };
        let padding = if padding == Padding::Same { ", padding=same" } else { "" };
        format!("{head}{stride}{padding})")
    };
    let pair = |[height, width]: [usize; 2]| format!("{height}x{width}");
    let one = |layer: &LayerSpec| match layer {
        LayerSpec::Activation(activation) => match activation {
            Activation::Elu => "elu",
            Activation::Gelu => "gelu",
            Activation::LeakyRelu => "leaky_relu",
            Activation::Relu => "relu",
            Activation::Sigmoid => "sigmoid",
            Activation::Softmax => "softmax",
            Activation::Tanh => "tanh",
        }
        .to_owned(),
        LayerSpec::AvgPool { window, stride, padding } => {
            windowed(format!("avgpool({}", pair(*window)), *stride, *window, *padding)
        }
        LayerSpec::BatchNorm => "batchnorm".to_owned(),
        LayerSpec::Conv2d { filters, kernel, stride, padding } => {
            windowed(format!("conv2d({filters}, {}", pair(*kernel)), *stride, [1, 1], *padding)
        }
        LayerSpec::Dense { units } => format!("dense({units})"),
        LayerSpec::Dropout { rate } => format!("dropout({rate})"),
        LayerSpec::Flatten => "flatten".to_owned(),
        LayerSpec::GlobalAvgPool => "globalavgpool".to_owned(),
        LayerSpec::MaxPool { window, stride, padding } => {
            windowed(format!("maxpool({}", pair(*window)), *stride, *window, *padding)
        }
    };
    network.layers.iter().map(one).collect()
}
