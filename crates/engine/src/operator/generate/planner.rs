//! From the logical node to the operator.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use super::exec::GenerateExec;
use super::node::GenerateNode;

/// Plans [`GenerateNode`].
#[derive(Debug)]
pub(crate) struct GeneratePlanner;

#[async_trait]
impl ExtensionPlanner for GeneratePlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (Some(node), [input]) = (node.as_any().downcast_ref::<GenerateNode>(), physical_inputs) else {
            return Ok(None);
        };
        let exec = GenerateExec::new(
            Arc::clone(input),
            node.kept,
            Arc::clone(&node.function),
            node.columns.clone(),
            node.outer,
            Arc::clone(node.schema.inner()),
        );
        Ok(Some(Arc::new(exec)))
    }
}
