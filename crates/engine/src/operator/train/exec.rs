//! The physical operator: reads its whole input under a memory reservation, or into a file where that cannot grow, then
//! trains off the query's threads.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BinaryViewArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties, InputDistributionRequirements,
    Partitioning, PlanProperties,
};
use futures::{StreamExt, stream};
use mead_common::Diagnostic;
use mead_ml::Isa;

use super::job::{Job, TrainEnvironment, options_of};
use super::node::{TrainCall, describe_calls};
use super::rows::{Group, Rows, group_columns};
use super::spill::Spill;
use super::waiting::Waiting;
use crate::error::into_datafusion;
use crate::execution::StatementContext;
use crate::operator::batch_rows::with_batch_rows;

/// Rows of a batch where a row may be large.
const WIDE_BATCH_ROWS: usize = 1024;

/// See [`super::node::TrainNode`] for its input and output.
#[derive(Debug)]
pub(super) struct TrainExec {
    input: Arc<dyn ExecutionPlan>,
    groups: usize,
    calls: Vec<TrainCall>,
    schema: SchemaRef,
    environment: Arc<TrainEnvironment>,
    properties: Arc<PlanProperties>,
}

impl TrainExec {
    pub(super) fn try_new(
        input: Arc<dyn ExecutionPlan>,
        groups: usize,
        calls: Vec<TrainCall>,
        schema: SchemaRef,
        environment: Arc<TrainEnvironment>,
    ) -> Result<Self> {
        let width = groups + calls.iter().map(TrainCall::width).sum::<usize>();
        if input.schema().fields().len() != width || schema.fields().len() != groups + calls.len() {
            return internal_err!("TrainExec: {width} input columns expected, {} given", input.schema().fields().len());
        }
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Ok(Self { input, groups, calls, schema, environment, properties: Arc::new(properties) })
    }
}

impl DisplayAs for TrainExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrainExec: groups={}, calls=[", self.groups)?;
        describe_calls(&self.calls, f)?;
        write!(f, "], threads={}", self.environment.threads)?;
        if format != DisplayFormatType::Verbose {
            return Ok(());
        }
        for call in &self.calls {
            match options_of(call).map(|options| mead_ml::planned_steps(&options)) {
                Ok(Ok(Some(steps))) => write!(f, ", steps=[{}] on {}", steps.join("; "), Isa::detect().name())?,
                // Mistakes are told when the statement runs.
                _ => write!(f, ", steps known with the rows")?,
            }
        }
        Ok(())
    }
}

impl ExecutionPlan for TrainExec {
    fn name(&self) -> &str {
        "TrainExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition])
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
            return internal_err!("TrainExec takes one input");
        };
        let environment = Arc::clone(&self.environment);
        Ok(Arc::new(Self::try_new(input, self.groups, self.calls.clone(), Arc::clone(&self.schema), environment)?))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition != 0 || self.input.output_partitioning().partition_count() != 1 {
            return internal_err!("TrainExec has one partition, not {partition}");
        }
        let Some(statement) = context.session_config().get_extension::<StatementContext>() else {
            return internal_err!("TrainExec runs outside of a statement");
        };
        let reservation = MemoryConsumer::new("training rows").with_can_spill(true).register(context.memory_pool());
        let training = MemoryConsumer::new("training").register(context.memory_pool());
        let spill = Spill::new(Arc::clone(&context.runtime_env().disk_manager), Arc::clone(&statement));
        // A row of an array may be an image: what the scans below hold beside the rows that are kept should be little.
        let wide = self.input.schema().fields().iter().any(|field| {
            let bytes = matches!(field.data_type(), DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
            bytes || field.data_type().is_nested()
        });
        let context = match context.session_config().batch_size() {
            rows if wide && rows > WIDE_BATCH_ROWS => with_batch_rows(&context, WIDE_BATCH_ROWS),
            _ => context,
        };
        let run = Run {
            input: self.input.execute(0, context)?,
            rows: Rows::new(&self.input.schema(), self.groups, self.calls.clone())?,
            reservation,
            training,
            spill,
            calls: self.calls.clone(),
            schema: Arc::clone(&self.schema),
            statement,
            environment: Arc::clone(&self.environment),
        };
        let schema = Arc::clone(&self.schema);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(run.train()))))
    }
}

/// One execution.
struct Run {
    input: SendableRecordBatchStream,
    rows: Rows,
    /// For the rows.
    reservation: MemoryReservation,
    /// For what training takes beside them.
    training: MemoryReservation,
    spill: Spill,
    calls: Vec<TrainCall>,
    schema: SchemaRef,
    statement: Arc<StatementContext>,
    environment: Arc<TrainEnvironment>,
}

impl Run {
    async fn train(mut self) -> Result<RecordBatch> {
        while let Some(batch) = self.input.next().await {
            let batch = batch?;
            self.statement.flag().check().map_err(into_datafusion)?;
            self.rows.push(&batch)?;
            drop(batch);
            while let Err(error) = self.reservation.try_resize(self.rows.memory_bytes()) {
                let (rows, spill) = (self.rows, self.spill);
                let spilled = move || {
                    let mut rows = rows;
                    let room = rows.make_room(&spill);
                    (rows, spill, room)
                };
                let done = tokio::task::spawn_blocking(spilled).await;
                let (rows, spill, room) = done.map_err(|error| {
                    into_datafusion(Diagnostic::internal("spilling training rows failed").with_source(error))
                })?;
                (self.rows, self.spill) = (rows, spill);
                if !room.map_err(into_datafusion)? {
                    // Labels are all that is left.
                    return Err(error);
                }
            }
        }
        let (groups, converter) = self.rows.finish();
        let mut keys = Vec::with_capacity(groups.len());
        let mut models: Vec<Vec<Arc<[u8]>>> = self.calls.iter().map(|_| Vec::new()).collect();
        let waiting = Arc::new(Waiting::new(groups, self.reservation, self.spill));
        while let Some((Group { key, datasets }, held)) = waiting.next() {
            let label = match (&key, &converter) {
                (Some(key), Some(converter)) => Some(describe_key(&converter.convert_rows([key.row()])?)?),
                _ => None,
            };
            for (((call, dataset), held), models) in self.calls.iter().zip(datasets).zip(held).zip(&mut models) {
                let job = Job {
                    call: call.clone(),
                    dataset,
                    held,
                    waiting: Arc::clone(&waiting),
                    group: label.clone(),
                    statement: Arc::clone(&self.statement),
                    environment: Arc::clone(&self.environment),
                    reservation: self.training.new_empty(),
                };
                models.push(job.run().await.map_err(into_datafusion)?);
            }
            keys.extend(key);
        }
        let mut columns = group_columns(converter.as_ref(), &keys)?;
        columns
            .extend(models.into_iter().map(|models| Arc::new(BinaryViewArray::from_iter_values(models)) as ArrayRef));
        RecordBatch::try_new(self.schema, columns).map_err(|error| {
            into_datafusion(Diagnostic::internal("training gave columns of the wrong type").with_source(error))
        })
    }
}

/// A group's key as text: `north, 3`.
fn describe_key(columns: &[ArrayRef]) -> Result<String> {
    use datafusion::arrow::util::display::array_value_to_string;
    let values: std::result::Result<Vec<String>, _> =
        columns.iter().map(|column| array_value_to_string(column, 0)).collect();
    Ok(values?.join(", "))
}
