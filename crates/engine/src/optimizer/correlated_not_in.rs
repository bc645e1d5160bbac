//! `a NOT IN (SELECT b … WHERE it refers to the outer row)` in WHERE. DataFusion joins by one column where NULLs must be minded;
//! here it becomes `NOT EXISTS (… WHERE (a = b) IS NOT FALSE)`, which minds them too.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{BinaryExpr, Expr, Filter, LogicalPlan, Operator, Subquery};
use datafusion::optimizer::AnalyzerRule;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct CorrelatedNotIn;

impl AnalyzerRule for CorrelatedNotIn {
    fn name(&self) -> &str {
        "correlated_not_in"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let rewritten = plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Filter(mut filter) => {
                let schema = Arc::clone(filter.input.schema());
                filter.predicate = condition(filter.predicate, &schema)?;
                Ok(Transformed::yes(LogicalPlan::Filter(filter)))
            }
            other => Ok(Transformed::no(other)),
        })?;
        Ok(rewritten.data)
    }
}

/// What must be true for a row to stay; that it may be NULL in place of false makes no difference below AND and OR.
fn condition(predicate: Expr, schema: &DFSchema) -> Result<Expr> {
    Ok(match predicate {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let (left, right) = (condition(*left, schema)?, condition(*right, schema)?);
            Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
        }
        Expr::Not(inner) => match *inner {
            Expr::InSubquery(InSubquery { expr, subquery, negated: false }) => {
                condition(Expr::InSubquery(InSubquery { expr, subquery, negated: true }), schema)?
            }
            other => Expr::Not(Box::new(other)),
        },
        Expr::InSubquery(InSubquery { expr, subquery, negated: true }) if !subquery.outer_ref_columns.is_empty() => {
            not_exists(*expr, subquery, schema)?
        }
        other => other,
    })
}

fn not_exists(expr: Expr, subquery: Subquery, schema: &DFSchema) -> Result<Expr> {
    let unchanged = |expr: Expr, subquery: Subquery| {
        Ok(Expr::InSubquery(InSubquery { expr: Box::new(expr), subquery, negated: true }))
    };
    // What refers further out, or asks a query itself, stays as it is.
    let is_plain = !expr.contains_outer()
        && !expr.exists(|part| Ok(matches!(part, Expr::InSubquery(_) | Expr::Exists(_) | Expr::ScalarSubquery(_))))?;
    if !is_plain || subquery.subquery.schema().fields().len() != 1 {
        return unchanged(expr, subquery);
    }
    let (qualifier, field) = subquery.subquery.schema().qualified_field(0);
    let member = Expr::Column(Column::from((qualifier, field)));
    let mut outer = subquery.outer_ref_columns.clone();
    let ours = expr.transform_up(|part| match part {
        Expr::Column(column) => {
            let (_, field) = schema.qualified_field_from_column(&column)?;
            let reference = Expr::OuterReferenceColumn(Arc::clone(field), column);
            if !outer.contains(&reference) {
                outer.push(reference.clone());
            }
            Ok(Transformed::yes(reference))
        }
        other => Ok(Transformed::no(other)),
    })?;
    let equal = Expr::BinaryExpr(BinaryExpr::new(Box::new(ours.data), Operator::Eq, Box::new(member)));
    let filter = Filter::try_new(Expr::IsNotFalse(Box::new(equal)), Arc::clone(&subquery.subquery))?;
    let subquery =
        Subquery { subquery: Arc::new(LogicalPlan::Filter(filter)), outer_ref_columns: outer, spans: subquery.spans };
    Ok(Expr::Exists(Exists { subquery, negated: true }))
}
