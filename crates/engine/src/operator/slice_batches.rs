//! Cuts batches below an operator that makes images of their rows, so that those of few rows are held at a time.
//!
//! A scalar function gives one batch for one batch: 8,192 rows as images of 224×224×3 take five gigabytes. A slice copies
//! nothing. The memory that its images will take is reserved until the next slice is asked for.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use mead_common::{Diagnostic, sqlstate};
use mead_functions::image::MadeImages;
use mead_storage::PassThrough;

use super::batch_rows::with_batch_rows;
use crate::error::into_datafusion;

/// Bytes that the images of one slice take, unless those of one row take more.
pub(crate) const SLICE_BYTES: usize = 16 << 20;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct SliceBatches {
    /// What the operator above makes of each row.
    pub images: MadeImages,
    /// Rows in the batches that are cut.
    pub input_rows: usize,
}

impl PassThrough for SliceBatches {
    fn name(&self) -> &'static str {
        "SliceBatchesExec"
    }

    fn detail(&self) -> String {
        match self.images.depends_on_rows() {
            true => format!("bytes={SLICE_BYTES}"),
            false => format!("bytes={SLICE_BYTES}, row_bytes={}", self.images.fixed_bytes()),
        }
    }

    fn execute(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new("images").register(context.memory_pool());
        let input = input.execute(partition, with_batch_rows(&context, self.input_rows))?;
        let schema = input.schema();
        let slices = Slices { input, images: self.images.clone(), rest: None, reservation };
        let slices =
            stream::try_unfold(
                slices,
                |mut slices| async move { Ok(slices.next().await?.map(|slice| (slice, slices))) },
            );
        Ok(Box::pin(cooperative(RecordBatchStreamAdapter::new(schema, slices.boxed()))))
    }
}

struct Slices {
    input: SendableRecordBatchStream,
    images: MadeImages,
    /// What is left of a batch, with the bytes that the images of each of its rows take.
    rest: Option<(RecordBatch, Vec<usize>)>,
    reservation: MemoryReservation,
}

impl Slices {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        self.reservation.free();
        let (batch, row_bytes) = match self.rest.take() {
            Some(rest) => rest,
            None => match self.input.next().await {
                Some(batch) => {
                    let batch = batch?;
                    let row_bytes = self.images.row_bytes(&batch)?;
                    (batch, row_bytes)
                }
                None => return Ok(None),
            },
        };
        let rows = self.reserve(&row_bytes)?;
        if rows < batch.num_rows() {
            let rest = batch.slice(rows, batch.num_rows() - rows);
            self.rest = Some((rest, row_bytes[rows..].to_vec()));
        }
        Ok(Some(batch.slice(0, rows)))
    }

    /// How many of the rows come next; fewer where memory is short. One row must fit.
    fn reserve(&self, row_bytes: &[usize]) -> Result<usize> {
        let mut rows = fitting(row_bytes);
        loop {
            let bytes = row_bytes[..rows].iter().fold(0_usize, |sum, bytes| sum.saturating_add(*bytes));
            match self.reservation.try_grow(bytes) {
                Ok(()) => return Ok(rows),
                Err(_) if rows > 1 => rows /= 2,
                Err(error) => return Err(out_of_memory(bytes, &error)),
            }
        }
    }
}

/// The number of rows from the first whose images fit into a slice; one at least, where there is one.
fn fitting(row_bytes: &[usize]) -> usize {
    let mut left = SLICE_BYTES;
    let fitting = row_bytes.iter().take_while(|bytes| {
        let rest = left.checked_sub(**bytes);
        left = rest.unwrap_or(0);
        rest.is_some()
    });
    fitting.count().max(1).min(row_bytes.len())
}

fn out_of_memory(bytes: usize, error: &DataFusionError) -> DataFusionError {
    // Before it DataFusion lists who holds the rest.
    let text = error.strip_backtrace();
    let cause = text.lines().last().unwrap_or_default();
    let cause = cause.strip_prefix("Error: ").unwrap_or(cause).to_owned();
    into_datafusion(
        Diagnostic::new(sqlstate::OUT_OF_MEMORY, format!("out of memory: the images of one row take {bytes} bytes"))
            .with_detail(cause)
            .with_hint("make smaller images, or raise the server's memory limit"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_has_one_row_at_least() {
        assert_eq!(fitting(&[]), 0);
        assert_eq!(fitting(&[SLICE_BYTES + 1, 1]), 1);
        assert_eq!(fitting(&[SLICE_BYTES / 2, SLICE_BYTES / 2, 1]), 2);
        assert_eq!(fitting(&[SLICE_BYTES - 1, 2, 0]), 1);
        assert_eq!(fitting(&[0; 9]), 9);
    }
}
