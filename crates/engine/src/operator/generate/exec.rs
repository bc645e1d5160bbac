//! The physical operator: batch by batch, in the partitions of its input.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures::{StreamExt, TryStreamExt, stream};
use mead_functions::hive::TableFunction;

use super::node::describe;

/// See [`super::node::GenerateNode`] for its input and output.
#[derive(Debug)]
pub(super) struct GenerateExec {
    input: Arc<dyn ExecutionPlan>,
    call: Arc<Call>,
    properties: Arc<PlanProperties>,
}

#[derive(Debug)]
struct Call {
    kept: usize,
    function: Arc<dyn TableFunction>,
    columns: Vec<FieldRef>,
    outer: bool,
    schema: SchemaRef,
}

impl GenerateExec {
    pub(super) fn new(
        input: Arc<dyn ExecutionPlan>,
        kept: usize,
        function: Arc<dyn TableFunction>,
        columns: Vec<FieldRef>,
        outer: bool,
        schema: SchemaRef,
    ) -> Self {
        Self::over(input, Arc::new(Call { kept, function, columns, outer, schema }))
    }

    fn over(input: Arc<dyn ExecutionPlan>, call: Arc<Call>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&call.schema)),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Self { input, call, properties: Arc::new(properties) }
    }
}

impl DisplayAs for GenerateExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GenerateExec: {}", describe(self.call.function.name(), self.call.outer, &self.call.columns))
    }
}

impl ExecutionPlan for GenerateExec {
    fn name(&self) -> &str {
        "GenerateExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
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
        let (Some(input), true) = (children.pop(), children.is_empty()) else {
            return internal_err!("GenerateExec takes one input");
        };
        Ok(Arc::new(Self::over(input, Arc::clone(&self.call))))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows_max = context.session_config().batch_size().max(1);
        let call = Arc::clone(&self.call);
        let batches = self.input.execute(partition, context)?.map(move |batch| call.generate(&batch?));
        let batches = batches.map_ok(move |batch| stream::iter(slices(batch, rows_max).map(Ok))).try_flatten();
        let stream = RecordBatchStreamAdapter::new(Arc::clone(&self.call.schema), batches);
        Ok(Box::pin(cooperative(stream)))
    }
}

impl Call {
    fn generate(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let (relation, arguments) = batch.columns().split_at(self.kept.min(batch.num_columns()));
        let mut rows = self.function.run(arguments, batch.num_rows(), &self.columns)?;
        if self.outer {
            rows = rows.outer(batch.num_rows())?;
        }
        let parents = &rows.parents;
        let mut columns: Vec<ArrayRef> =
            relation.iter().map(|column| take(column, parents, None)).collect::<std::result::Result<_, _>>()?;
        columns.extend(rows.columns);
        let options = RecordBatchOptions::new().with_row_count(Some(datafusion::arrow::array::Array::len(parents)));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

/// A batch in parts that are no longer than batches are.
fn slices(batch: RecordBatch, rows_max: usize) -> impl Iterator<Item = RecordBatch> {
    let rows = batch.num_rows();
    (0..rows).step_by(rows_max).map(move |start| batch.slice(start, rows_max.min(rows - start)))
}
