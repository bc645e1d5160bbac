//! `a INTERSECT b UNION c INTERSECT d`: in Hive all set operations are of one rank, and go from the left.

use sqlparser::ast::{SetExpr, SetOperator, SetQuantifier, Values};

/// Brings a tree that the grammar has built by rank to Hive's. What is in parentheses stays together.
pub(super) fn from_left(body: &mut SetExpr) {
    let mixed = matches!(body, SetExpr::SetOperation { left, right, .. } if is_intersect(left) || is_intersect(right));
    if !mixed {
        return;
    }
    let mut operands = Vec::new();
    let mut operators = Vec::new();
    flatten(std::mem::replace(body, nothing()), &mut operands, &mut operators);
    let mut operands = operands.into_iter();
    let Some(first) = operands.next() else { return };
    *body = operands.zip(operators).fold(first, |left, (right, (op, set_quantifier))| SetExpr::SetOperation {
        op,
        set_quantifier,
        left: Box::new(left),
        right: Box::new(right),
    });
}

fn is_intersect(body: &SetExpr) -> bool {
    match body {
        SetExpr::SetOperation { op: SetOperator::Intersect, .. } => true,
        SetExpr::SetOperation { left, right, .. } => is_intersect(left) || is_intersect(right),
        _ => false,
    }
}

/// The operands in the order in which they are written, and the operators between them.
fn flatten(body: SetExpr, operands: &mut Vec<SetExpr>, operators: &mut Vec<(SetOperator, SetQuantifier)>) {
    match body {
        SetExpr::SetOperation { op, set_quantifier, left, right } => {
            flatten(*left, operands, operators);
            operators.push((op, set_quantifier));
            flatten(*right, operands, operators);
        }
        other => operands.push(other),
    }
}

fn nothing() -> SetExpr {
    SetExpr::Values(Values { explicit_row: false, value_keyword: false, rows: Vec::new() })
}
