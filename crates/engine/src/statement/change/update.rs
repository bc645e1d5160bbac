//! UPDATE.

use datafusion::logical_expr::LogicalPlan;
use mead_common::Diagnostic;
use mead_parser::Update;

use super::build::{column, item};
use super::target::ChangeTarget;

impl ChangeTarget {
    /// The places of the rows that go, each with the row that comes instead.
    pub(super) async fn plan_update(&self, update: &Update) -> Result<LogicalPlan, Diagnostic> {
        let mut items = self.places();
        let values = self.values(&update.assignments)?;
        for (place, (field, value)) in self.columns.fields().iter().zip(values).enumerate() {
            let value = value.unwrap_or_else(|| column(&self.alias, field.name()));
            items.push(item(value, &format!("\u{1}new{place}")));
        }
        let mut from = vec![self.relation()];
        from.extend(update.from.iter().cloned());
        let query = mead_parser::select(items, from, update.condition.clone())
            .map_err(|error| Diagnostic::internal(error.to_string()))?;
        self.plan(query, 2).await
    }
}
