//! Sums of small numbers: DataFusion takes every whole number that is written for a bigint, whose sum is numeric. PostgreSQL
//! takes those that fit for integers, whose sum is bigint: `sum(CASE WHEN a THEN 1 ELSE 0 END)`.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, Alias, Case, Cast, WindowFunctionDefinition};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, ExprSchemable, LogicalPlan, Operator};
use mead_functions::{freeze_sum, sum_as};

/// The plan with bigint in the place of numeric for such sums.
pub(crate) fn small_sums(plan: LogicalPlan) -> Result<LogicalPlan> {
    let rewritten = plan.transform_up_with_subqueries(|plan| {
        if !matches!(plan, LogicalPlan::Aggregate(_) | LogicalPlan::Window(_)) {
            return plan.recompute_schema().map(Transformed::yes);
        }
        let inputs: Vec<LogicalPlan> = plan.inputs().into_iter().cloned().collect();
        let names = NamePreserver::new(&plan);
        let plan = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| Ok(one(expr, &inputs)))?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?;
        plan.map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(rewritten.data)
}

fn one(expr: Expr, inputs: &[LogicalPlan]) -> Transformed<Expr> {
    let is_small = |arguments: &[Expr]| match (arguments, inputs) {
        ([argument], [input]) => is_small(argument, input) && is_bigint(argument, input),
        _ => false,
    };
    match expr {
        Expr::AggregateFunction(call)
            if freeze_sum(&call.func, &DataType::Int64).is_some() && is_small(&call.params.args) =>
        {
            let func = sum_as(DataType::Int64);
            Transformed::yes(Expr::AggregateFunction(AggregateFunction { func, ..call }))
        }
        Expr::WindowFunction(mut call) => match &call.fun {
            WindowFunctionDefinition::AggregateUDF(function)
                if freeze_sum(function, &DataType::Int64).is_some() && is_small(&call.params.args) =>
            {
                call.fun = WindowFunctionDefinition::AggregateUDF(sum_as(DataType::Int64));
                Transformed::yes(Expr::WindowFunction(call))
            }
            _ => Transformed::no(Expr::WindowFunction(call)),
        },
        other => Transformed::no(other),
    }
}

fn is_bigint(expr: &Expr, input: &LogicalPlan) -> bool {
    expr.get_type(input.schema()).is_ok_and(|data_type| data_type == DataType::Int64)
}

/// True for what PostgreSQL takes for an integer or smaller. Sums remain right where it is not: they are checked.
fn is_small(expr: &Expr, input: &LogicalPlan) -> bool {
    let is_small = |expr: &Expr| is_small(expr, input);
    match expr {
        Expr::Literal(ScalarValue::Int64(Some(value)), _) => i32::try_from(*value).is_ok(),
        Expr::Literal(value, _) => value.is_null(),
        Expr::Alias(Alias { expr, .. }) | Expr::Negative(expr) => is_small(expr),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            use Operator::{Divide, Minus, Modulo, Multiply, Plus};
            matches!(op, Plus | Minus | Multiply | Divide | Modulo) && is_small(left) && is_small(right)
        }
        Expr::Case(Case { when_then_expr, else_expr, .. }) => {
            when_then_expr.iter().map(|(_, then)| then.as_ref()).chain(else_expr.as_deref()).all(is_small)
        }
        Expr::ScalarFunction(call) if matches!(call.func.name(), "abs" | "coalesce" | "greatest" | "least") => {
            call.args.iter().all(is_small)
        }
        Expr::Cast(Cast { field, .. }) => is_integer(field.data_type()),
        Expr::Column(column) => {
            let data_type = expr.get_type(input.schema());
            data_type.is_ok_and(|data_type| {
                is_integer(&data_type) || data_type == DataType::Int64 && is_from_small(column, input)
            })
        }
        other => other.get_type(input.schema()).is_ok_and(|data_type| is_integer(&data_type)),
    }
}

fn is_integer(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int8 | DataType::Int16 | DataType::Int32)
}

/// True for a column that is made from small numbers further down.
fn is_from_small(column: &Column, plan: &LogicalPlan) -> bool {
    let Some(place) = plan.schema().maybe_index_of_column(column) else { return false };
    is_small_at(place, plan)
}

fn is_small_at(place: usize, plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => {
            projection.expr.get(place).is_some_and(|expr| is_small(expr, &projection.input))
        }
        LogicalPlan::SubqueryAlias(alias) => is_small_at(place, &alias.input),
        LogicalPlan::Filter(filter) => is_small_at(place, &filter.input),
        LogicalPlan::Sort(sort) => is_small_at(place, &sort.input),
        LogicalPlan::Limit(limit) => is_small_at(place, &limit.input),
        LogicalPlan::Distinct(Distinct::All(input)) => is_small_at(place, input),
        LogicalPlan::Union(union) => union.inputs.iter().all(|input| is_small_at(place, input)),
        LogicalPlan::RecursiveQuery(query) => is_small_at(place, &query.static_term),
        LogicalPlan::Aggregate(aggregate) => {
            aggregate.group_expr.get(place).is_some_and(|expr| is_small(expr, &aggregate.input))
        }
        LogicalPlan::Values(values) => {
            let column = values.values.iter().filter_map(|row| row.get(place));
            column.map(bare).all(|expr| is_small(expr, plan))
        }
        _ => false,
    }
}

/// What stands below the cast to the column's type.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(Cast { expr, .. }) => expr,
        other => other,
    }
}
