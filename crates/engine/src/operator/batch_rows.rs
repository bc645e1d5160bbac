//! Lets a part of a plan work with batches of few rows, since its rows are large.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use mead_storage::PassThrough;

/// Everything below works with batches of so many rows at most.
#[derive(Debug)]
pub(crate) struct BatchRows(pub usize);

impl PassThrough for BatchRows {
    fn name(&self) -> &'static str {
        "BatchRowsExec"
    }

    fn detail(&self) -> String {
        format!("rows={}", self.0)
    }

    fn execute(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        input.execute(partition, with_batch_rows(&context, self.0))
    }
}

/// The same context with another number of rows a batch.
pub(super) fn with_batch_rows(context: &TaskContext, rows: usize) -> Arc<TaskContext> {
    let config = context.session_config().clone().with_batch_size(rows);
    Arc::new(TaskContext::new(
        context.task_id(),
        context.session_id(),
        config,
        context.scalar_functions().clone(),
        context.higher_order_functions().clone(),
        context.aggregate_functions().clone(),
        context.window_functions().clone(),
        context.runtime_env(),
    ))
}
