//! INSERT … VALUES: each value becomes one of its column's type by itself. As a query the list would give each column one type
//! first, in which the values of other rows might be lost.

use datafusion::common::DFSchema;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast;
use mead_common::Diagnostic;
use mead_parser::HiveInsert;

use super::super::Runner;
use super::insert::{converted, dynamic_columns};

impl Runner {
    /// `None` for another source than a plain list, for a list that the planner of queries must see (it has subqueries), and for
    /// one that does not fit the table, which is told later.
    pub(super) fn plan_values(&self, insert: &HiveInsert) -> Result<Option<LogicalPlan>, Diagnostic> {
        let query = insert.source.as_ref();
        let ast::SetExpr::Values(values) = query.body.as_ref() else { return Ok(None) };
        if query.with.is_some() || query.order_by.is_some() || query.limit_clause.is_some() || query.fetch.is_some() {
            return Ok(None);
        }
        let relation = self.insertable(&insert.target)?;
        let fixed = self.partition_values(&relation, &insert.target.partition)?;
        let mut wanted: Vec<_> = relation.new.columns.fields().iter().cloned().collect();
        wanted.extend(dynamic_columns(&relation, &fixed));
        if !insert.target.columns.is_empty() {
            let named =
                insert.target.columns.iter().map(|name| wanted.iter().find(|field| field.name() == name).cloned());
            match named.collect::<Option<Vec<_>>>() {
                Some(named) => wanted = named,
                None => return Ok(None),
            }
        }
        let schema = DFSchema::empty();
        let mut rows = Vec::with_capacity(values.rows.len());
        for row in &values.rows {
            if row.content.len() != wanted.len() {
                return Ok(None);
            }
            let mut planned = Vec::with_capacity(wanted.len());
            for (value, field) in row.content.iter().zip(&wanted) {
                let value = match is_default(value) {
                    true => self.default_of(field)?,
                    false => match self.plan_value(value, &schema) {
                        Some(value) => value,
                        None => return Ok(None),
                    },
                };
                planned.push(converted(value, field));
            }
            rows.push(planned);
        }
        let plan = LogicalPlanBuilder::values(rows).and_then(LogicalPlanBuilder::build);
        plan.map(Some).map_err(|error| self.report(&error))
    }

    fn plan_value(&self, value: &ast::Expr, schema: &DFSchema) -> Option<Expr> {
        let named = ast::ExprWithAlias { expr: value.clone(), alias: None };
        self.state.create_logical_expr_from_sql_expr(named, schema).ok()
    }
}

/// The word that stands for a column's default.
fn is_default(value: &ast::Expr) -> bool {
    matches!(value, ast::Expr::Identifier(name) if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("default"))
}
