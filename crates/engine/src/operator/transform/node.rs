//! The logical node, and its way to the operator.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchemaRef, Result, internal_err};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use super::exec::TransformExec;

/// What is run, and how its lines are written, as serde properties.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Program {
    pub command: String,
    pub input: BTreeMap<String, String>,
    pub output: BTreeMap<String, String>,
    /// Spark gives bytes as they are, Hive as base64.
    pub raw_bytes: bool,
}

/// All columns of the input go to the program; those of the schema are what it writes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct TransformNode {
    pub input: Arc<LogicalPlan>,
    pub program: Program,
    pub schema: DFSchemaRef,
}

impl PartialOrd for TransformNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl fmt::Debug for TransformNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        UserDefinedLogicalNodeCore::fmt_for_explain(self, f)
    }
}

impl UserDefinedLogicalNodeCore for TransformNode {
    fn name(&self) -> &str {
        "Transform"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transform: {}", self.program.command)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        match (inputs.pop(), inputs.is_empty()) {
            (Some(input), true) => Ok(Self { input: Arc::new(input), ..self.clone() }),
            _ => internal_err!("Transform takes one input"),
        }
    }
}

/// Plans [`TransformNode`].
#[derive(Debug)]
pub(crate) struct TransformPlanner;

#[async_trait]
impl ExtensionPlanner for TransformPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (Some(node), [input]) = (node.as_any().downcast_ref::<TransformNode>(), physical_inputs) else {
            return Ok(None);
        };
        let schema = Arc::clone(node.schema.inner());
        Ok(Some(Arc::new(TransformExec::new(Arc::clone(input), node.program.clone(), schema))))
    }
}
