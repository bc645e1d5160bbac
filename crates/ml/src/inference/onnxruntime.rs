//! One model in ONNX Runtime. A session of it serves one caller at a time, so callers in parallel take several.

use std::sync::Arc;

use arrow::array::ArrayRef;
use mead_common::CancelFlag;
use ort::session::Session;

use super::input::Input;
use super::output::Output;
use super::pool::Pool;
use super::runtime::{environment, runtime_error};
use super::watch::Watched;
use crate::Error;
use crate::model::{Batch, TensorSpec};

/// What a session takes besides its weights, roughly.
const OVERHEAD_BYTES: usize = 1 << 20;

/// A constant that is larger is computed by each run instead of once.
const FOLDED_BYTES_MAX: usize = 16 << 20;

/// Rows in one run, at most: more are no faster.
const RUN_ROWS_MAX: usize = 256;

/// Input values in one run, at most, so that what lies between the layers stays small: convolutions over 32×32×3 are slower
/// by a fifth to a third with 256 rows than with 32.
const RUN_VALUES_MAX: usize = 1 << 17;

#[derive(Debug)]
pub(super) struct OnnxRuntime {
    pool: Pool<Session>,
}

impl OnnxRuntime {
    /// Loads a file; one that the runtime refuses is refused here.
    pub(super) fn new(file: Arc<[u8]>, capacity_bytes: usize) -> Result<Self, Error> {
        // Weights as they came and as they are packed, and what else a session needs.
        let bytes = 2 * file.len() + OVERHEAD_BYTES;
        Ok(Self { pool: Pool::new(bytes, capacity_bytes, move || session(&file))? })
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.pool.memory_bytes()
    }

    /// Runs all rows, some at a time. The values of each output, and how many a row has.
    pub(super) fn run(
        &self,
        inputs: &[Input<'_>],
        wanted: Vec<&TensorSpec>,
        rows: usize,
        cancel: &CancelFlag,
    ) -> Result<Vec<(ArrayRef, usize)>, Error> {
        let mut outputs: Vec<Output<'_>> = wanted.into_iter().map(Output::new).collect();
        let width: usize = inputs.iter().map(Input::width).sum();
        let run_rows = if inputs.iter().any(|input| input.batch() == Batch::One) {
            1
        } else {
            (RUN_VALUES_MAX / width.max(1)).clamp(1, RUN_ROWS_MAX)
        };
        let watched = Watched::new(cancel)?;
        let mut session = self.pool.take(cancel)?;
        let session = session.copy()?;
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
}

/// One thread each: parallelism is the query's.
fn session(file: &[u8]) -> Result<Session, Error> {
    let environment = environment()?;
    let mut builder = Session::builder(&environment).map_err(runtime_error)?;
    builder = builder.with_intra_threads(1).map_err(runtime_error)?;
    builder = builder.with_inter_threads(1).map_err(runtime_error)?;
    // Patterns are kept for each number of rows that ever came; the arena does without.
    builder = builder.with_memory_pattern(false).map_err(runtime_error)?;
    builder = builder.with_config_entry("session.load_model_format", "ONNX").map_err(runtime_error)?;
    // The arena that all sessions share has a limit; what is computed while the file is loaded lies outside of it.
    builder = builder.with_env_allocators().map_err(runtime_error)?;
    let folded = FOLDED_BYTES_MAX.to_string();
    builder = builder
        .with_config_entry("optimization.constant_folding_max_output_size_in_bytes", folded)
        .map_err(runtime_error)?;
    builder.commit_from_memory(file).map_err(|error| match runtime_error(error) {
        Error::Runtime(message) => Error::OnnxUnsupported(format!("ONNX Runtime refuses it: {message}")),
        other => other,
    })
}
