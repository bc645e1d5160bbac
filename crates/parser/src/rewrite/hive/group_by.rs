//! `GROUP BY a, b GROUPING SETS (a, (a, b))`, `WITH CUBE`, `WITH ROLLUP`, and GROUPING__ID.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FunctionArgumentList, FunctionArguments, GroupByExpr, GroupByWithModifier, Query, Select, SelectItem, Value,
    VisitMut, VisitorMut,
};

use super::super::Refusal;
use super::super::cast::call;
use super::super::rows::is_named;

/// Brings the modifiers to the standard's form, and puts what GROUPING__ID stands for in its place.
pub(super) fn modifiers(select: &mut Select) -> ControlFlow<Refusal> {
    let GroupByExpr::Expressions(keys, modifiers) = &mut select.group_by else { return ControlFlow::Continue(()) };
    if !modifiers.is_empty() || keys.iter().any(is_sets) {
        keys.iter_mut().for_each(|key| by_place(key, &select.projection));
        modifiers.iter_mut().for_each(|modifier| {
            if let GroupByWithModifier::GroupingSets(sets) = modifier {
                by_place(sets, &select.projection);
            }
        });
    }
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
    let has_sets = keys.iter().any(is_sets);
    if !has_sets {
        columns.clear();
    }
    let mut id = GroupingId { columns, has_sets, depth: 0 };
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

fn is_sets(key: &Expr) -> bool {
    matches!(key, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_))
}

/// A number stands for the column at that place. DataFusion knows that of keys that are in no set.
fn by_place(key: &mut Expr, projection: &[SelectItem]) {
    match key {
        Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
            sets.iter_mut().flatten().for_each(|key| by_place(key, projection));
        }
        Expr::Nested(inner) => by_place(inner, projection),
        Expr::Tuple(parts) => parts.iter_mut().for_each(|part| by_place(part, projection)),
        Expr::Value(value) => {
            let place = match &value.value {
                Value::Number(digits, _) => digits.parse::<usize>().ok().and_then(|place| place.checked_sub(1)),
                _ => None,
            };
            if let Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) =
                place.and_then(|place| projection.get(place))
            {
                *key = expr.clone();
            }
        }
        _ => {}
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
    /// Whether rows are grouped by several sets.
    has_sets: bool,
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
            Expr::Function(function) => {
                let is_part = !self.has_sets && is_named(&function.name, "grouping");
                is_part || is_named(&function.name, "grouping_id")
            }
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
        // Where there is one set, every column is in it.
        *expression = match columns.is_empty() || !self.has_sets {
            true => Expr::Value(sqlparser::ast::Value::Number("0".to_owned(), false).with_empty_span()),
            false => call("grouping", columns),
        };
        ControlFlow::Continue(())
    }
}
