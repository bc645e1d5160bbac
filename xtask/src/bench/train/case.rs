//! The networks that `train` measures.

use serde_json::{Value, json};

/// Where a case's images come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    /// MNIST's 10,000 test images, of which 8,000 are learnt from.
    Mnist,
    /// 5,000 made images of 32 × 32 with three channels, of which 4,000 are learnt from.
    Made,
}

impl Data {
    /// As scripts and tables are named.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::Made => "made",
        }
    }

    fn shape(self) -> [usize; 3] {
        match self {
            Self::Mnist => [28, 28, 1],
            Self::Made => [32, 32, 3],
        }
    }
}

/// One network, its data, and how much faster than its peers it has to be trained.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) data: Data,
    pub(super) layers: &'static [&'static str],
    pub(super) epochs: usize,
    pub(super) batch: usize,
    /// Times the speed of the better peer.
    pub(super) ratio_min: f64,
}

impl Case {
    /// What scripts are given.
    pub(super) fn json(&self, epochs: usize) -> Value {
        let shape = self.data.shape();
        json!({
            "name": self.name, "data": self.data.name(), "layers": self.layers, "shape": shape,
            "epochs": epochs, "batch": self.batch,
        })
    }
}

/// Accuracy over seeds, and the same bytes for any number of threads.
pub(super) const ACCURACY: &str = "accuracy";

/// The server's memory.
pub(super) const MEMORY: &str = "memory";

/// All names that `--case` takes.
pub(in crate::bench) fn names() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|case| case.name).chain([ACCURACY, MEMORY])
}

/// The network of the Keras example for MNIST.
const KERAS_CNN: &[&str] = &[
    "conv2d(32, 3x3, relu)",
    "maxpool(2x2)",
    "conv2d(64, 3x3, relu)",
    "maxpool(2x2)",
    "conv2d(64, 3x3, relu)",
    "maxpool(2x2)",
    "flatten",
    "dense(64, relu)",
    "dense(10, softmax)",
];

/// The accuracy is that of the first seeds of the Keras network, five epochs.
pub(super) const ACCURACY_CASE: Case =
    Case { name: ACCURACY, data: Data::Mnist, layers: KERAS_CNN, epochs: 5, batch: 32, ratio_min: 0.0 };

/// The cases whose speed is compared.
pub(super) const CASES: [Case; 9] = [
    Case { name: "cnn-32", data: Data::Mnist, layers: KERAS_CNN, epochs: 20, batch: 32, ratio_min: 8.0 },
    Case { name: "cnn-128", data: Data::Mnist, layers: KERAS_CNN, epochs: 20, batch: 128, ratio_min: 8.0 },
    Case {
        name: "mlp",
        data: Data::Mnist,
        layers: &["flatten", "dense(256, relu)", "dense(128, relu)", "dense(10, softmax)"],
        epochs: 20,
        batch: 128,
        ratio_min: 1.5,
    },
    made(
        "stride",
        &[
            "conv2d(32, 3x3, relu, stride=2)",
            "conv2d(64, 3x3, relu, stride=2)",
            "conv2d(64, 3x3, relu, stride=2)",
            "flatten",
            "dense(64, relu)",
            "dense(10, softmax)",
        ],
    ),
    made(
        "same",
        &[
            "conv2d(32, 3x3, relu, padding=same)",
            "maxpool(2x2)",
            "conv2d(64, 3x3, relu, padding=same)",
            "maxpool(2x2)",
            "conv2d(64, 3x3, relu, padding=same)",
            "maxpool(2x2)",
            "flatten",
            "dense(64, relu)",
            "dense(10, softmax)",
        ],
    ),
    made(
        "5x5",
        &[
            "conv2d(32, 5x5, relu)",
            "maxpool(2x2)",
            "conv2d(64, 5x5, relu)",
            "maxpool(2x2)",
            "flatten",
            "dense(64, relu)",
            "dense(10, softmax)",
        ],
    ),
    made(
        "avgpool",
        &[
            "conv2d(32, 3x3, relu)",
            "avgpool(2x2)",
            "conv2d(64, 3x3, relu)",
            "avgpool(2x2)",
            "flatten",
            "dense(64, relu)",
            "dense(10, softmax)",
        ],
    ),
    made(
        "batchnorm",
        &[
            "conv2d(32, 3x3)",
            "batchnorm",
            "relu",
            "maxpool(2x2)",
            "conv2d(64, 3x3)",
            "batchnorm",
            "relu",
            "maxpool(2x2)",
            "flatten",
            "dense(64, relu)",
            "dense(10, softmax)",
        ],
    ),
    made(
        "no-pool",
        &["conv2d(32, 3x3, relu)", "conv2d(32, 3x3, relu)", "conv2d(32, 3x3, relu)", "flatten", "dense(10, softmax)"],
    ),
];

const fn made(name: &'static str, layers: &'static [&'static str]) -> Case {
    Case { name, data: Data::Made, layers, epochs: 5, batch: 32, ratio_min: 2.5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let mut all: Vec<&str> = names().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), CASES.len() + 2);
    }

    #[test]
    fn scripts_are_given_the_epochs_that_were_asked_for() {
        let given = CASES[0].json(3);
        assert_eq!((&given["epochs"], &given["shape"]), (&json!(3), &json!([28, 28, 1])));
    }
}
