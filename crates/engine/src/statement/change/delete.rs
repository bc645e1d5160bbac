//! DELETE.

use datafusion::logical_expr::LogicalPlan;
use mead_common::Diagnostic;
use mead_parser::Delete;

use super::target::ChangeTarget;

impl ChangeTarget {
    /// The places of the rows that go.
    pub(super) async fn plan_delete(&self, delete: &Delete) -> Result<LogicalPlan, Diagnostic> {
        let mut from = vec![self.relation()];
        from.extend(delete.using.iter().cloned());
        let query = mead_parser::select(self.places(), from, delete.condition.clone())
            .map_err(|error| Diagnostic::internal(error.to_string()))?;
        self.plan(query, 2).await
    }
}
