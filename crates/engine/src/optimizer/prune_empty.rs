//! What can have no rows is planned as having none, before anything else is done with the plan.
//!
//! Many relations of `pg_catalog` are empty here by their definition, and clients ask about them in subqueries that
//! DataFusion cannot decorrelate. Where the answer is known to be nothing, it need not.

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{EmptyRelation, Expr, JoinType, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;
use datafusion::scalar::ScalarValue;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct PruneEmpty;

impl AnalyzerRule for PruneEmpty {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(prune)?.data)
    }

    fn name(&self) -> &str {
        "prune_empty"
    }
}

fn prune(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    if !is_empty(&plan) && has_no_rows(&plan) {
        let schema = plan.schema().clone();
        return Ok(Transformed::yes(LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema })));
    }
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expression| {
        let name = names.save(&expression);
        Ok(expression.transform_up(subquery_of_nothing)?.update_data(|expression| name.restore(expression)))
    })
}

/// Subqueries over nothing: NULL as an expression, false for EXISTS and IN.
fn subquery_of_nothing(expression: Expr) -> Result<Transformed<Expr>> {
    Ok(match expression {
        Expr::ScalarSubquery(subquery)
            if is_empty(&subquery.subquery) && subquery.subquery.schema().fields().len() == 1 =>
        {
            let value = ScalarValue::try_from(subquery.subquery.schema().field(0).data_type())?;
            Transformed::yes(Expr::Literal(value, None))
        }
        Expr::Exists(exists) if is_empty(&exists.subquery.subquery) => {
            Transformed::yes(Expr::Literal(ScalarValue::Boolean(Some(exists.negated)), None))
        }
        Expr::InSubquery(subquery) if is_empty(&subquery.subquery.subquery) => {
            Transformed::yes(Expr::Literal(ScalarValue::Boolean(Some(subquery.negated)), None))
        }
        other => Transformed::no(other),
    })
}

fn is_empty(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, .. }))
}

/// True where a plan's inputs, which are pruned already, leave it without rows.
fn has_no_rows(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Filter(filter) => is_empty(&filter.input) || is_false(&filter.predicate),
        LogicalPlan::Projection(projection) => is_empty(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_empty(&alias.input),
        LogicalPlan::Subquery(_) => false,
        LogicalPlan::Sort(sort) => is_empty(&sort.input),
        LogicalPlan::Distinct(distinct) => is_empty(distinct.input()),
        LogicalPlan::Limit(limit) => is_empty(&limit.input),
        LogicalPlan::Window(window) => is_empty(&window.input),
        LogicalPlan::Unnest(unnest) => is_empty(&unnest.input),
        // Without a GROUP BY there is one row even of nothing, and ROLLUP, CUBE and GROUPING SETS may ask for that one.
        LogicalPlan::Aggregate(aggregate) => {
            let has_sets = matches!(aggregate.group_expr.first(), Some(Expr::GroupingSet(_)));
            !aggregate.group_expr.is_empty() && !has_sets && is_empty(&aggregate.input)
        }
        LogicalPlan::Union(union) => union.inputs.iter().all(|input| is_empty(input)),
        LogicalPlan::Join(join) => {
            let (left, right) = (is_empty(&join.left), is_empty(&join.right));
            match join.join_type {
                JoinType::Inner | JoinType::LeftSemi | JoinType::RightSemi => left || right,
                JoinType::Left | JoinType::LeftAnti | JoinType::LeftMark => left,
                JoinType::Right | JoinType::RightAnti | JoinType::RightMark => right,
                JoinType::Full => left && right,
            }
        }
        _ => false,
    }
}

fn is_false(predicate: &Expr) -> bool {
    matches!(predicate, Expr::Literal(ScalarValue::Boolean(Some(false) | None), _))
}
