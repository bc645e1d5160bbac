//! Puts a side that is known to have one row on the build side of a cross join.
//!
//! `CrossJoinExec` holds its left input and gives a batch for each of its rows. With ten million rows on the left and the
//! one row of an average on the right that is ten million batches of one row; the other way round it costs nothing.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::joins::CrossJoinExec;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct SingleRowCrossJoin;

impl PhysicalOptimizerRule for SingleRowCrossJoin {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| match plan.downcast_ref::<CrossJoinExec>() {
            Some(join) if has_one_row(join.right()) && !has_one_row(join.left()) => {
                Ok(Transformed::yes(join.swap_inputs()?))
            }
            _ => Ok(Transformed::no(plan)),
        })
        .data()
    }

    fn name(&self) -> &str {
        "single_row_cross_join"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// True for an aggregate without groups, seen through operators that keep the number of rows.
fn has_one_row(plan: &Arc<dyn ExecutionPlan>) -> bool {
    if let Some(aggregate) = plan.downcast_ref::<AggregateExec>() {
        return aggregate.group_expr().is_empty() && *aggregate.mode() != AggregateMode::Partial;
    }
    let keeps_rows = matches!(plan.name(), "ProjectionExec" | "CoalescePartitionsExec" | "CoalesceBatchesExec");
    keeps_rows && plan.children().first().is_some_and(|child| has_one_row(child))
}
