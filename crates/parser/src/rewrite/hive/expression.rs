//! Expressions that have a syntax of their own in sqlparser, as calls of functions that each dialect has its own of.

use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, CastKind, CeilFloorKind, DataType, DateTimeField, ExactNumberInfo, Expr, TrimWhereField, UnaryOperator,
    Value, ValueWithSpan,
};

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
        Expr::Function(called) => {
            if let Some(other) = function::rewrite(called, dialect) {
                *expression = other;
            }
        }
        Expr::Floor { expr, field: CeilFloorKind::DateTimeField(field) } if *field != DateTimeField::NoDateTime => {
            *expression = call(&format!("floor_{}", field.to_string().to_lowercase()), vec![take(expr)]);
        }
        // `f(x).member`, `a[0].member`: the planner knows names only where they belong to a column's.
        Expr::CompoundFieldAccess { root, access_chain } => {
            let mut of_column = matches!(root.as_ref(), Expr::Identifier(_));
            for access in access_chain {
                match access {
                    AccessExpr::Dot(member) => {
                        if let Expr::Identifier(name) = member
                            && !of_column
                        {
                            *member = Expr::Value(Value::SingleQuotedString(name.value.clone()).with_empty_span());
                        }
                    }
                    AccessExpr::Subscript(_) => of_column = false,
                }
            }
        }
        // The order of what is only looked for is nobody's business, and stands in a join's way.
        Expr::InSubquery { subquery, .. } | Expr::Exists { subquery, .. }
            if subquery.limit_clause.is_none() && subquery.fetch.is_none() =>
        {
            subquery.order_by = None;
        }
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
        // There are no unsigned numbers: what is too large for a bigint is a decimal.
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), span })
            if digits.bytes().all(|digit| digit.is_ascii_digit()) && digits.parse::<i64>().is_err() =>
        {
            let precision = digits.len().min(38) as u64;
            *expression = Expr::Cast {
                kind: CastKind::Cast,
                expr: Box::new(Expr::Value(Value::SingleQuotedString(digits.to_string()).with_span(*span))),
                data_type: DataType::Decimal(ExactNumberInfo::PrecisionAndScale(precision, 0)),
                array: false,
                format: None,
            };
        }
        Expr::UnaryOp { op: op @ UnaryOperator::BangNot, .. } => *op = UnaryOperator::Not,
        _ => {}
    }
    ControlFlow::Continue(())
}
