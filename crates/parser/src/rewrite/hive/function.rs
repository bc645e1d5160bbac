//! Calls that Hive and Spark write otherwise than the planner knows them: `first_value(x, true)` passes over NULLs,
//! `count(DISTINCT a, b)` counts rows in which neither is NULL, `count_if(x)` counts what is true, `int(x)` is a cast.

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, DuplicateTreatment, ExactNumberInfo, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, NullTreatment, ObjectName,
    Value,
};

use mead_common::Dialect;

use super::super::cast::{call, take};

/// Rewrites one call; what it gives takes the call's place.
pub(super) fn rewrite(function: &mut Function, dialect: Dialect) -> Option<Expr> {
    let [part] = function.name.0.as_slice() else { return None };
    let name = part.as_ident().map(|name| name.value.to_lowercase())?;
    let FunctionArguments::List(list) = &mut function.args else { return None };
    if let (Some(data_type), [FunctionArg::Unnamed(FunctionArgExpr::Expr(value))]) =
        (cast_to(&name), list.args.as_mut_slice())
    {
        let expr = Box::new(take(value));
        return Some(Expr::Cast { kind: CastKind::Cast, expr, data_type, array: false, format: None });
    }
    match name.as_str() {
        "first_value" | "last_value" | "first" | "last" | "any_value" => {
            if list.args.len() == 2
                && let Some(skips) = boolean(&list.args[1])
            {
                list.args.pop();
                function.null_treatment =
                    Some(if skips { NullTreatment::IgnoreNulls } else { NullTreatment::RespectNulls });
            }
            if function.null_treatment.is_none() {
                let treatment = list.clauses.iter().find_map(|clause| match clause {
                    FunctionArgumentClause::IgnoreOrRespectNulls(treatment) => Some(*treatment),
                    _ => None,
                });
                function.null_treatment = treatment;
                list.clauses.retain(|clause| !matches!(clause, FunctionArgumentClause::IgnoreOrRespectNulls(_)));
            }
            let known = if name.starts_with("last") { "last_value" } else { "first_value" };
            function.name = ObjectName::from(vec![Ident::new(known)]);
        }
        "count" if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) && list.args.len() > 1 => {
            rows_without_null(list);
        }
        "count_if" if list.args.len() == 1 => {
            if let FunctionArg::Unnamed(FunctionArgExpr::Expr(condition)) = &mut list.args[0] {
                let no = Expr::Value(Value::Boolean(false).with_empty_span());
                *condition = call("nullif", vec![take(condition), no]);
                function.name = ObjectName::from(vec![Ident::new("count")]);
            }
        }
        // DataFusion plans a call of that name by itself.
        "map" => function.name = ObjectName::from(vec![Ident::new("create_map")]),
        "struct" if dialect == Dialect::Spark => {
            if let Some(named) = named(list) {
                list.args = named;
                function.name = ObjectName::from(vec![Ident::new("named_struct")]);
            }
        }
        _ => {}
    }
    None
}

/// A type's name is a function that casts to it.
fn cast_to(name: &str) -> Option<DataType> {
    Some(match name {
        "bigint" => DataType::BigInt(None),
        "binary" => DataType::Binary(None),
        "boolean" => DataType::Boolean,
        "decimal" => DataType::Decimal(ExactNumberInfo::None),
        "double" => DataType::Double(ExactNumberInfo::None),
        "float" => DataType::Float(ExactNumberInfo::None),
        "int" => DataType::Int(None),
        "smallint" => DataType::SmallInt(None),
        "string" => DataType::String(None),
        "tinyint" => DataType::TinyInt(None),
        _ => return None,
    })
}

fn boolean(argument: &FunctionArg) -> Option<bool> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) => match value.value {
            Value::Boolean(value) => Some(value),
            _ => None,
        },
        _ => None,
    }
}

/// `a, b` becomes `if(a IS NOT NULL AND b IS NOT NULL, struct(a, b), NULL)`.
fn rows_without_null(list: &mut FunctionArgumentList) {
    let values = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => Some(value.clone()),
        _ => None,
    });
    let Some(values) = values.collect::<Option<Vec<Expr>>>() else { return };
    let known = |value: &Expr| Expr::IsNotNull(Box::new(Expr::Nested(Box::new(value.clone()))));
    let all = values.iter().map(known).reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::And,
        right: Box::new(right),
    });
    let Some(all) = all else { return };
    let null = Expr::Value(Value::Null.with_empty_span());
    let row = call("if", vec![all, call("struct", values), null]);
    list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(row))];
}

/// Spark names the members of a struct after the columns that they are of; others are called col1 and so on.
fn named(list: &FunctionArgumentList) -> Option<Vec<FunctionArg>> {
    let mut named = Vec::with_capacity(2 * list.args.len());
    for (place, argument) in list.args.iter().enumerate() {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) = argument else { return None };
        let (name, value) = match value {
            Expr::Identifier(name) => (name.value.clone(), value),
            Expr::CompoundIdentifier(parts) => (parts.last()?.value.clone(), value),
            Expr::Named { expr, name } => (name.value.clone(), expr.as_ref()),
            _ => (format!("col{}", place + 1), value),
        };
        let name = Expr::Value(Value::SingleQuotedString(name).with_empty_span());
        named.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(name)));
        named.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(value.clone())));
    }
    Some(named)
}
