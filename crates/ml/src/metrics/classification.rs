//! Right and wrong classes.

use std::collections::HashMap;
use std::str::FromStr;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float32Type};
use serde::{Deserialize, Serialize};

use super::roc::Roc;
use crate::Error;
use crate::inference::Scores;
use crate::model::LabelInfo;

/// A probability is taken for at least this in the logarithmic loss, as scikit-learn does for floats of 32 bits.
const PROBABILITY_MIN: f64 = f32::EPSILON as f64;

/// How often each class was taken for which.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Classification {
    /// The model's classes first, then those that only labels or predictions showed; as text.
    classes: Vec<String>,
    #[serde(skip)]
    places: HashMap<String, u32>,
    /// Classes that have a probability.
    known: usize,
    /// As Arrow names it.
    label_type: String,
    probabilities: bool,
    /// By actual and predicted class.
    confusion: Vec<(u32, u32, u64)>,
    #[serde(skip)]
    index: HashMap<(u32, u32), usize>,
    #[serde(with = "super::bits")]
    log_loss: f64,
    /// Of a model with two classes.
    roc: Option<Roc>,
}

impl Classification {
    pub(super) fn new(label: &LabelInfo, probabilities: bool) -> Result<Self, Error> {
        let classes = match &label.classes {
            Some(classes) => text(classes, &label.data_type)?.into_iter().flatten().collect(),
            None => Vec::new(),
        };
        let places = classes.iter().zip(0..).map(|(class, place): (&String, u32)| (class.clone(), place)).collect();
        let probabilities = probabilities && !classes.is_empty();
        Ok(Self {
            known: classes.len(),
            roc: (probabilities && classes.len() == 2).then(Roc::default),
            classes,
            places,
            label_type: label.data_type.to_string(),
            probabilities,
            confusion: Vec::new(),
            index: HashMap::new(),
            log_loss: 0.0,
        })
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        let mut names = vec!["accuracy", "precision", "recall", "f1"];
        names.extend(self.probabilities.then_some("log_loss"));
        names.extend(self.roc.as_ref().map(|_| "roc_auc"));
        names
    }

