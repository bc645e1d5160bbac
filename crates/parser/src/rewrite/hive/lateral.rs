//! Lateral views, as the planner finds them in the tree.
//!
//! A join with a lateral function becomes one relation: the join of all that stands before it, with the function over it.
//! sqlparser's tree has a place for a relation, a call, an alias and a word in PIVOT, which is taken for it.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, ExprWithAlias, Function, FunctionArgumentList, FunctionArguments, Ident, Join, JoinConstraint, JoinOperator,
    PivotValueSource, TableAlias, TableFactor, TableWithJoins,
};

use super::super::Refusal;

const INNER: &str = "\u{1}lateral view";
const OUTER: &str = "\u{1}lateral view outer";

/// A relation, and a function over each of its rows.
#[derive(Debug)]
pub struct LateralView {
    pub input: TableFactor,
    pub function: Function,
    /// Rows for which the function gives none are kept.
    pub outer: bool,
    pub alias: Option<TableAlias>,
}

impl LateralView {
    /// The lateral view that a relation is, or the relation.
    pub fn read(factor: TableFactor) -> Result<Self, Box<TableFactor>> {
        let outer = match &factor {
            TableFactor::Pivot { value_column, .. } => match value_column.as_slice() {
                [Expr::Identifier(word)] if word.value == INNER => false,
                [Expr::Identifier(word)] if word.value == OUTER => true,
                _ => return Err(Box::new(factor)),
            },
            _ => return Err(Box::new(factor)),
        };
        match factor {
            TableFactor::Pivot { table, mut aggregate_functions, alias, .. } => match aggregate_functions.pop() {
                Some(ExprWithAlias { expr: Expr::Function(function), .. }) => {
                    Ok(Self { input: *table, function, outer, alias })
                }
                _ => Err(table),
            },
            other => Err(Box::new(other)),
        }
    }

    /// The relation that stands for it in the tree.
    pub(super) fn write(self) -> TableFactor {
        let word = if self.outer { OUTER } else { INNER };
        TableFactor::Pivot {
            table: Box::new(self.input),
            aggregate_functions: vec![ExprWithAlias { expr: Expr::Function(self.function), alias: None }],
            value_column: vec![Expr::Identifier(Ident::with_quote('`', word))],
            value_source: PivotValueSource::List(Vec::new()),
            default_on_null: None,
            alias: self.alias,
        }
    }
}

/// Folds the lateral functions of a FROM. One may refer to all relations before it, whatever joins them.
pub(super) fn fold(from: &mut Vec<TableWithJoins>) -> ControlFlow<Refusal> {
    while let Some(place) = (1..from.len()).find(|place| holds_lateral(&from[*place])) {
        let mut behind = from.split_off(place);
        let folded = behind.remove(0);
        let rest = behind;
        let joined = from.drain(..).reduce(cross_join);
        let Some(mut joined) = joined else { return ControlFlow::Continue(()) };
        joined = cross_join(joined, folded);
        from.push(joined);
        from.extend(rest);
        fold_joins(&mut from[0])?;
    }
    match from.first_mut() {
        Some(first) => fold_joins(first),
        None => ControlFlow::Continue(()),
    }
}

fn cross_join(mut left: TableWithJoins, right: TableWithJoins) -> TableWithJoins {
    let join =
        Join { relation: right.relation, global: false, join_operator: JoinOperator::CrossJoin(JoinConstraint::None) };
    left.joins.push(join);
    left.joins.extend(right.joins);
    left
}

fn holds_lateral(from: &TableWithJoins) -> bool {
    is_lateral(&from.relation) || from.joins.iter().any(|join| is_lateral(&join.relation))
}

fn is_lateral(factor: &TableFactor) -> bool {
    matches!(factor, TableFactor::Function { lateral: true, .. })
}

/// Folds the lateral functions of one chain of joins.
pub(super) fn fold_joins(from: &mut TableWithJoins) -> ControlFlow<Refusal> {
    while let Some(place) = from.joins.iter().position(|join| is_lateral(&join.relation)) {
        let behind = from.joins.split_off(place + 1);
        let Some(join) = from.joins.pop() else { return ControlFlow::Continue(()) };
        let outer = match &join.join_operator {
            JoinOperator::CrossJoin(JoinConstraint::None) => false,
            JoinOperator::Inner(JoinConstraint::None) | JoinOperator::Join(JoinConstraint::None) => false,
            JoinOperator::Left(JoinConstraint::On(on)) | JoinOperator::LeftOuter(JoinConstraint::On(on))
                if is_true(on) =>
            {
                true
            }
            _ => return ControlFlow::Break(Refusal::Unsupported("a join with a lateral function ON a condition")),
        };
        let TableFactor::Function { name, args, alias, with_ordinality, .. } = join.relation else {
            return ControlFlow::Continue(());
        };
        if with_ordinality {
            return ControlFlow::Break(Refusal::Unsupported("WITH ORDINALITY"));
        }
        let function = Function {
            name,
            args: FunctionArguments::List(FunctionArgumentList {
                duplicate_treatment: None,
                args,
                clauses: Vec::new(),
            }),
            uses_odbc_syntax: false,
            parameters: FunctionArguments::None,
            filter: None,
            null_treatment: None,
            over: None,
            within_group: Vec::new(),
        };
        let before = TableWithJoins { relation: take(&mut from.relation), joins: std::mem::take(&mut from.joins) };
        let input = match before.joins.is_empty() {
            true => before.relation,
            false => TableFactor::NestedJoin { table_with_joins: Box::new(before), alias: None },
        };
        from.relation = LateralView { input, function, outer, alias }.write();
        from.joins = behind;
    }
    ControlFlow::Continue(())
}

fn is_true(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if value.value == sqlparser::ast::Value::Boolean(true))
}

pub(super) fn take(factor: &mut TableFactor) -> TableFactor {
    let nothing =
        TableFactor::TableFunction { expr: Expr::Value(sqlparser::ast::Value::Null.with_empty_span()), alias: None };
    std::mem::replace(factor, nothing)
}
