//! One model, ready to be asked by any number of threads.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt32Array, new_empty_array, new_null_array};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type};
use mead_common::CancelFlag;

use super::engine::{Choice, Engine};
use super::input::{self, Input};
use super::native::Native;
use super::onnxruntime::OnnxRuntime;
use super::output;
use super::rows::Rows;
use crate::Error;
use crate::model::{Model, OutputSpec, Signature, Task};
use crate::train::largest;

/// A model, loaded.
#[derive(Debug)]
pub struct InferenceSession {
    signature: Signature,
    choice: Choice,
    backend: Backend,
    /// mead has trained it, on numbers that were finite all.
    learned: bool,
}

#[derive(Debug)]
enum Backend {
    Native(Box<Native>),
    OnnxRuntime(OnnxRuntime),
}

/// What a model says of rows.
#[derive(Debug, Clone)]
pub struct Scores {
    /// Of [`Signature::prediction_type`]; NULL where an input is.
    pub predictions: ArrayRef,
    /// `List<Float32>`, in the order of the classes; `None` for a model that gives no probabilities.
    pub probabilities: Option<ArrayRef>,
}

impl InferenceSession {
    /// Loads a model into the engine that suits it. `capacity_bytes` bounds what serves callers in parallel; one is always
    /// served.
    pub fn new(model: &Model, capacity_bytes: usize) -> Result<Self, Error> {
        Self::with(model, Engine::Auto, capacity_bytes)
    }

    /// The same, for an engine.
    pub fn with(model: &Model, engine: Engine, capacity_bytes: usize) -> Result<Self, Error> {
        let (choice, native) = engine.settle(model)?;
        let backend = match native {
            Some((own, plan)) => Backend::Native(Box::new(Native::new(plan, &own, capacity_bytes)?)),
            None => Backend::OnnxRuntime(OnnxRuntime::new(Arc::clone(model.bytes()), capacity_bytes)?),
        };
        Ok(Self { signature: model.signature().clone(), choice, backend, learned: model.metadata().training.is_some() })
    }

    /// Who computes the model, and why.
    pub fn choice(&self) -> &Choice {
        &self.choice
    }

    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Bytes taken, roughly.
    pub fn memory_bytes(&self) -> usize {
        match &self.backend {
            Backend::Native(native) => native.memory_bytes(),
            Backend::OnnxRuntime(runtime) => runtime.memory_bytes(),
        }
    }

    /// What the model predicts for each row, in [`Signature::prediction_type`].
    pub fn predict(&self, inputs: &[ArrayRef], rows: usize, cancel: &CancelFlag) -> Result<ArrayRef, Error> {
        Ok(self.score(inputs, rows, cancel)?.predictions)
    }

    /// The probability of each class for each row, as `List<Float32>`.
    pub fn predict_proba(&self, inputs: &[ArrayRef], rows: usize, cancel: &CancelFlag) -> Result<ArrayRef, Error> {
        if !self.signature.has_probabilities() {
            return Err(Error::Arity("the model gives no probabilities".to_owned()));
        }
        let scores = self.score(inputs, rows, cancel)?;
        scores.probabilities.ok_or_else(|| Error::Runtime("the model gave no probabilities".to_owned()))
    }

    /// Predictions and, where the model has them, probabilities. A row with a NULL input gives NULL.
    pub fn score(&self, inputs: &[ArrayRef], rows: usize, cancel: &CancelFlag) -> Result<Scores, Error> {
        let nulls =
            inputs.iter().filter_map(|column| column.logical_nulls()).fold(None, |all: Option<NullBuffer>, one| {
                if one.len() == rows { NullBuffer::union(all.as_ref(), Some(&one)) } else { all }
            });
        let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else {
            return self.score_whole(inputs, rows, cancel);
        };
        let valid: UInt32Array = (0..rows as u32).filter(|row| nulls.is_valid(*row as usize)).collect();
        let chosen = inputs.iter().map(|column| take(column, &valid, None)).collect::<Result<Vec<_>, _>>();
        let scores = self.score_whole(&chosen.map_err(arrow_error)?, valid.len(), cancel)?;
        let mut next = 0;
        let places: UInt32Array = (0..rows)
            .map(|row| {
                let place = nulls.is_valid(row).then_some(next);
                next += u32::from(nulls.is_valid(row));
                place
            })
            .collect();
        let spread = |array: &ArrayRef| take(array, &places, None).map_err(arrow_error);
        Ok(Scores {
            predictions: spread(&scores.predictions)?,
            probabilities: scores.probabilities.as_ref().map(spread).transpose()?,
        })
    }

