//! `(a, b) IN ((1, 2), (3, 4))`, `(a, b) IN (SELECT …)` and `count(a, b)`, which DataFusion knows of one value only.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    Query, Select, SelectItem, TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins, UnaryOperator,
};

use super::super::cast::take;
use super::super::rows::is_named;
use super::table_function::{empty_select, query};

/// Rewrites one expression, whose parts have been rewritten already.
pub(super) fn rewrite(expression: &mut Expr) {
    match expression {
        Expr::InList { expr, list, negated } => {
            let Some(own) = row(expr) else { return };
            let Some(rows) = list.iter().map(row).collect::<Option<Vec<_>>>() else { return };
            if rows.iter().any(|row| row.len() != own.len()) {
                return;
            }
            let any =
                rows.iter().map(|row| equal(own, row)).reduce(|left, right| binary(left, BinaryOperator::Or, right));
            let Some(any) = any else { return };
            *expression = maybe_not(any, *negated);
        }
        Expr::InSubquery { expr, subquery, negated } => {
            let Some(own) = row(expr).filter(|own| own.len() > 1) else { return };
            let own = own.to_vec();
            *expression = exists(own, std::mem::replace(subquery, Box::new(query(empty_select()))), *negated);
        }
        Expr::BinaryOp { left, op: op @ (BinaryOperator::Eq | BinaryOperator::NotEq), right } => {
            let (Some(ours), Some(theirs)) = (row(left), row(right)) else { return };
            if ours.len() == theirs.len() {
                *expression = maybe_not(equal(ours, theirs), *op == BinaryOperator::NotEq);
            }
        }
        Expr::Function(function) => count_rows(function),
        _ => {}
    }
}

/// The parts of `(a, b)`.
fn row(expr: &Expr) -> Option<&[Expr]> {
    match expr {
        Expr::Tuple(parts) if !parts.is_empty() => Some(parts),
        Expr::Nested(inner) => row(inner),
        _ => None,
    }
}

fn equal(left: &[Expr], right: &[Expr]) -> Expr {
    let pairs = left.iter().zip(right).map(|(left, right)| binary(nested(left), BinaryOperator::Eq, nested(right)));
    let all = pairs.reduce(|left, right| binary(left, BinaryOperator::And, right));
    Expr::Nested(Box::new(all.unwrap_or(Expr::Tuple(Vec::new()))))
}

fn nested(expr: &Expr) -> Expr {
    Expr::Nested(Box::new(expr.clone()))
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn maybe_not(expr: Expr, negated: bool) -> Expr {
    let expr = Expr::Nested(Box::new(expr));
    match negated {
        true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) },
        false => expr,
    }
}

/// `EXISTS (SELECT 1 FROM (subquery) WHERE its columns equal ours)`. A comparison with NULL is neither true nor false: NOT IN
/// is true only where every row differs.
fn exists(own: Vec<Expr>, subquery: Box<Query>, negated: bool) -> Expr {
    let name = |place: usize| Ident::with_quote('`', format!("\u{1}member_{place}"));
    let relation = Ident::with_quote('`', "\u{1}members");
    let columns = (0..own.len()).map(|place| TableAliasColumnDef { name: name(place), data_type: None }).collect();
    let members: Vec<Expr> =
        (0..own.len()).map(|place| Expr::CompoundIdentifier(vec![relation.clone(), name(place)])).collect();
    let mut condition = equal(&members, &own);
    if negated {
        condition = Expr::IsNotFalse(Box::new(condition));
    }
    let mut select: Select = empty_select();
    let one = Expr::Value(sqlparser::ast::Value::Number("1".to_owned(), false).with_empty_span());
    select.projection = vec![SelectItem::UnnamedExpr(one)];
    select.from = vec![TableWithJoins {
        relation: TableFactor::Derived {
            lateral: false,
            subquery,
            alias: Some(TableAlias { explicit: true, name: relation, columns, at: None }),
            sample: None,
        },
        joins: Vec::new(),
    }];
    select.selection = Some(condition);
    Expr::Exists { subquery: Box::new(query(select)), negated }
}

/// `count(a, b)` counts rows of which no part is NULL.
fn count_rows(function: &mut Function) {
    if !is_named(&function.name, "count") || function.filter.is_some() {
        return;
    }
    let FunctionArguments::List(FunctionArgumentList { args, duplicate_treatment, .. }) = &mut function.args else {
        return;
    };
    let parts: Vec<Expr> = args
        .iter()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect();
    if parts.len() < 2 || parts.len() != args.len() || duplicate_treatment.is_some() {
        return;
    }
    let known = parts.iter().map(|part| Expr::IsNotNull(Box::new(nested(part))));
    let Some(known) = known.reduce(|left, right| binary(left, BinaryOperator::And, right)) else { return };
    let one = Expr::Value(sqlparser::ast::Value::Number("1".to_owned(), false).with_empty_span());
    *args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(one))];
    function.filter = Some(Box::new(known));
}

/// `div(a, b)` is `a DIV b`.
pub(super) fn whole_quotient(expression: &mut Expr) {
    let Expr::Function(function) = expression else { return };
    if !is_named(&function.name, "div") {
        return;
    }
    let FunctionArguments::List(list) = &mut function.args else { return };
    if let [FunctionArg::Unnamed(FunctionArgExpr::Expr(left)), FunctionArg::Unnamed(FunctionArgExpr::Expr(right))] =
        list.args.as_mut_slice()
    {
        let (left, right) = (take(left), take(right));
        *expression = Expr::Nested(Box::new(binary(
            Expr::Nested(Box::new(left)),
            BinaryOperator::MyIntegerDivide,
            Expr::Nested(Box::new(right)),
        )));
    }
}
