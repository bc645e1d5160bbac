//! Casts to types that PostgreSQL has and DataFusion does not name.
//!
//! `pg_catalog.int4` is `int4`; an OID is a bigint, a name is text. The types whose values are OIDs of named things
//! (regclass, regtype, …) become calls: `x::regclass` is `regclass(x)`, which gives the OID, and `x::regclass::text` is
//! `regclassout(regclass(x))`, which gives the name. A column of the outermost SELECT is shown as text, as PostgreSQL shows it.

use sqlparser::ast::{
    ArrayElemTypeDef, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, SelectItem, SetExpr, Value,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// Types whose values are OIDs, and which are shown by the name of what has the OID.
const NAMED_OIDS: [&str; 6] = ["regclass", "regnamespace", "regproc", "regprocedure", "regrole", "regtype"];

/// Rewrites one cast, whose inner expression has been rewritten already.
pub(super) fn cast(expression: &mut Expr) {
    let Expr::Cast { expr, data_type, .. } = expression else { return };
    if let Some(name) = named_oid_type(data_type) {
        let inner = take(expr);
        *expression = call(function_of(name), vec![inner]);
        return;
    }
    standard(data_type);
    if is_text(data_type)
        && let Some(name) = named_oid_call(expr)
    {
        let inner = take(expr);
        *expression = call(&format!("{name}out"), vec![inner]);
    }
}

/// Shows the columns of the outermost SELECT by name where they are OIDs of named things.
pub(super) fn show_names(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => select.projection.iter_mut().for_each(show_name),
        SetExpr::SetOperation { left, right, .. } => {
            show_names(left);
            show_names(right);
        }
        SetExpr::Query(query) => show_names(&mut query.body),
        _ => {}
    }
}

fn show_name(item: &mut SelectItem) {
    if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item
        && let Some(name) = named_oid_call(expr)
    {
        *expr = call(&format!("{name}out"), vec![take(expr)]);
    }
}

/// The name of the type in `regclass(x)` and its sisters.
fn named_oid_call(expr: &Expr) -> Option<&'static str> {
    let expr = match expr {
        Expr::Nested(inner) => inner,
        other => other,
    };
    let Expr::Function(function) = expr else { return None };
    let [part] = function.name.0.as_slice() else { return None };
    let name = part.as_ident()?.value.to_lowercase();
    NAMED_OIDS.iter().find(|known| **known == name).copied()
}

fn named_oid_type(data_type: &DataType) -> Option<&'static str> {
    let name = match data_type {
        DataType::Regclass => "regclass".to_owned(),
        DataType::Custom(name, modifiers) if modifiers.is_empty() => plain_name(name)?,
        _ => return None,
    };
    NAMED_OIDS.iter().find(|known| **known == name).copied()
}

/// Functions are told apart by their names alone, so regprocedure is regproc.
fn function_of(name: &'static str) -> &'static str {
    if name == "regprocedure" { "regproc" } else { name }
}

/// A type's name without `pg_catalog`.
fn plain_name(name: &ObjectName) -> Option<String> {
    let parts: Vec<&Ident> = name.0.iter().map(|part| part.as_ident()).collect::<Option<_>>()?;
    let name = match parts.as_slice() {
        [name] => name,
        [schema, name] if schema.value.eq_ignore_ascii_case("pg_catalog") => name,
        _ => return None,
    };
    Some(if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() })
}

/// A type of `pg_catalog` as DataFusion knows it; any other stays as it is.
pub(super) fn standard(data_type: &mut DataType) {
    match data_type {
        DataType::Array(ArrayElemTypeDef::SquareBracket(item, _)) => standard(item),
        // The precision counts bits: up to 24 fit four bytes.
        DataType::Float(ExactNumberInfo::Precision(bits @ 1..=53)) => {
            *data_type = if *bits <= 24 { DataType::Real } else { DataType::DoublePrecision };
        }
        DataType::Custom(name, modifiers) => {
            let Some(plain) = plain_name(name) else { return };
            match plain.as_str() {
                "oid" | "xid" => *data_type = DataType::BigInt(None),
                "name" | "char" | "cstring" => *data_type = DataType::Text,
                _ if name.0.len() == 2 => {
                    let modifiers = match modifiers.is_empty() {
                        true => String::new(),
                        false => format!("({})", modifiers.join(", ")),
                    };
                    let dialect = PostgreSqlDialect {};
                    let parsed = Parser::new(&dialect).try_with_sql(&format!("{plain}{modifiers}"));
                    if let Ok(parsed) = parsed.and_then(|mut parser| parser.parse_data_type()) {
                        *data_type = parsed;
                    }
                }
                _ => {}
            }
        }
        _ => {}
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Text | DataType::Varchar(None) | DataType::CharacterVarying(None))
}

pub(super) fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::Value(Value::Null.with_empty_span()))
}

/// `name(arguments)`.
pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
