//! Errors of predicted numbers.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use serde::{Deserialize, Serialize};

use crate::Error;

pub(super) const NAMES: [&str; 4] = ["mse", "mae", "rmse", "r2"];

/// Sums; the labels' spread by Welford's method, which loses no digits when the mean is large.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Regression {
    #[serde(with = "super::bits")]
    rows: f64,
    #[serde(with = "super::bits")]
    squares: f64,
    #[serde(with = "super::bits")]
    distances: f64,
    #[serde(with = "super::bits")]
    mean: f64,
    #[serde(with = "super::bits")]
    spread: f64,
}

impl Regression {
    pub(super) fn update(&mut self, labels: &ArrayRef, predictions: &ArrayRef) -> Result<(), Error> {
        if !labels.data_type().is_numeric() {
            return Err(Error::Type { what: "a label", data_type: labels.data_type().to_string() });
        }
        let floats = |array: &ArrayRef| {
            cast(array, &DataType::Float64)
                .map_err(|_| Error::Type { what: "a label", data_type: array.data_type().to_string() })
        };
        let (labels, predictions) = (floats(labels)?, floats(predictions)?);
        let pairs = labels.as_primitive::<Float64Type>().iter().zip(predictions.as_primitive::<Float64Type>());
        for (label, prediction) in pairs.filter_map(|(label, prediction)| Some((label?, prediction?))) {
            let error = prediction - label;
            self.squares += error * error;
            self.distances += error.abs();
            self.rows += 1.0;
            let before = label - self.mean;
            self.mean += before / self.rows;
            self.spread += before * (label - self.mean);
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, other: &Regression) {
        let rows = self.rows + other.rows;
        if other.rows == 0.0 {
            return;
        }
        let apart = other.mean - self.mean;
        self.spread += other.spread + apart * apart * self.rows * other.rows / rows;
        self.mean += apart * other.rows / rows;
        self.squares += other.squares;
        self.distances += other.distances;
        self.rows = rows;
    }

    /// In the order of [`NAMES`].
    pub(super) fn finish(&self) -> Vec<Option<f64>> {
        if self.rows == 0.0 {
            return vec![None; NAMES.len()];
        }
        let mse = self.squares / self.rows;
        // Of labels that are all the same nothing can be explained.
        let r2 = (self.spread > 0.0).then(|| 1.0 - self.squares / self.spread);
        vec![Some(mse), Some(self.distances / self.rows), Some(mse.sqrt()), r2]
    }
}
