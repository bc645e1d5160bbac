//! One of mead's own models in mead's own kernels: the plan that trained it, run forward.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array};
use mead_common::CancelFlag;

use super::input::check_finite;
use super::pool::Pool;
use super::rows::Rows;
use crate::Error;
use crate::kernel::{Buffer, Isa};
use crate::model::Own;
use crate::train::{Chunk, Plan, Weights};

/// Rows that go through all layers together, at most.
const CHUNK_ROWS_MAX: usize = 256;

/// What lies between the layers for one row, at most; ONNX Runtime keeps less of it at a time.
const ROW_BYTES_MAX: usize = 256 << 20;

#[derive(Debug)]
pub(super) struct Native {
    plan: Arc<Plan>,
    parameters: Vec<f32>,
    /// What each step made of its parameters.
    prepared: Vec<Buffer<f32>>,
    isa: Isa,
    /// Rows in a chunk.
    rows: usize,
    chunks: Pool<Chunk>,
}

impl Native {
    /// `capacity_bytes` bounds the memory in which callers in parallel work; there is always that of one.
    pub(super) fn new(plan: Plan, own: &Own, capacity_bytes: usize) -> Result<Self, Error> {
        let plan = Arc::new(plan);
        let parameters = plan.parameters_of(&own.weights);
        let mut prepared = plan.prepared(false);
        for (index, prepared) in prepared.iter_mut().enumerate() {
            plan.prepare(&parameters, index, prepared);
        }
        let rows = chunk_rows(&plan);
        let maker = Arc::clone(&plan);
        let chunks = Pool::new(plan.chunk_bytes(rows), capacity_bytes, move || Ok(maker.chunk(rows, false)))?;
        Ok(Self { plan, parameters, prepared, isa: Isa::detect(), rows, chunks })
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let weights = self.parameters.len() + self.prepared.iter().map(|prepared| prepared.len()).sum::<usize>();
        weights * size_of::<f32>() + self.chunks.memory_bytes()
    }

    /// The output of all rows, and how many values a row has.
    pub(super) fn run(&self, rows: &Rows<'_>, count: usize, cancel: &CancelFlag) -> Result<(ArrayRef, usize), Error> {
        let width = self.plan.output_len();
        let steps = 0..self.plan.layers().len();
        let prepared: Vec<&[f32]> = self.prepared.iter().map(|prepared| &**prepared).collect();
        let weights = Weights { parameters: &self.parameters, prepared: &prepared };
        let mut outputs = Vec::with_capacity(count * width);
        let mut chunk = self.chunks.take(cancel)?;
        let chunk = chunk.copy()?;
        for start in (0..count).step_by(self.rows) {
            if let Some(reason) = cancel.reason() {
                return Err(reason.into());
            }
            chunk.samples = self.rows.min(count - start);
            let input = &mut chunk.values[0][..chunk.samples * rows.width];
            rows.copy(start, input)?;
            check_finite(input, rows.width, start)?;
            self.plan.forward(self.isa, weights, chunk, steps.clone(), None);
            outputs.extend_from_slice(&chunk.values[steps.end][..chunk.samples * width]);
        }
        Ok((Arc::new(Float32Array::from(outputs)), width))
    }
}

/// The plan of a model, or why there is none.
pub(super) fn plan(own: &Own) -> Result<Plan, String> {
    let plan = Plan::new(&own.network).map_err(|error| error.to_string())?;
    let bytes = plan.chunk_bytes(1);
    if bytes > ROW_BYTES_MAX {
        return Err(format!("its layers take {} MB for a row", bytes >> 20));
    }
    Ok(plan)
}

/// As many as stay in the cache with what lies between the layers; more where reading the weights takes longer than that.
fn chunk_rows(plan: &Plan) -> usize {
    let values: usize = plan.layers().iter().map(|layer| layer.output_len()).sum();
    let for_weights = (plan.parameter_count() / values.max(1)).min(CHUNK_ROWS_MAX);
    plan.samples_at_a_time(CHUNK_ROWS_MAX).max(for_weights)
}
