//! `GROUP BY a, b GROUPING SETS (a, (a, b))`, `WITH CUBE`, `WITH ROLLUP`, and GROUPING__ID.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FunctionArgumentList, FunctionArguments, GroupByExpr, GroupByWithModifier, Query, Select, SelectItem,
    VisitMut, VisitorMut,
};

use super::super::Refusal;
use super::super::cast::call;
use super::super::rows::is_named;

/// Brings the modifiers to the standard's form, and puts what GROUPING__ID stands for in its place.
pub(super) fn modifiers(select: &mut Select) -> ControlFlow<Refusal> {
    let GroupByExpr::Expressions(keys, modifiers) = &mut select.group_by else { return ControlFlow::Continue(()) };
    let mut columns = columns(keys);
    for modifier in std::mem::take(modifiers) {
        let mut own = || std::mem::take(keys).into_iter().map(|key| vec![key]).collect::<Vec<_>>();
        let sets = match modifier {
            GroupByWithModifier::Rollup => Expr::Rollup(own()),
            GroupByWithModifier::Cube => Expr::Cube(own()),
            GroupByWithModifier::GroupingSets(sets) => sets,
            GroupByWithModifier::Totals => return ControlFlow::Break(Refusal::Unsupported("GROUP BY … WITH TOTALS")),
        };
        *keys = vec![sets];
    }
    let has_sets = keys.iter().any(|key| matches!(key, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_)));
    if !has_sets {
        columns.clear();
    }
    let mut id = GroupingId { columns, depth: 0 };
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            expr.visit(&mut id)?;
        }
    }
    match &mut select.having {
        Some(having) => having.visit(&mut id),
        None => ControlFlow::Continue(()),
    }
}

/// The columns that are grouped by, in order.
fn columns(keys: &[Expr]) -> Vec<Expr> {
    let mut columns: Vec<Expr> = Vec::new();
    for key in keys {
        match key {
            Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
                for column in sets.iter().flatten() {
                    if !columns.contains(column) {
                        columns.push(column.clone());
                    }
                }
            }
            other => columns.push(other.clone()),
        }
    }
    columns
}

struct GroupingId {
    columns: Vec<Expr>,
    depth: usize,
}

impl VisitorMut for GroupingId {
    type Break = Refusal;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<Refusal> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Refusal> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Refusal> {
        let is_id = match &*expression {
            Expr::Identifier(name) => name.value.eq_ignore_ascii_case("grouping__id"),
            Expr::Function(function) => is_named(&function.name, "grouping_id"),
            _ => false,
        };
        if !is_id || self.depth > 0 {
            return ControlFlow::Continue(());
        }
        let given = match &*expression {
            Expr::Function(function) => match &function.args {
                FunctionArguments::List(FunctionArgumentList { args, .. }) => args
                    .iter()
                    .filter_map(|argument| match argument {
                        sqlparser::ast::FunctionArg::Unnamed(sqlparser::ast::FunctionArgExpr::Expr(expr)) => {
                            Some(expr.clone())
                        }
                        _ => None,
                    })
                    .collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let columns = if given.is_empty() { self.columns.clone() } else { given };
        *expression = match columns.is_empty() {
            true => Expr::Value(sqlparser::ast::Value::Number("0".to_owned(), false).with_empty_span()),
            false => call("grouping", columns),
        };
        ControlFlow::Continue(())
    }
}
