//! Pieces of the syntax tree that nobody wrote.

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, CaseWhen, CastKind, ExactNumberInfo, Expr, Ident, SelectItem, TableAlias, TimezoneInfo, Value,
};

/// A name that is taken as it stands.
pub(super) fn ident(name: &str) -> Ident {
    Ident::with_quote('"', name)
}

pub(super) fn column(relation: &Ident, name: &str) -> Expr {
    Expr::CompoundIdentifier(vec![relation.clone(), ident(name)])
}

pub(super) fn item(expr: Expr, alias: &str) -> SelectItem {
    SelectItem::ExprWithAlias { expr, alias: ident(alias) }
}

pub(super) fn alias(name: &Ident) -> TableAlias {
    TableAlias { explicit: true, name: name.clone(), columns: Vec::new(), at: None }
}

pub(super) fn null() -> Expr {
    Expr::Value(Value::Null.with_empty_span())
}

pub(super) fn number(number: i32) -> Expr {
    let expr = Expr::Value(Value::Number(number.to_string(), false).with_empty_span());
    cast(expr, ast::DataType::Integer(None))
}

pub(super) fn truth() -> Expr {
    Expr::Value(Value::Boolean(true).with_empty_span())
}

pub(super) fn and(left: Expr, right: Expr) -> Expr {
    let nested = |expr| Box::new(Expr::Nested(Box::new(expr)));
    Expr::BinaryOp { left: nested(left), op: BinaryOperator::And, right: nested(right) }
}

/// `CASE WHEN … THEN … ELSE NULL END`.
pub(super) fn case(choices: Vec<(Expr, Expr)>) -> Expr {
    let conditions = choices.into_iter().map(|(condition, result)| CaseWhen { condition, result }).collect();
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions,
        else_result: Some(Box::new(null())),
    }
}

/// A value as the type of the column it is for, where that has a name that every dialect knows.
pub(super) fn assigned(expr: Expr, field: &Field) -> Expr {
    match sql_type(field.data_type()) {
        Some(data_type) => cast(expr, data_type),
        None => expr,
    }
}

fn cast(expr: Expr, data_type: ast::DataType) -> Expr {
    let expr = Box::new(Expr::Nested(Box::new(expr)));
    Expr::Cast { kind: CastKind::Cast, expr, data_type, array: false, format: None }
}

fn sql_type(data_type: &DataType) -> Option<ast::DataType> {
    Some(match data_type {
        DataType::Boolean => ast::DataType::Boolean,
        DataType::Int16 => ast::DataType::SmallInt(None),
        DataType::Int32 => ast::DataType::Integer(None),
        DataType::Int64 => ast::DataType::BigInt(None),
        DataType::Float64 => ast::DataType::DoublePrecision,
        DataType::Date32 => ast::DataType::Date,
        DataType::Timestamp(_, None) => ast::DataType::Timestamp(None, TimezoneInfo::None),
        DataType::Decimal128(precision, scale) => {
            ast::DataType::Decimal(ExactNumberInfo::PrecisionAndScale(u64::from(*precision), i64::from(*scale)))
        }
        _ => return None,
    })
}
