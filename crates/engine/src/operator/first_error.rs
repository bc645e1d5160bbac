//! Keeps the first error of an operator, for when what reads it turns errors into text.

use std::fmt;
use std::sync::Arc;

use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;
use parking_lot::Mutex;

/// Where the error is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct FirstError(Arc<Mutex<Option<Arc<DataFusionError>>>>);

impl FirstError {
    /// The same rows and errors; the first of the errors is kept.
    pub(crate) fn watch(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(FirstErrorExec { input, kept: self.clone() })
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

#[derive(Debug)]
struct FirstErrorExec {
    input: Arc<dyn ExecutionPlan>,
    kept: FirstError,
}

impl DisplayAs for FirstErrorExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FirstErrorExec")
    }
}

impl ExecutionPlan for FirstErrorExec {
    fn name(&self) -> &str {
        "FirstErrorExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(self.kept.watch(input)),
            _ => internal_err!("FirstErrorExec takes one input"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let kept = self.kept.clone();
        let input = self.input.execute(partition, context)?;
        let schema = input.schema();
        let batches = input.map(move |batch| batch.map_err(|error| kept.keep(error)));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}
