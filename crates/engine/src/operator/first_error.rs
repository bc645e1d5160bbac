//! Keeps the first error of an operator, for when what reads it turns errors into text.

use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use mead_storage::{PassThrough, PassThroughExec};
use parking_lot::Mutex;

/// Where the error is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct FirstError(Arc<Mutex<Option<Arc<DataFusionError>>>>);

impl FirstError {
    /// The same rows and errors; the first of the errors is kept.
    pub(crate) fn watch(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(PassThroughExec::new(input, self.clone()))
    }

    pub(crate) fn take(&self) -> Option<Arc<DataFusionError>> {
        self.0.lock().take()
    }

    fn keep(&self, error: DataFusionError) -> DataFusionError {
        let shared = Arc::new(error);
        self.0.lock().get_or_insert_with(|| Arc::clone(&shared));
        DataFusionError::Shared(shared)
    }
}

impl PassThrough for FirstError {
    fn name(&self) -> &'static str {
        "FirstErrorExec"
    }

    fn execute(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let kept = self.clone();
        let input = input.execute(partition, context)?;
        let schema = input.schema();
        let batches = input.map(move |batch| batch.map_err(|error| kept.keep(error)));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}
