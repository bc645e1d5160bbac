//! Functions that return rows, and arrays made from rows.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    GroupByExpr, Ident, LambdaFunction, LambdaFunctionParameter, LambdaSyntax, ObjectName, OneOrManyWithParens,
    OrderBy, OrderByKind, Query, SelectItem, SetExpr, TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::cast::call;
use crate::statement::identifier_text;

/// `generate_subscripts(a, n)` in a SELECT list is `unnest(array_subscripts(a, n))`.
pub(super) fn subscripts(function: &mut Function) -> Option<Expr> {
    if !is_named(&function.name, "generate_subscripts") {
        return None;
    }
    let FunctionArguments::List(list) = &function.args else { return None };
    let arguments: Vec<Expr> = list.args.iter().map(expression).collect::<Option<_>>()?;
    (arguments.len() == 2).then(|| call("unnest", vec![call("array_subscripts", arguments)]))
}

/// `ARRAY(SELECT x …)` is `coalesce((SELECT array_agg(x) …), make_array())`: without rows an empty array, not NULL.
///
/// DataFusion can only decorrelate the aggregate where it stands on the very query, so a plain one is changed in place;
/// any other becomes a query in FROM.
pub(super) fn array_of_rows(function: &mut Function) -> Option<Expr> {
    let FunctionArguments::Subquery(rows) = &mut function.args else { return None };
    if !is_named(&function.name, "array") {
        return None;
    }
    if let Some(mapped) = mapped_array(rows) {
        return Some(call("coalesce", vec![mapped, call("make_array", Vec::new())]));
    }
    let aggregate = match aggregated_in_place(rows) {
        Some(aggregate) => aggregate,
        None => {
            let mut aggregate = parse("SELECT array_agg(__element) FROM (SELECT 1) AS __rows (__element)")?;
            let SetExpr::Select(select) = aggregate.body.as_mut() else { return None };
            let TableFactor::Derived { subquery, .. } = &mut select.from.first_mut()?.relation else { return None };
            std::mem::swap(subquery, rows);
            aggregate
        }
    };
    Some(call("coalesce", vec![Expr::Subquery(aggregate), call("make_array", Vec::new())]))
}

/// `SELECT f(x) FROM unnest(a) AS x` is `array_transform(a, x -> f(x))`: `a` may be a column of the outer row.
fn mapped_array(rows: &Query) -> Option<Expr> {
    if rows.with.is_some() || rows.limit_clause.is_some() || rows.fetch.is_some() || rows.order_by.is_some() {
        return None;
    }
    let SetExpr::Select(select) = rows.body.as_ref() else { return None };
    let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(groups, _) if groups.is_empty());
    if select.distinct.is_some() || select.selection.is_some() || select.having.is_some() || !ungrouped {
        return None;
    }
    let [SelectItem::UnnamedExpr(element) | SelectItem::ExprWithAlias { expr: element, .. }] =
        select.projection.as_slice()
    else {
        return None;
    };
    let [TableWithJoins { relation: TableFactor::UNNEST { alias: Some(alias), array_exprs, .. }, joins }] =
        select.from.as_slice()
    else {
        return None;
    };
    let ([array], [name], true) = (array_exprs.as_slice(), alias.columns.as_slice(), joins.is_empty()) else {
        return None;
    };
    if !is_plain(element) {
        return None;
    }
    let lambda = Expr::Lambda(LambdaFunction {
        params: OneOrManyWithParens::One(LambdaFunctionParameter { name: name.name.clone(), data_type: None }),
        // A view is kept as text: parentheses keep the body together when it is read again.
        body: Box::new(Expr::Nested(Box::new(element.clone()))),
        syntax: LambdaSyntax::Arrow,
    });
    Some(call("array_transform", vec![array.clone(), lambda]))
}

/// `array_transform(a, x -> (…))`, which a view's text may hold, reads as an operator of json in PostgreSQL's dialect.
pub(super) fn lambda(function: &mut Function) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    if !is_named(&function.name, "array_transform") {
        return;
    }
    if let [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(mapping))] = list.args.as_mut_slice()
        && let Expr::BinaryOp { left, op: BinaryOperator::Arrow, right } = mapping
        && let Expr::Identifier(name) = left.as_ref()
    {
        *mapping = Expr::Lambda(LambdaFunction {
            params: OneOrManyWithParens::One(LambdaFunctionParameter { name: name.clone(), data_type: None }),
            body: right.clone(),
            syntax: LambdaSyntax::Arrow,
        });
    }
}

