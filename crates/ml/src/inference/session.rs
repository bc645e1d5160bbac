//! One model, ready to be asked by any number of threads.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt32Array, new_empty_array, new_null_array};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type};
use mead_common::CancelFlag;

use super::input::{self, Input};
use super::output::{self, Output};
use super::pool::Pool;
use super::runtime::runtime_error;
use super::watch::Watched;
use crate::Error;
use crate::model::{Batch, Model, OutputSpec, Signature, Task, TensorSpec};

/// Rows in one run, at most: more are no faster.
const RUN_ROWS_MAX: usize = 256;

/// Input values in one run, at most, so that what lies between the layers stays small.
const RUN_VALUES_MAX: usize = 1 << 20;

/// A model in the runtime.
#[derive(Debug)]
pub struct InferenceSession {
    signature: Signature,
    pool: Pool,
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
    /// Loads a model. `capacity_bytes` bounds the copies of it that serve callers in parallel; there is always one.
    pub fn new(model: &Model, capacity_bytes: usize) -> Result<Self, Error> {
        let pool = Pool::new(Arc::clone(model.bytes()), capacity_bytes)?;
        Ok(Self { signature: model.signature().clone(), pool })
    }

    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Bytes taken, roughly.
    pub fn memory_bytes(&self) -> usize {
        self.pool.memory_bytes()
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
        let inputs = input::inputs(&self.signature.inputs, columns, rows)?;
        let (first, second) = match &self.signature.output {
            OutputSpec::Probabilities(tensor) | OutputSpec::Values(tensor) => (tensor, None),
            OutputSpec::Labels { labels, probabilities } => (labels, probabilities.as_ref()),
        };
        let mut outputs = self.run(&inputs, [Some(first), second].into_iter().flatten().collect(), rows, cancel)?;
        let probabilities = match (&self.signature.output, outputs.len()) {
            (OutputSpec::Labels { .. }, 2) => outputs.pop(),
            (OutputSpec::Probabilities(_), _) => outputs.first().cloned(),
            _ => None,
        };
        let Some((values, width)) = outputs.into_iter().next() else {
            return Err(Error::Runtime("the model gave no output".to_owned()));
        };
        if self.signature.task == Task::Regression || matches!(self.signature.output, OutputSpec::Probabilities(_)) {
            check_finite(&inputs, &values, width)?;
        }
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

    /// Runs all rows, some at a time. The values of each output, and how many a row has.
    fn run(
        &self,
        inputs: &[Input<'_>],
        wanted: Vec<&TensorSpec>,
        rows: usize,
        cancel: &CancelFlag,
    ) -> Result<Vec<(ArrayRef, usize)>, Error> {
        let mut outputs: Vec<Output<'_>> = wanted.into_iter().map(Output::new).collect();
        let width: usize = inputs.iter().map(Input::width).sum();
        let run_rows = if self.signature.inputs.iter().any(|input| input.batch == Batch::One) {
            1
        } else {
            (RUN_VALUES_MAX / width.max(1)).clamp(1, RUN_ROWS_MAX)
        };
        let watched = Watched::new(cancel)?;
        let mut session = self.pool.take(cancel)?;
        let session = session.session()?;
        for start in (0..rows).step_by(run_rows) {
            if let Some(reason) = cancel.reason() {
                return Err(reason.into());
            }
            let count = run_rows.min(rows - start);
            let tensors = inputs.iter().map(|input| input.tensor(start, count)).collect::<Result<Vec<_>, _>>()?;
            let results =
                session.run_with_options(tensors, watched.options()).map_err(|error| match cancel.reason() {
                    Some(reason) => reason.into(),
                    None => runtime_error(error),
                })?;
            for output in &mut outputs {
                let Some(value) = results.get(&output.spec.name) else {
                    return Err(Error::Runtime(format!("the model gave no output \"{}\"", output.spec.name)));
                };
                output.add(value, count)?;
            }
        }
        outputs.into_iter().map(Output::finish).collect()
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

/// The place of the largest value, the first of equals.
fn largest(values: &[f32]) -> usize {
    let mut best = 0;
    for (place, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = place;
        }
    }
    best
}

/// NaN in, NaN out: says so instead of giving the first class.
fn check_finite(inputs: &[Input<'_>], values: &ArrayRef, width: usize) -> Result<(), Error> {
    let index = match values.data_type() {
        DataType::Float32 => values.as_primitive::<Float32Type>().values().iter().position(|value| value.is_nan()),
        DataType::Float64 => values.as_primitive::<Float64Type>().values().iter().position(|value| value.is_nan()),
        _ => None,
    };
    let Some(row) = index.map(|index| index / width.max(1)) else { return Ok(()) };
    match inputs.iter().find_map(|input| input.not_finite(row)) {
        Some(value) => Err(Error::NotFinite { row: row + 1, what: "a value of the input", value: value.to_string() }),
        None => Err(Error::Runtime(format!("the model gave NaN for row {}", row + 1))),
    }
}

fn arrow_error(error: arrow::error::ArrowError) -> Error {
    Error::Runtime(error.to_string())
}