    pub(super) fn update(&mut self, labels: &ArrayRef, scores: &Scores) -> Result<(), Error> {
        let data_type = DataType::from_str(&self.label_type).map_err(|error| Error::Arity(error.to_string()))?;
        let actual = text(labels, &data_type)?;
        let predicted = text(&scores.predictions, &data_type)?;
        let probabilities = match &scores.probabilities {
            Some(probabilities) if self.probabilities => Some(probabilities.as_list::<i32>()),
            _ => None,
        };
        for (row, pair) in actual.into_iter().zip(predicted).enumerate() {
            let (Some(actual), Some(predicted)) = pair else { continue };
            let (actual, predicted) = (self.place(actual), self.place(predicted));
            self.count(actual, predicted, 1);
            if let Some(probabilities) = probabilities {
                let probabilities = probabilities.value(row);
                let probabilities = probabilities.as_primitive::<Float32Type>().values();
                let probability = probabilities.get(actual as usize).map_or(0.0, |value| f64::from(*value));
                self.log_loss -= probability.max(PROBABILITY_MIN).ln();
                // A class that the model does not know is neither of the two.
                if let (Some(roc), [_, second], true) = (&mut self.roc, &**probabilities, actual < 2) {
                    roc.add(*second, actual == 1);
                }
            }
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, other: &Classification) {
        for (actual, predicted, count) in &other.confusion {
            let (Some(actual), Some(predicted)) =
                (other.classes.get(*actual as usize), other.classes.get(*predicted as usize))
            else {
                continue;
            };
            let (actual, predicted) = (self.place(actual.clone()), self.place(predicted.clone()));
            self.count(actual, predicted, *count);
        }
        self.log_loss += other.log_loss;
        if let (Some(roc), Some(other)) = (&mut self.roc, &other.roc) {
            roc.merge(other);
        }
    }

    /// In the order of [`Self::names`]. Precision, recall and F1 are means over the classes that came up, as labels or as
    /// predictions, each counting the same (macro average).
    pub(super) fn finish(&self) -> Vec<Option<f64>> {
        let rows: u64 = self.confusion.iter().map(|(.., count)| count).sum();
        if rows == 0 {
            return vec![None; self.names().len()];
        }
        let mut actual = vec![0_u64; self.classes.len()];
        let mut predicted = vec![0_u64; self.classes.len()];
        let mut right = vec![0_u64; self.classes.len()];
        for (is, said, count) in &self.confusion {
            actual[*is as usize] += count;
            predicted[*said as usize] += count;
            if is == said {
                right[*is as usize] += count;
            }
        }
        let ratio = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let seen: Vec<usize> = (0..self.classes.len()).filter(|class| actual[*class] + predicted[*class] > 0).collect();
        let mean = |of: &dyn Fn(usize) -> f64| seen.iter().map(|class| of(*class)).sum::<f64>() / seen.len() as f64;
        let mut metrics = vec![
            Some(ratio(right.iter().sum(), rows)),
            Some(mean(&|class| ratio(right[class], predicted[class]))),
            Some(mean(&|class| ratio(right[class], actual[class]))),
            Some(mean(&|class| ratio(2 * right[class], actual[class] + predicted[class]))),
        ];
        if self.probabilities {
            metrics.push(Some(self.log_loss / rows as f64));
        }
        if let Some(roc) = &self.roc {
            metrics.push(roc.area());
        }
        metrics
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let classes: usize = self.classes.iter().map(|class| 2 * (class.capacity() + 32)).sum();
        classes + self.confusion.capacity() * 48 + self.roc.as_ref().map_or(0, Roc::memory_bytes)
    }

    fn place(&mut self, class: String) -> u32 {
        if self.places.len() != self.classes.len() {
            self.places = self.classes.iter().zip(0..).map(|(class, place)| (class.clone(), place)).collect();
        }
        if let Some(place) = self.places.get(&class) {
            return *place;
        }
        let place = self.classes.len() as u32;
        self.classes.push(class.clone());
        self.places.insert(class, place);
        place
    }

    fn count(&mut self, actual: u32, predicted: u32, count: u64) {
        if self.index.len() != self.confusion.len() {
            let pairs = self.confusion.iter().enumerate();
            self.index = pairs.map(|(index, (actual, predicted, _))| ((*actual, *predicted), index)).collect();
        }
        match self.index.get(&(actual, predicted)) {
            Some(index) => self.confusion[*index].2 += count,
            None => {
                self.index.insert((actual, predicted), self.confusion.len());
                self.confusion.push((actual, predicted, count));
            }
        }
    }
}

/// Values as text, after they have become what the model's label is, so that 1 of any type is the same class. A value that
/// cannot become one is a class of its own.
fn text(values: &ArrayRef, data_type: &DataType) -> Result<Vec<Option<String>>, Error> {
    let type_error = || Error::Type { what: "a label", data_type: values.data_type().to_string() };
    let fraction = values.data_type().is_floating() || values.data_type().is_decimal();
    if fraction && data_type.is_integer() {
        // 1.7 must not pass for 1.
        return Err(type_error());
    }
    let safe = CastOptions { safe: true, ..CastOptions::default() };
    let plain = cast_with_options(values, &DataType::Utf8, &safe).map_err(|_| type_error())?;
    let typed = cast_with_options(values, data_type, &safe).map_err(|_| type_error())?;
    let typed = cast_with_options(&typed, &DataType::Utf8, &safe).map_err(|_| type_error())?;
    let pairs = plain.as_string::<i32>().iter().zip(typed.as_string::<i32>());
    Ok(pairs.map(|(plain, typed)| typed.or(plain).map(str::to_owned)).collect())
}
