//! What columns are called that nobody has named: `_c0` in Hive, the expression's own text in Spark.

use mead_common::Dialect;
use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Select, SelectItem, Value};

use crate::statement::identifier_text;

/// Gives unnamed columns their names; plain columns keep theirs.
pub(super) fn name_unnamed(select: &mut Select, dialect: Dialect) {
    for (place, item) in select.projection.iter_mut().enumerate() {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let name = match expr {
            // A call takes its place.
            Expr::Identifier(name) if name.value.eq_ignore_ascii_case("input__file__name") => {
                name.value.to_ascii_lowercase()
            }
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => continue,
            _ if dialect == Dialect::Spark => text(expr),
            _ => format!("_c{place}"),
        };
        let expr = std::mem::replace(expr, Expr::Tuple(Vec::new()));
        *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('`', name) };
    }
}

/// An expression as Spark writes it: operators in parentheses, `count(*)` as `count(1)`.
fn text(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => identifier_text(name),
        Expr::CompoundIdentifier(parts) => parts.iter().map(identifier_text).collect::<Vec<_>>().join("."),
        Expr::Nested(inner) => text(inner),
        Expr::BinaryOp { left, op, right } => format!("({} {op} {})", text(left), text(right)),
        Expr::UnaryOp { op, expr } => match op.to_string().as_str() {
            "NOT" => format!("(NOT {})", text(expr)),
            op => format!("({op} {})", text(expr)),
        },
        Expr::Cast { expr, data_type, .. } => format!("CAST({} AS {data_type})", text(expr)),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.clone(),
            Value::Null => "NULL".to_owned(),
            other => other.to_string(),
        },
        Expr::Function(function) => {
            let name = function.name.to_string().to_lowercase();
            let arguments = match &function.args {
                FunctionArguments::List(list) => {
                    let distinct =
                        list.duplicate_treatment.map(|treatment| format!("{treatment} ")).unwrap_or_default();
                    let each: Vec<String> = list.args.iter().map(argument).collect();
                    format!("{distinct}{}", each.join(", "))
                }
                _ => String::new(),
            };
            format!("{name}({arguments})")
        }
        other => other.to_string(),
    }
}

fn argument(argument: &FunctionArg) -> String {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => text(expr),
        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => "1".to_owned(),
        other => other.to_string(),
    }
}
