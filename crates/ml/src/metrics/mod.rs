//! How good a model is, counted batch by batch; counts made apart can be joined.

mod classification;
mod regression;
mod roc;

use arrow::array::{Array, ArrayRef};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::inference::Scores;
use crate::model::{Signature, Task};
use classification::Classification;
use regression::Regression;

/// Counts of one model's right and wrong.
#[derive(Debug, Clone)]
pub struct Evaluation {
    counts: Counts,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Counts {
    Classification(Box<Classification>),
    Regression(Regression),
}

impl Evaluation {
    /// Nothing counted yet. A model that does not say what it predicts, [`Task::Raw`], cannot be evaluated.
    pub fn new(signature: &Signature) -> Result<Self, Error> {
        let counts = match (signature.task, &signature.label) {
            (Task::Classification, Some(label)) => {
                Counts::Classification(Box::new(Classification::new(label, signature.has_probabilities())?))
            }
            (Task::Regression, _) => Counts::Regression(Regression::default()),
            _ => {
                return Err(Error::Arity(
                    "the model cannot be evaluated: it does not say whether it predicts classes or numbers".to_owned(),
                ));
            }
        };
        Ok(Self { counts })
    }

    /// The metrics in the order of [`Self::finish`]; settled by the model.
    pub fn names(&self) -> Vec<&'static str> {
        match &self.counts {
            Counts::Classification(counts) => counts.names(),
            Counts::Regression(_) => regression::NAMES.to_vec(),
        }
    }

    /// Counts rows: what is true, and what the model said. Rows with a NULL label or prediction are left out.
    pub fn update(&mut self, labels: &ArrayRef, scores: &Scores) -> Result<(), Error> {
        if labels.len() != scores.predictions.len() {
            return Err(Error::Arity(format!("{} predictions for {} labels", scores.predictions.len(), labels.len())));
        }
        match &mut self.counts {
            Counts::Classification(counts) => counts.update(labels, scores),
            Counts::Regression(counts) => counts.update(labels, &scores.predictions),
        }
    }

    /// Adds what was counted elsewhere for the same model.
    pub fn merge(&mut self, other: &Evaluation) -> Result<(), Error> {
        match (&mut self.counts, &other.counts) {
            (Counts::Classification(counts), Counts::Classification(other)) => counts.merge(other),
            (Counts::Regression(counts), Counts::Regression(other)) => counts.merge(other),
            _ => return Err(Error::Arity("evaluations of different models cannot be joined".to_owned())),
        }
        Ok(())
    }

    /// The metrics by name; `None` for one that these rows do not settle.
    pub fn finish(&self) -> Vec<(&'static str, Option<f64>)> {
        let values = match &self.counts {
            Counts::Classification(counts) => counts.finish(),
            Counts::Regression(counts) => counts.finish(),
        };
        self.names().into_iter().zip(values).collect()
    }

    /// What was counted, to be joined elsewhere.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(&self.counts).map_err(|error| Error::Arity(error.to_string()))
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let counts = serde_json::from_slice(bytes).map_err(|error| Error::Arity(error.to_string()))?;
        Ok(Self { counts })
    }

    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + match &self.counts {
                Counts::Classification(counts) => counts.memory_bytes(),
                Counts::Regression(_) => 0,
            }
    }
}

