//! The expressions of UPDATE, DELETE and MERGE, rewritten as those of a query are.

use std::ops::ControlFlow;

use mead_common::Dialect;
use sqlparser::ast::{SelectItem, VisitMut};

use super::cast::take;
use super::{Refusal, Rewriter, hive};
use crate::dialect::select;
use crate::statement::Change;

/// Rewrites all expressions and relations of a statement, as parts of one query.
pub(super) fn rewrite(change: &mut Change, dialect: Dialect) -> ControlFlow<Refusal> {
    let (mut expressions, mut tables) = change.parts();
    let items = expressions.iter_mut().map(|expression| SelectItem::UnnamedExpr(take(expression))).collect();
    let from = tables.as_mut().map(|tables| std::mem::take(*tables)).unwrap_or_default();
    let Ok(mut query) = select(items, from, None) else {
        return ControlFlow::Break(Refusal::Unsupported("this change"));
    };
    if dialect.is_hive_like() {
        hive::rewrite(&mut query, dialect)?;
    }
    query.visit(&mut Rewriter { dialect })?;
    let sqlparser::ast::SetExpr::Select(select) = *query.body else {
        return ControlFlow::Break(Refusal::Unsupported("this change"));
    };
    let mut rewritten = select.projection.into_iter();
    for expression in expressions {
        match rewritten.next() {
            Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) => *expression = expr,
            _ => return ControlFlow::Break(Refusal::Unsupported("a function of rows in a change")),
        }
    }
    if rewritten.next().is_some() {
        return ControlFlow::Break(Refusal::Unsupported("a function of rows in a change"));
    }
    if let Some(tables) = tables {
        *tables = select.from;
    }
    ControlFlow::Continue(())
}
