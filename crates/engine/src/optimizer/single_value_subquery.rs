//! Correlated subqueries that are used as an expression without being aggregated: `(SELECT name FROM t WHERE t.id = o.id)`.
//!
//! DataFusion turns a correlated subquery into a join only where it is aggregated to one row. So the subquery's column is
//! aggregated by `single_value`, and around the subquery `single_row` gives the row's value, or the error that there are
//! more. What the subquery says of the outer row alone moves out into a CASE, and an outer column that is equal to an inner
//! one gives way to it.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::{NamePreserver, strip_outer_reference};
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, Filter, LogicalPlan, LogicalPlanBuilder, Operator, Projection, Subquery, when,
};
use datafusion::optimizer::AnalyzerRule;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct SingleValueSubquery;

impl AnalyzerRule for SingleValueSubquery {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let rewrite = |plan: LogicalPlan| {
            let names = NamePreserver::new(&plan);
            let rewritten = plan.map_expressions(|expression| {
                let name = names.save(&expression);
                Ok(expression.transform_up(single_value)?.update_data(|expression| name.restore(expression)))
            })?;
            rewritten.map_data(|plan| plan.recompute_schema())
        };
        Ok(plan.transform_up_with_subqueries(rewrite)?.data)
    }

    fn name(&self) -> &str {
        "single_value_subquery"
    }
}

fn single_value(expression: Expr) -> Result<Transformed<Expr>> {
    let Expr::ScalarSubquery(subquery) = expression else { return Ok(Transformed::no(expression)) };
    if subquery.outer_ref_columns.is_empty() {
        return Ok(Transformed::no(Expr::ScalarSubquery(subquery)));
    }
    let LogicalPlan::Projection(projection) = subquery.subquery.as_ref() else {
        return Ok(Transformed::no(Expr::ScalarSubquery(subquery)));
    };
    let LogicalPlan::Filter(filter) = projection.input.as_ref() else {
        return Ok(Transformed::no(Expr::ScalarSubquery(subquery)));
    };
    if projection.expr.len() != 1 || projection.expr[0].contains_outer() || subquery.subquery.max_rows() == Some(1) {
        return Ok(Transformed::no(Expr::ScalarSubquery(subquery)));
    }
    let conditions = split_conjunction(&filter.predicate).into_iter().cloned().collect();
    let conditions = inner_for_outer(conditions, filter.input.schema())?;
    let (of_outer, of_inner): (Vec<Expr>, Vec<Expr>) = conditions.into_iter().partition(|condition| {
        condition.contains_outer() && !condition.any_column_refs() && !contains_subquery(condition)
    });
    let input = match conjunction(of_inner) {
        Some(predicate) => Arc::new(LogicalPlan::Filter(Filter::try_new(predicate, Arc::clone(&filter.input))?)),
        None => Arc::clone(&filter.input),
    };
    let rows = LogicalPlan::Projection(Projection::try_new(projection.expr.clone(), input)?);
    let (qualifier, field) = rows.schema().qualified_field(0);
    let column = Expr::Column((qualifier, field).into());
    let name = field.name().clone();
    let aggregate = mead_functions::pg::single_value().call(vec![column]).alias("__single_value");
    let plan = LogicalPlanBuilder::from(rows).aggregate(Vec::<Expr>::new(), vec![aggregate])?;
    let plan = plan.project(vec![datafusion::logical_expr::col("__single_value").alias(name)])?.build()?;
    let outer_ref_columns = plan.all_out_ref_exprs();
    let subquery =
        Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: subquery.spans });
    let value = mead_functions::pg::single_row().call(vec![subquery]);
    Ok(Transformed::yes(match conjunction(of_outer.into_iter().map(strip_outer_reference)) {
        Some(condition) => when(condition, value).end()?,
        None => value,
    }))
}

/// What a subquery refers to is not seen from outside of it.
fn contains_subquery(condition: &Expr) -> bool {
    condition
        .exists(|expr| Ok(matches!(expr, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_))))
        .unwrap_or(true)
}

/// Where `inner = outer` is one of the conditions, `outer` may be written as `inner` in the others: if both have one type
/// or are whole numbers, since operators depend on it.
fn inner_for_outer(conditions: Vec<Expr>, schema: &DFSchema) -> Result<Vec<Expr>> {
    let pairs: Vec<(usize, Expr, Expr)> = conditions
        .iter()
        .enumerate()
        .filter_map(|(index, condition)| {
            let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition else { return None };
            let (inner, outer) = match (left.as_ref(), right.as_ref()) {
                (inner @ Expr::Column(_), outer @ Expr::OuterReferenceColumn(..)) => (inner, outer),
                (outer @ Expr::OuterReferenceColumn(..), inner @ Expr::Column(_)) => (inner, outer),
                _ => return None,
            };
            let Expr::OuterReferenceColumn(field, _) = outer else { return None };
            let same = inner.get_type(schema).is_ok_and(|data_type| {
                data_type == *field.data_type()
                    || data_type.is_signed_integer() && field.data_type().is_signed_integer()
            });
            same.then(|| (index, inner.clone(), outer.clone()))
        })
        .collect();
    conditions
        .into_iter()
        .enumerate()
        .map(|(index, condition)| {
            // A condition on the outer row alone stays one: it can move out.
            if !condition.any_column_refs() {
                return Ok(condition);
            }
            let replace = |expression: Expr| {
                let found = pairs.iter().find(|(of, _, outer)| *of != index && *outer == expression);
                Ok(match found {
                    Some((_, inner, _)) => Transformed::yes(inner.clone()),
                    None => Transformed::no(expression),
                })
            };
            Ok(condition.transform_up(replace)?.data)
        })
        .collect()
}
