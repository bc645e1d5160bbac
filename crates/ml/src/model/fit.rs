//! Training that ends in a model.

use std::sync::Arc;

use mead_common::CancelFlag;

use super::metadata::{self, Epoch, Provenance, SignatureRecord, TaskRecord, Training};
use super::{Model, classes};
use crate::Error;
use crate::dataset::{Dataset, Labels};
use crate::network::NetworkSpec;
use crate::onnx::{self, PREDICTION_NAME, PROBABILITIES_NAME};
use crate::train::{EpochReport, LossKind, OptimizerKind, TrainOptions, TrainedNetwork, train};

/// Trains on `dataset`. `observe` hears of every epoch; the same rows, options and seed give the same bytes, others where
/// rows were spilled than where they were not.
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
        spilled: dataset.is_spilled(),
        history: trained.history.iter().map(epoch).collect(),
    }
}

/// The layers as a user would write them; activations are layers of their own.
pub(super) fn layers(network: &NetworkSpec) -> Vec<String> {
    network.layers.iter().map(ToString::to_string).collect()
}
