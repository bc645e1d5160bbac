//! `SELECT TRANSFORM (…) USING …`: what is sent to the program becomes a query of its own, and the program a function over it.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident, Select, SelectItem,
    SelectItemQualifiedWildcardKind, TableFactor, TableWithJoins, WildcardAdditionalOptions,
};

use super::super::Refusal;
use super::lateral::LateralView;
use super::table_function::query;
use crate::hive::TRANSFORM;

/// Rewrites a SELECT whose one column is the program's call.
pub(super) fn rewrite(select: &mut Select) -> ControlFlow<Refusal> {
    let is_call = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(Expr::Function(function)) => is_transform(function),
        _ => false,
    };
    if !select.projection.iter().any(is_call) {
        return ControlFlow::Continue(());
    }
    if select.projection.len() > 1 {
        return ControlFlow::Break(Refusal::Unsupported("a column beside TRANSFORM"));
    }
    if select.distinct.is_some() {
        return ControlFlow::Break(Refusal::Unsupported("DISTINCT with TRANSFORM"));
    }
    let Some(SelectItem::UnnamedExpr(Expr::Function(mut function))) = select.projection.pop() else {
        return ControlFlow::Continue(());
    };
    let FunctionArguments::List(list) = &mut function.args else { return ControlFlow::Continue(()) };
    let said = list.args.iter().skip(3).take_while(|argument| matches!(argument, FunctionArg::Named { .. })).count();
    let given = list.args.split_off((3 + said).min(list.args.len()));
    let mut inner = select.clone();
    inner.projection = given.into_iter().enumerate().map(|(place, argument)| item(place, argument)).collect();
    let input = TableFactor::Derived { lateral: false, subquery: Box::new(query(inner)), alias: None, sample: None };
    let relation = LateralView { input, function, outer: false, alias: None }.write();
    select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
    select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
    select.selection = None;
    select.group_by = GroupByExpr::Expressions(Vec::new(), Vec::new());
    select.having = None;
    select.named_window = Vec::new();
    select.qualify = None;
    ControlFlow::Continue(())
}

fn is_transform(function: &Function) -> bool {
    matches!(function.name.0.as_slice(), [part] if part.as_ident().is_some_and(|name| name.value == TRANSFORM))
}

/// Under a name of its own, for a value may be given twice.
fn item(place: usize, argument: FunctionArg) -> SelectItem {
    let argument = match argument {
        FunctionArg::Unnamed(argument)
        | FunctionArg::Named { arg: argument, .. }
        | FunctionArg::ExprNamed { arg: argument, .. } => argument,
    };
    match argument {
        FunctionArgExpr::Expr(expr) => {
            SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('`', format!("\u{1}given_{place}")) }
        }
        FunctionArgExpr::QualifiedWildcard(name) => SelectItem::QualifiedWildcard(
            SelectItemQualifiedWildcardKind::ObjectName(name),
            WildcardAdditionalOptions::default(),
        ),
        FunctionArgExpr::Wildcard => SelectItem::Wildcard(WildcardAdditionalOptions::default()),
        FunctionArgExpr::WildcardWithOptions(options) => SelectItem::Wildcard(options),
    }
}
