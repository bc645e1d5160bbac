//! Expressions that have a syntax of their own in sqlparser, as calls of functions that each dialect has its own of.

use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, Expr, TrimWhereField, UnaryOperator, Value};

use mead_common::Dialect;

use super::super::Refusal;
use super::super::cast::{call, take};
use super::function;

/// The file that a row comes from, as a URI that begins so.
fn file_name(scheme: &str) -> Expr {
    let scheme = Expr::Value(Value::SingleQuotedString(scheme.to_owned()).with_empty_span());
    call("concat", vec![scheme, call("input_file_name", Vec::new())])
}

/// Rewrites one expression, whose parts have been rewritten already.
pub(super) fn rewrite(expression: &mut Expr, dialect: Dialect) -> ControlFlow<Refusal> {
    match expression {
        Expr::Function(called) if dialect == Dialect::Spark && called.name.to_string() == "input_file_name" => {
            *expression = file_name("file://");
        }
        Expr::Function(called) => function::rewrite(called, dialect),
        Expr::RLike { negated, expr, pattern, .. } => {
            let matched = call("regexp_like", vec![take(expr), take(pattern)]);
            *expression = match negated {
                true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(matched) },
                false => matched,
            };
        }
        Expr::Trim { expr, trim_where, trim_what, trim_characters } => {
            let name = match trim_where {
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
                Some(TrimWhereField::Both) | None => "trim",
            };
            let mut arguments = vec![take(expr)];
            arguments.extend(trim_what.take().map(|what| *what));
            arguments.extend(trim_characters.take().into_iter().flatten());
            *expression = call(name, arguments);
        }
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let mut arguments = vec![take(expr)];
            arguments.extend(substring_from.take().map(|from| *from));
            arguments.extend(substring_for.take().map(|length| *length));
            *expression = call("substring", arguments);
        }
        // Hive's virtual column: the file that a row comes from.
        Expr::Identifier(name) if name.value.eq_ignore_ascii_case("input__file__name") => {
            *expression = file_name("file:");
        }
        Expr::UnaryOp { op: op @ UnaryOperator::BangNot, .. } => *op = UnaryOperator::Not,
        Expr::BinaryOp { op: BinaryOperator::Spaceship, left, right } => {
            *expression = Expr::Nested(Box::new(Expr::IsNotDistinctFrom(
                Box::new(Expr::Nested(Box::new(take(left)))),
                Box::new(Expr::Nested(Box::new(take(right)))),
            )));
        }
        _ => {}
    }
    ControlFlow::Continue(())
}
