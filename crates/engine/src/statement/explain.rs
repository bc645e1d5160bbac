//! EXPLAIN [ANALYZE] [VERBOSE]: the plan as one column `QUERY PLAN`, a line a row, as Postgres gives it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::{execute_stream, stream::RecordBatchStreamAdapter};
use futures::{StreamExt, stream};
use mead_common::Diagnostic;
use mead_functions::scored_by;

use super::Runner;
use crate::session::Execution;

/// How much to tell.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ExplainOptions {
    /// Runs the plan, and adds what each operator did.
    pub analyze: bool,
    /// Adds the logical plan, before and after optimization.
    pub verbose: bool,
}

/// The columns of EXPLAIN.
pub(crate) fn explain_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("QUERY PLAN", DataType::Utf8, false)]))
}

impl Runner {
    pub(crate) async fn explain(&self, plan: &LogicalPlan, options: ExplainOptions) -> Result<Execution, Diagnostic> {
        let mut lines: Vec<String> = Vec::new();
        let optimized = self.state.optimize(plan).map_err(|error| self.report(&error))?;
        if options.verbose {
            push(&mut lines, "logical plan:", &plan.display_indent().to_string());
            push(&mut lines, "optimized logical plan:", &optimized.display_indent().to_string());
        }
        let planner = self.state.query_planner();
        let physical = planner.create_physical_plan(&optimized, &self.state).await.map_err(|e| self.report(&e))?;
        let mut counted = None;
        if options.analyze {
            let started = Instant::now();
            let mut rows = 0;
            let mut stream =
                execute_stream(Arc::clone(&physical), self.state.task_ctx()).map_err(|error| self.report(&error))?;
            while let Some(batch) = stream.next().await {
                rows += batch.map_err(|error| self.report(&error))?.num_rows();
            }
            counted = Some((rows, started.elapsed()));
        }
        let displayed = match options.analyze {
            true => DisplayableExecutionPlan::with_metrics(physical.as_ref()),
            false => DisplayableExecutionPlan::new(physical.as_ref()),
        };
        let heading = if options.verbose { "physical plan:" } else { "" };
        push(&mut lines, heading, &displayed.indent(options.verbose).to_string());
        self.push_models(&mut lines, &optimized)?;
        if let Some((rows, elapsed)) = counted {
            lines.push(format!("Rows: {rows}"));
            lines.push(format!("Execution Time: {:.3} ms", elapsed.as_secs_f64() * 1e3));
        }
        Ok(Execution::uncounted_rows(text_rows(&explain_schema(), vec![lines])?, "EXPLAIN"))
    }
}

impl Runner {
    /// A line for each model that the plan names: what scores it.
    fn push_models(&self, lines: &mut Vec<String>, plan: &LogicalPlan) -> Result<(), Diagnostic> {
        let mut models: BTreeMap<String, Result<String, Diagnostic>> = BTreeMap::new();
        plan.apply_with_subqueries(|node| {
            node.apply_expressions(|expression| {
                expression.apply(|expression| {
                    models.extend(scored_by(expression));
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })
        .map_err(|error| self.report(&error))?;
        for (name, engine) in models {
            lines.push(format!("Model {name}: {}", engine?));
        }
        Ok(())
    }
}

fn push(lines: &mut Vec<String>, heading: &str, text: &str) {
    let indent = if heading.is_empty() { "" } else { "  " };
    if !heading.is_empty() {
        lines.push(heading.to_owned());
    }
    lines.extend(text.lines().map(|line| format!("{indent}{line}")));
}

/// A small result of text columns.
pub(crate) fn text_rows(
    schema: &SchemaRef,
    columns: Vec<Vec<String>>,
) -> Result<SendableRecordBatchStream, Diagnostic> {
    let columns = columns.into_iter().map(|column| Arc::new(StringArray::from(column)) as ArrayRef).collect();
    rows(schema, columns)
}

/// A small result.
pub(crate) fn rows(schema: &SchemaRef, columns: Vec<ArrayRef>) -> Result<SendableRecordBatchStream, Diagnostic> {
    let batch = RecordBatch::try_new(Arc::clone(schema), columns)
        .map_err(|error| Diagnostic::internal("a result does not fit its own columns").with_source(error))?;
    Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(schema), stream::iter([Ok(batch)]))))
}
