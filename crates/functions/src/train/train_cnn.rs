//! TRAIN_CNN: a convolutional network trained on images.

use std::sync::LazyLock;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{AggregateUDF, Documentation};

use super::SECTION;
use super::trainer::Trainer;
use crate::tensor::number_type;
use crate::types;

/// `train_cnn(image, label [, options])`
pub(super) fn function() -> AggregateUDF {
    Trainer::function("train_cnn", "image", check, &DOCUMENTATION)
}

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        SECTION,
        "Trains a convolutional network that predicts a label from an image, or from steps such as a sensor's readings. \
         The same rows with the same seed give the same model, in whatever order they come.",
        "TRAIN_CNN(image, label [, option => value …])",
    )
    .with_sql_example(
        "```sql\nCREATE MODEL digits AS\nSELECT TRAIN_CNN(image, label,\n  layers => ARRAY['conv2d(32, 3x3, relu)', \
         'maxpool(2x2)', 'flatten', 'dense(64, relu)', 'dense(10, softmax)'],\n  input_shape => ARRAY[28, 28, 1], \
         epochs => 5, seed => 42)\nFROM digits_train;\n```",
    )
    .with_argument(
        "image",
        "An array of numbers, row-major [height, width, channels] or [steps, channels], an IMAGE, or bytea with a byte \
         for each value.",
    )
    .with_argument(
        "label",
        "What to predict: whole numbers, booleans and text are classes; numbers with a fraction are predicted as such, \
         unless `loss` is 'cross_entropy'.",
    )
    .with_argument(
        "layers",
        "The network, a string for each layer. Over images: 'conv2d(filters, KxK[, activation][, stride=1]\
         [, padding=valid|same][, dilation=1][, groups=1])', 'depthwise_conv2d(KxK[, activation][, multiplier=1]…)', \
         'maxpool(KxK[, stride=KxK][, padding=valid|same])', 'avgpool(KxK…)'. Over steps: 'conv1d(filters, K…)' and \
         'depthwise_conv1d(K…)', for which padding may be causal too, 'maxpool1d(K…)', 'avgpool1d(K…)'. Over both: \
         'globalavgpool', 'globalmaxpool', 'flatten'. Anywhere: 'batchnorm', 'dropout(rate)', or an activation by name: \
         relu, leaky_relu, elu, gelu, sigmoid, tanh, softmax. Over values: 'dense(units[, activation])'. By default a \
         network that fits the shape and the label.",
    )
    .with_argument(
        "input_shape",
        "[height, width, channels] of images, [steps, channels] of sequences, or [values]. By default that of square \
         images with one channel.",
    )
    .with_argument("optimizer", "'adam' (default), 'sgd' or 'gradient_descent', which takes all rows in one step.")
    .with_argument("learning_rate", "The size of a step: 0.001 for 'adam', 0.01 for the others by default.")
    .with_argument("momentum", "Momentum of 'sgd' and 'gradient_descent'; 0 by default.")
    .with_argument("loss", "'cross_entropy' (default for classes) or 'mse' (default for numbers).")
    .with_argument("epochs", "How often all rows are seen; 5 by default.")
    .with_argument("batch_size", "Rows a step; 32 by default.")
    .with_argument(
        "validation_fraction",
        "The share of rows, chosen by the seed, that the model is measured on; 0 by default.",
    )
    .with_argument("early_stopping", "True stops once the validation loss no longer falls.")
    .with_argument("patience", "Epochs without progress after which early stopping stops; 3 by default.")
    .with_argument(
        "seed",
        "Settles first weights, order of rows and dropout. Without one it is drawn, and kept in the model.",
    )
    .build()
});

fn check(feature: &DataType) -> Result<(), &'static str> {
    if number_type(feature).is_some() || types::is_binary(feature) || types::is_image(feature) {
        return Ok(());
    }
    Err("an image: an array of numbers, an IMAGE or bytea")
}
