//! Literals that DataFusion reads otherwise than PostgreSQL does.
//!
//! - `1e30` is a double precision number: as a decimal of negative scale it would not fit most of what follows.
//! - json and uuid are types that text is read into.
//! - a timestamp counts microseconds, which reach from year 1 to year 9999; nanoseconds would end in 2262.

use sqlparser::ast::{
    ArrayElemTypeDef, BinaryOperator, CastKind, DataType, ExactNumberInfo, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArguments, Value, Values,
};

use super::cast::{call, take};
use super::rows::is_named;

/// A number with an exponent.
pub(super) fn number(expression: &mut Expr) {
    let Expr::Value(value) = expression else { return };
    let Value::Number(digits, _) = &value.value else { return };
    if !digits.contains(['e', 'E']) {
        return;
    }
    let text = Value::SingleQuotedString(digits.to_string()).with_span(value.span);
    *expression = Expr::Cast {
        kind: CastKind::DoubleColon,
        expr: Box::new(Expr::Value(text)),
        data_type: DataType::Double(ExactNumberInfo::None),
        array: false,
        format: None,
    };
}

/// A cast to json or uuid, the units of a cast to timestamp.
pub(super) fn cast(expression: &mut Expr) {
    let Expr::Cast { expr, data_type, .. } = expression else { return };
    microseconds(data_type);
    let input = match data_type {
        DataType::JSON => Some("json_in"),
        DataType::Uuid => Some("uuid_in"),
        _ => None,
    };
    if let Some(input) = input {
        let inner = take(expr);
        *expression = call(input, vec![inner]);
    }
}

/// `timestamp` without a precision is `timestamp(6)`, also in an array.
pub(super) fn microseconds(data_type: &mut DataType) {
    match data_type {
        DataType::Timestamp(precision @ None, _) => *precision = Some(6),
        DataType::Array(ArrayElemTypeDef::SquareBracket(item, _)) => microseconds(item),
        _ => {}
    }
}

/// `mod(a, b)` is `a % b`.
pub(super) fn modulo(function: &mut Function) -> Option<Expr> {
    let FunctionArguments::List(list) = &mut function.args else { return None };
    let is_plain = is_named(&function.name, "mod") && function.over.is_none() && list.clauses.is_empty();
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(left)), FunctionArg::Unnamed(FunctionArgExpr::Expr(right))] =
        list.args.as_mut_slice()
    else {
        return None;
    };
    is_plain.then(|| {
        let nested = |expr: &mut Expr| Box::new(Expr::Nested(Box::new(take(expr))));
        let (left, right) = (nested(left), nested(right));
        Expr::Nested(Box::new(Expr::BinaryOp { left, op: BinaryOperator::Modulo, right }))
    })
}

/// In VALUES a string below or above a value of a named type is of that type, as in PostgreSQL; DataFusion takes it for text.
pub(super) fn values(rows: &mut Values) {
    let columns = rows.rows.iter().map(|row| row.content.len()).min().unwrap_or(0);
    for place in 0..columns {
        let mut types = rows.rows.iter().filter_map(|row| match &row.content[place] {
            Expr::Cast { data_type, kind: CastKind::Cast | CastKind::DoubleColon, .. } => Some(data_type.clone()),
            Expr::TypedString(typed) => Some(typed.data_type.clone()),
            _ => None,
        });
        let Some(data_type) = types.next() else { continue };
        for row in &mut rows.rows {
            let expression = &mut row.content[place];
            if matches!(expression, Expr::Value(value) if matches!(value.value, Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_)))
            {
                *expression = Expr::Cast {
                    kind: CastKind::DoubleColon,
                    expr: Box::new(take(expression)),
                    data_type: data_type.clone(),
                    array: false,
                    format: None,
                };
            }
        }
    }
}