/// `SELECT x FROM … WHERE … ORDER BY y` as `SELECT array_agg(x ORDER BY y) FROM … WHERE …`; `None` for a query that does more.
fn aggregated_in_place(rows: &Query) -> Option<Box<Query>> {
    let mut query = Box::new(rows.clone());
    if query.with.is_some() || query.limit_clause.is_some() || query.fetch.is_some() {
        return None;
    }
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(groups, _) if groups.is_empty());
    if select.distinct.is_some() || select.having.is_some() || select.qualify.is_some() || !ungrouped {
        return None;
    }
    let (element, output) = match select.projection.as_slice() {
        [SelectItem::UnnamedExpr(element)] => (element, None),
        [SelectItem::ExprWithAlias { expr: element, alias }] => (element, Some(identifier_text(alias))),
        _ => return None,
    };
    if !is_plain(element) {
        return None;
    }
    let mut order = match query.order_by.take() {
        None => Vec::new(),
        Some(OrderBy { kind: OrderByKind::Expressions(order), interpolate: None }) => order,
        Some(_) => return None,
    };
    for key in &mut order {
        match &key.expr {
            // The one column, by its number.
            Expr::Value(_) => key.expr = element.clone(),
            // Or by the name it is given, which hides a column of the table.
            Expr::Identifier(name) if output.as_ref() == Some(&identifier_text(name)) => key.expr = element.clone(),
            other if is_plain(other) => {}
            _ => return None,
        }
    }
    let mut aggregate = call("array_agg", vec![element.clone()]);
    if let (false, Expr::Function(Function { args: FunctionArguments::List(list), .. })) =
        (order.is_empty(), &mut aggregate)
    {
        list.clauses.push(FunctionArgumentClause::OrderBy(order));
    }
    select.projection = vec![SelectItem::UnnamedExpr(aggregate)];
    Some(query)
}

/// True for an expression that surely holds no aggregate, no window function and no subquery.
fn is_plain(expression: &Expr) -> bool {
    match expression {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) => true,
        Expr::Nested(expr) | Expr::Cast { expr, .. } | Expr::UnaryOp { expr, .. } => is_plain(expr),
        Expr::BinaryOp { left, right, .. } => is_plain(left) && is_plain(right),
        Expr::Function(function) => {
            let FunctionArguments::List(list) = &function.args else { return false };
            let known = SCALAR_FUNCTIONS.iter().any(|name| is_named(&function.name, name));
            let arguments: Option<Vec<Expr>> = list.args.iter().map(self::expression).collect();
            known && function.over.is_none() && arguments.is_some_and(|arguments| arguments.iter().all(is_plain))
        }
        _ => false,
    }
}

/// Functions that clients call in such queries and that are surely neither aggregates nor set-returning.
const SCALAR_FUNCTIONS: [&str; 8] =
    ["array_to_string", "coalesce", "format_type", "lower", "pg_get_userbyid", "quote_ident", "quote_literal", "upper"];

fn parse(sql: &str) -> Option<Box<Query>> {
    Parser::new(&PostgreSqlDialect {}).try_with_sql(sql).and_then(|mut parser| parser.parse_query()).ok()
}

/// In FROM: a function's one column has the name of its alias, as in PostgreSQL; and a function whose arguments are not
/// constants is unnested, since DataFusion's table functions take constants.
pub(super) fn in_from(factor: &mut TableFactor) {
    match factor {
        TableFactor::UNNEST { alias: Some(alias), array_exprs, with_offset: false, with_ordinality: false, .. }
            if array_exprs.len() == 1 =>
        {
            name_column(alias);
        }
        TableFactor::Table { name, alias, args: Some(arguments), .. } => {
            let is_series = is_named(name, "generate_series");
            if !is_series && !is_named(name, "unnest") {
                return;
            }
            let Some(expressions) = arguments.args.iter().map(expression).collect::<Option<Vec<Expr>>>() else {
                return;
            };
            let function = if is_series { "generate_series" } else { "unnest" };
            let mut alias_or_name = alias.clone().unwrap_or_else(|| alias_named(function));
            name_column(&mut alias_or_name);
            if is_series && expressions.iter().all(is_constant) {
                *alias = Some(alias_or_name);
                return;
            }
            let array_exprs = if is_series { vec![call("generate_series", expressions)] } else { expressions };
            *factor = TableFactor::UNNEST {
                alias: Some(alias_or_name),
                array_exprs,
                with_offset: false,
                with_offset_alias: None,
                with_ordinality: false,
            };
        }
        _ => {}
    }
}

fn alias_named(name: &str) -> TableAlias {
    TableAlias { explicit: true, name: Ident::new(name), columns: Vec::new(), at: None }
}

fn name_column(alias: &mut TableAlias) {
    if alias.columns.is_empty() {
        alias.columns.push(TableAliasColumnDef { name: alias.name.clone(), data_type: None });
    }
}

fn is_constant(expression: &Expr) -> bool {
    match expression {
        Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_) => true,
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) | Expr::Cast { expr, .. } => is_constant(expr),
        Expr::BinaryOp { left, right, .. } => is_constant(left) && is_constant(right),
        _ => false,
    }
}

fn expression(argument: &FunctionArg) -> Option<Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Some(expression.clone()),
        _ => None,
    }
}

pub(super) fn is_named(name: &ObjectName, wanted: &str) -> bool {
    match name.0.as_slice() {
        [part] => part.as_ident().is_some_and(|name| name.value.eq_ignore_ascii_case(wanted)),
        _ => false,
    }
}
