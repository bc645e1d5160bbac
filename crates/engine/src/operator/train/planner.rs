//! From the logical node to the operator.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use super::exec::TrainExec;
use super::job::TrainEnvironment;
use super::node::TrainNode;

/// Plans [`TrainNode`]; holds what training needs besides its rows.
#[derive(Debug)]
pub(crate) struct TrainPlanner {
    environment: Arc<TrainEnvironment>,
}

impl TrainPlanner {
    pub(crate) fn new(catalog: Arc<mead_catalog::Catalog>, threads: usize, running: Arc<AtomicUsize>) -> Self {
        Self { environment: Arc::new(TrainEnvironment { catalog, threads, running }) }
    }
}

#[async_trait]
impl ExtensionPlanner for TrainPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (Some(node), [input]) = (node.as_any().downcast_ref::<TrainNode>(), physical_inputs) else {
            return Ok(None);
        };
        let exec = TrainExec::try_new(
            Arc::clone(input),
            node.groups,
            node.calls.clone(),
            node.schema.inner().clone(),
            Arc::clone(&self.environment),
        )?;
        Ok(Some(Arc::new(exec)))
    }
}
