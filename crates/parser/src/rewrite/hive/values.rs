//! VALUES lists with texts and numbers in one column: to Hive all are texts then. The planner would read the texts as numbers.

use sqlparser::ast::{Expr, UnaryOperator, Value, Values};

/// Makes texts of the numbers in columns that have texts.
pub(super) fn texts(values: &mut Values) {
    let columns = values.rows.iter().map(|row| row.content.len()).max().unwrap_or(0);
    for place in 0..columns {
        let has_text = values.rows.iter().any(|row| row.content.get(place).is_some_and(is_text));
        if has_text {
            values.rows.iter_mut().filter_map(|row| row.content.get_mut(place)).for_each(as_text);
        }
    }
}

fn is_text(expression: &Expr) -> bool {
    matches!(expression, Expr::Value(value) if matches!(value.value, Value::SingleQuotedString(_)))
}

fn as_text(expression: &mut Expr) {
    let text = match expression {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.to_string(),
            _ => return,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Expr::Value(value) => match &value.value {
                Value::Number(digits, _) => format!("-{digits}"),
                _ => return,
            },
            _ => return,
        },
        _ => return,
    };
    *expression = Expr::Value(Value::SingleQuotedString(text).with_empty_span());
}
