//! Queries of Hive and Spark, brought to what the planner knows in every dialect, before the other changes.

mod expression;
mod function;
mod group_by;
mod lateral;
mod names;
mod row_comparison;
mod set_operations;
mod sort_by;
mod table_function;
mod transform;
mod values;

use std::ops::ControlFlow;

use mead_common::Dialect;
use sqlparser::ast::{
    Expr, JoinConstraint, JoinOperator, Query, Select, SetExpr, SetOperator, TableFactor, VisitMut, VisitorMut,
};

use super::Refusal;

pub use lateral::LateralView;
pub use table_function::{empty_select, query};

/// Rewrites a query and all that are in it.
pub(super) fn rewrite(query: &mut Query, dialect: Dialect) -> ControlFlow<Refusal> {
    query.visit(&mut HiveRewriter { dialect, made: 0 })
}

struct HiveRewriter {
    dialect: Dialect,
    /// Names that have been made up.
    made: usize,
}

impl VisitorMut for HiveRewriter {
    type Break = Refusal;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Refusal> {
        minus_is_except(&mut query.body);
        if self.dialect == Dialect::Hive {
            set_operations::from_left(&mut query.body);
        }
        sort_by::to_order_by(query);
        if let SetExpr::Values(list) = query.body.as_mut() {
            values::texts(list);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Refusal> {
        if !select.connect_by.is_empty() {
            return ControlFlow::Break(Refusal::Unsupported("CONNECT BY"));
        }
        if select.into.is_some() {
            return ControlFlow::Break(Refusal::Unsupported("SELECT INTO"));
        }
        transform::rewrite(select)?;
        group_by::modifiers(select)?;
        table_function::in_columns(select, &mut self.made)?;
        for from in &mut select.from {
            for join in &mut from.joins {
                join_operator(&mut join.join_operator);
            }
        }
        lateral::fold(&mut select.from)?;
        names::name_unnamed(select, self.dialect);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Refusal> {
        if let TableFactor::NestedJoin { table_with_joins, .. } = factor {
            for join in &mut table_with_joins.joins {
                join_operator(&mut join.join_operator);
            }
            lateral::fold_joins(table_with_joins)?;
        }
        table_function::in_from(factor);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Refusal> {
        row_comparison::rewrite(expression);
        row_comparison::whole_quotient(expression);
        expression::rewrite(expression, self.dialect)
    }
}

/// `a MINUS b` is `a EXCEPT b`.
fn minus_is_except(body: &mut SetExpr) {
    if let SetExpr::SetOperation { op, left, right, .. } = body {
        if *op == SetOperator::Minus {
            *op = SetOperator::Except;
        }
        minus_is_except(left);
        minus_is_except(right);
    }
}

/// `a CROSS JOIN b ON c` is an inner join; Spark's `a SEMI JOIN b` is `a LEFT SEMI JOIN b`.
fn join_operator(operator: &mut JoinOperator) {
    let old = std::mem::replace(operator, JoinOperator::CrossJoin(JoinConstraint::None));
    *operator = match old {
        JoinOperator::CrossJoin(constraint) if constraint != JoinConstraint::None => JoinOperator::Inner(constraint),
        JoinOperator::Semi(constraint) => JoinOperator::LeftSemi(constraint),
        JoinOperator::Anti(constraint) => JoinOperator::LeftAnti(constraint),
        other => other,
    };
}