    /// Rows without NULL inputs.
    fn score_whole(&self, columns: &[ArrayRef], rows: usize, cancel: &CancelFlag) -> Result<Scores, Error> {
        if rows == 0 {
            return Ok(self.nothing());
        }
        let (mut outputs, first_not_finite) = match &self.backend {
            Backend::Native(native) => {
                let [spec] = self.signature.inputs.as_slice() else {
                    return Err(Error::Runtime("a native model has one input".to_owned()));
                };
                let output = native.run(&Rows::new(spec, columns, rows)?, rows, cancel)?;
                let cause = self.nan_row(&output).map(|row| (row, None));
                (vec![output], cause)
            }
            Backend::OnnxRuntime(runtime) => {
                let inputs = input::inputs(&self.signature.inputs, columns, rows)?;
                if self.learned {
                    inputs.iter().try_for_each(Input::check_finite)?;
                }
                let (first, second) = match &self.signature.output {
                    OutputSpec::Probabilities(tensor) | OutputSpec::Values(tensor) => (tensor, None),
                    OutputSpec::Labels { labels, probabilities } => (labels, probabilities.as_ref()),
                };
                let wanted = [Some(first), second].into_iter().flatten().collect();
                let outputs = runtime.run(&inputs, wanted, rows, cancel)?;
                let row = outputs.first().and_then(|output| self.nan_row(output));
                let cause = row.map(|row| (row, inputs.iter().find_map(|input| input.not_finite(row))));
                (outputs, cause)
            }
        };
        // NaN in, NaN out: says so instead of giving the first class.
        match first_not_finite {
            Some((row, Some(value))) => {
                let what = "a value of the input";
                return Err(Error::NotFinite { row: row + 1, what, value: value.to_string() });
            }
            Some((row, None)) => return Err(Error::Runtime(format!("the model gave NaN for row {}", row + 1))),
            None => {}
        }
        let probabilities = match (&self.signature.output, outputs.len()) {
            (OutputSpec::Labels { .. }, 2) => outputs.pop(),
            (OutputSpec::Probabilities(_), _) => outputs.first().cloned(),
            _ => None,
        };
        let Some((values, width)) = outputs.into_iter().next() else {
            return Err(Error::Runtime("the model gave no output".to_owned()));
        };
        let predictions = match &self.signature.output {
            OutputSpec::Probabilities(_) => self.most_probable(&values, width)?,
            _ => self.typed(values, width, rows)?,
        };
        let list = |(values, width): (ArrayRef, usize)| {
            let floats: ArrayRef = Arc::new(output::floats(&values)?);
            output::lists(floats, width, rows)
        };
        Ok(Scores { predictions, probabilities: probabilities.map(list).transpose()? })
    }

    /// The first row with NaN, where NaN says nothing.
    fn nan_row(&self, (values, width): &(ArrayRef, usize)) -> Option<usize> {
        if self.signature.task != Task::Regression && !matches!(self.signature.output, OutputSpec::Probabilities(_)) {
            return None;
        }
        let index = match values.data_type() {
            DataType::Float32 => values.as_primitive::<Float32Type>().values().iter().position(|value| value.is_nan()),
            DataType::Float64 => values.as_primitive::<Float64Type>().values().iter().position(|value| value.is_nan()),
            _ => None,
        };
        index.map(|index| index / (*width).max(1))
    }

    /// The class with the highest probability; the first of equals.
    fn most_probable(&self, probabilities: &ArrayRef, width: usize) -> Result<ArrayRef, Error> {
        let classes = self.signature.classes().filter(|classes| classes.len() == width);
        let Some(classes) = classes else {
            return Err(Error::Runtime("the model gave more or fewer probabilities than it has classes".to_owned()));
        };
        let floats = output::floats(probabilities)?;
        let places: Int64Array = floats.values().chunks_exact(width).map(|row| Some(largest(row) as i64)).collect();
        take(classes, &places, None).map_err(arrow_error)
    }

    /// Values in the type that the signature promises.
    fn typed(&self, values: ArrayRef, width: usize, rows: usize) -> Result<ArrayRef, Error> {
        match self.signature.prediction_type() {
            DataType::List(_) => output::lists(values, width, rows),
            _ if width != 1 => Err(Error::OnnxUnsupported(format!("it gives {width} values a row, one was promised"))),
            data_type => cast(&values, &data_type).map_err(arrow_error),
        }
    }

    fn nothing(&self) -> Scores {
        let list = DataType::List(Arc::new(Field::new_list_field(DataType::Float32, true)));
        Scores {
            predictions: new_empty_array(&self.signature.prediction_type()),
            probabilities: self.signature.has_probabilities().then(|| new_null_array(&list, 0)),
        }
    }
}

fn arrow_error(error: arrow::error::ArrowError) -> Error {
    Error::Runtime(error.to_string())
}