/// A sum as its bits: JSON's decimals would change the last one, and lose what is not finite.
mod bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.to_bits().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int32Array, Int64Array, ListArray, StringArray};
    use arrow::datatypes::{DataType, Float32Type};

    use super::*;
    use crate::model::{Batch, Element, LabelInfo, OutputSpec, TensorSpec};

    fn signature(classes: Option<ArrayRef>) -> Signature {
        let width = classes.as_ref().map_or(1, |classes| classes.len());
        let tensor =
            TensorSpec { name: "x".to_owned(), element: Element::Float32, batch: Batch::Any, shape: vec![Some(width)] };
        let data_type = classes.as_ref().map_or(DataType::Float64, |classes| classes.data_type().clone());
        Signature {
            task: if classes.is_some() { Task::Classification } else { Task::Regression },
            inputs: vec![tensor.clone()],
            output: if classes.is_some() { OutputSpec::Probabilities(tensor) } else { OutputSpec::Values(tensor) },
            label: Some(LabelInfo { name: "y".to_owned(), data_type, classes }),
            feature_names: Vec::new(),
        }
    }

    fn scores(predictions: ArrayRef, probabilities: &[&[f32]]) -> Scores {
        let lists = ListArray::from_iter_primitive::<Float32Type, _, _>(
            probabilities.iter().map(|row| Some(row.iter().copied().map(Some).collect::<Vec<_>>())),
        );
        Scores { predictions, probabilities: (!probabilities.is_empty()).then(|| Arc::new(lists) as ArrayRef) }
    }

    fn close(metrics: &[(&str, Option<f64>)], name: &str, expected: f64) {
        let found = metrics.iter().find(|(metric, _)| *metric == name).and_then(|(_, value)| *value);
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{name}: {found:?}, not {expected}");
    }

    /// The expected values are scikit-learn's (`average='macro'`, `zero_division=0`).
    #[test]
    fn two_classes_as_scikit_learn_counts_them() {
        let mut evaluation = Evaluation::new(&signature(Some(Arc::new(Int64Array::from(vec![0, 1]))))).unwrap();
        // The label's column has another width of integer than the model.
        let labels: ArrayRef = Arc::new(Int32Array::from(vec![0, 0, 1, 1]));
        let said: ArrayRef = Arc::new(Int64Array::from(vec![0, 0, 0, 1]));
        evaluation.update(&labels, &scores(said, &[&[0.9, 0.1], &[0.6, 0.4], &[0.65, 0.35], &[0.2, 0.8]])).unwrap();
        let metrics = Evaluation::from_bytes(&evaluation.to_bytes().unwrap()).unwrap().finish();
        assert_eq!(metrics, evaluation.finish());
        close(&metrics, "accuracy", 0.75);
        close(&metrics, "precision", (2.0 / 3.0 + 1.0) / 2.0);
        close(&metrics, "recall", (1.0 + 0.5) / 2.0);
        close(&metrics, "f1", (0.8 + 2.0 / 3.0) / 2.0);
        close(&metrics, "roc_auc", 0.75);
        let probabilities = [0.9_f32, 0.6, 0.35, 0.8];
        let log_loss = probabilities.iter().map(|p| -f64::from(*p).ln()).sum::<f64>() / 4.0;
        close(&metrics, "log_loss", log_loss);
    }

    #[test]
    fn parts_joined_are_the_whole() {
        let classes: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
        let signature = signature(Some(classes));
        let labels: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some("b"), Some("z"), None, Some("c")]));
        let said: ArrayRef = Arc::new(StringArray::from(vec!["a", "c", "b", "a", "c"]));
        let all = [0.7_f32, 0.2, 0.1].repeat(5);
        let rows: Vec<&[f32]> = all.chunks(3).collect();
        let mut whole = Evaluation::new(&signature).unwrap();
        whole.update(&labels, &scores(Arc::clone(&said), &rows)).unwrap();
        let mut joined = Evaluation::new(&signature).unwrap();
        for range in [0..2, 2..5] {
            let mut part = Evaluation::new(&signature).unwrap();
            let (labels, said) = (labels.slice(range.start, range.len()), said.slice(range.start, range.len()));
            part.update(&labels, &scores(said, &rows[range])).unwrap();
            joined.merge(&Evaluation::from_bytes(&part.to_bytes().unwrap()).unwrap()).unwrap();
        }
        assert_eq!(whole.finish(), joined.finish());
        // A label that the model does not know is a mistake; a row without label is none.
        close(&whole.finish(), "accuracy", 0.5);
        assert!(!whole.names().contains(&"roc_auc"));
        assert!(joined.memory_bytes() > 0);
    }

    #[test]
    fn numbers_as_scikit_learn_counts_them() {
        let mut evaluation = Evaluation::new(&signature(None)).unwrap();
        let labels: ArrayRef = Arc::new(Float64Array::from(vec![3.0, -0.5, 2.0, 7.0]));
        let said: ArrayRef = Arc::new(Float64Array::from(vec![2.5, 0.0, 2.0, 8.0]));
        let mut part = evaluation.clone();
        evaluation.update(&labels.slice(0, 2), &scores(said.slice(0, 2), &[])).unwrap();
        part.update(&labels.slice(2, 2), &scores(said.slice(2, 2), &[])).unwrap();
        evaluation.merge(&part).unwrap();
        let metrics = evaluation.finish();
        close(&metrics, "mse", 0.375);
        close(&metrics, "rmse", 0.375_f64.sqrt());
        close(&metrics, "mae", 0.5);
        close(&metrics, "r2", 0.948_608_137_044_967_9);
    }

    #[test]
    fn no_rows_have_no_metrics() {
        let evaluation = Evaluation::new(&signature(None)).unwrap();
        assert!(evaluation.finish().iter().all(|(_, value)| value.is_none()));
        let classes: ArrayRef = Arc::new(Int64Array::from(vec![0, 1]));
        let evaluation = Evaluation::new(&signature(Some(classes))).unwrap();
        assert!(evaluation.finish().iter().all(|(_, value)| value.is_none()));
    }
}
