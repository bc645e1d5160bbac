//! Names of output columns, as PostgreSQL gives them (FigureColname in its parse_target.c): `count(*)` is `count`, `1 + 1` is
//! `?column?`.
//!
//! DataFusion names an expression by its text, and refuses two columns of one name. In a result, a column whose name has been
//! given already gets a mark and a number behind it, which [`crate::column_name`] takes away again.

use std::collections::HashSet;

use sqlparser::ast::{
    AccessExpr, DataType, Expr, Ident, OrderBy, OrderByKind, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TimezoneInfo, TrimWhereField,
};

use crate::statement::identifier_text;

/// Stands between a column's name and the number that tells it from others of the name. A control character keeps it out
/// of anybody's SQL.
pub(crate) const MARK: char = '\u{1}';

/// What becomes of the second column of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duplicates {
    /// Left to be refused: the columns of a table or a view must differ.
    Kept,
    /// Marked. Beside `*` every column's name might come twice; only ORDER BY refers to a result's names, so all are marked.
    Marked,
    /// Without a name of its own, unless it has been given one: what is around a subquery may refer to the names in it.
    Unnamed,
}

/// Names the columns of a statement's own result. ORDER BY may refer to an alias, which is then the marked one.
pub(super) fn name_result(query: &mut Query) {
    let given = aliases(&query.body);
    name(&mut query.body, Duplicates::Marked);
    let marked = aliases(&query.body);
    let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = &mut query.order_by else { return };
    for key in keys {
        let Expr::Identifier(name) = &mut key.expr else { continue };
        let wanted = identifier_text(name);
        let mut found = given.iter().zip(&marked).filter(|(given, _)| given.as_ref() == Some(&wanted));
        if let (Some((_, Some(marked))), None) = (found.next(), found.next()) {
            *name = Ident::with_quote('"', marked.clone());
        }
    }
}

/// The alias of each column of a SELECT, where it has one.
fn aliases(body: &SetExpr) -> Vec<Option<String>> {
    let SetExpr::Select(select) = body else { return Vec::new() };
    let alias = |item: &SelectItem| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(identifier_text(alias)),
        _ => None,
    };
    select.projection.iter().map(alias).collect()
}

/// Names the columns of a body's SELECTs, not those of subqueries.
pub(super) fn name(body: &mut SetExpr, duplicates: Duplicates) {
    match body {
        SetExpr::Select(select) => name_columns(select, duplicates),
        SetExpr::SetOperation { left, right, .. } => {
            name(left, duplicates);
            // The columns are called as the first SELECT calls them.
            name(right, if duplicates == Duplicates::Kept { Duplicates::Unnamed } else { duplicates });
        }
        SetExpr::Query(query) => name(&mut query.body, duplicates),
        _ => {}
    }
}

/// Names the columns of one SELECT.
pub(super) fn name_columns(select: &mut Select, duplicates: Duplicates) {
    let mark_all = duplicates == Duplicates::Marked && select.projection.iter().any(is_wildcard);
    let mut given = HashSet::new();
    for (index, item) in select.projection.iter_mut().enumerate() {
        let (name, has_name) = match &*item {
            SelectItem::UnnamedExpr(expr) => match plain_column(expr) {
                Some(name) => (name, true),
                None => (figure(expr).map_or_else(|| "?column?".to_owned(), |found| found.name), false),
            },
            SelectItem::ExprWithAlias { alias, .. } => (identifier_text(alias), true),
            _ => continue,
        };
        let is_new = given.insert(name.clone());
        let name = match (is_new && !mark_all, duplicates) {
            (true, _) if has_name => continue,
            (true, _) => name,
            (false, Duplicates::Marked) => format!("{name}{MARK}{index}"),
            (false, Duplicates::Kept) if !has_name => name,
            (false, _) => continue,
        };
        let alias = Ident::with_quote('"', name);
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let expr = std::mem::replace(expr, Expr::Tuple(Vec::new()));
                *item = SelectItem::ExprWithAlias { expr, alias };
            }
            SelectItem::ExprWithAlias { alias: old, .. } => *old = alias,
            _ => {}
        }
    }
}

fn is_wildcard(item: &SelectItem) -> bool {
    matches!(
        item,
        SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(_), _)
    )
}

fn plain_column(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(identifier_text(name)),
        Expr::CompoundIdentifier(parts) => parts.last().map(identifier_text),
        _ => None,
    }
}

struct Found {
    name: String,
    /// A weak name gives way to the one of a cast's type, or to `case`.
    is_strong: bool,
}

fn strong(name: impl Into<String>) -> Option<Found> {
    Some(Found { name: name.into(), is_strong: true })
}

fn weak(name: impl Into<String>) -> Option<Found> {
    Some(Found { name: name.into(), is_strong: false })
}

fn figure(expr: &Expr) -> Option<Found> {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => plain_column(expr).and_then(strong),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => figure(inner),
        Expr::CompoundFieldAccess { root, access_chain } => figure_access(root, access_chain),
        Expr::Function(function) => {
            function.name.0.last().and_then(|part| part.as_ident()).map(identifier_text).and_then(strong)
        }
        Expr::Cast { expr, data_type, .. } => match figure(expr) {
            Some(found) if found.is_strong => Some(found),
            _ => weak(type_name(data_type)),
        },
        Expr::TypedString(typed) => weak(type_name(&typed.data_type)),
        Expr::Interval(_) => weak("interval"),
        Expr::Case { else_result, .. } => match else_result.as_deref().and_then(figure) {
            Some(found) if found.is_strong => Some(found),
            _ => weak("case"),
        },
        Expr::Array(_) => strong("array"),
        Expr::Tuple(_) | Expr::Struct { .. } => strong("row"),
        Expr::Exists { .. } => strong("exists"),
        Expr::Subquery(query) => figure_body(&query.body),
        Expr::AtTimeZone { .. } => strong("timezone"),
        Expr::Extract { .. } => strong("extract"),
        Expr::Ceil { .. } => strong("ceil"),
        Expr::Floor { .. } => strong("floor"),
        Expr::Position { .. } => strong("position"),
        Expr::Substring { .. } => strong("substring"),
        Expr::Overlay { .. } => strong("overlay"),
        Expr::Trim { trim_where, .. } => strong(match trim_where {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            Some(TrimWhereField::Both) | None => "btrim",
        }),
        _ => None,
    }
}

/// `a[1]` is called `a`, `r.field` is called `field`.
fn figure_access(root: &Expr, chain: &[AccessExpr]) -> Option<Found> {
    let field = chain.iter().rev().find_map(|access| match access {
        AccessExpr::Dot(field) => Some(field),
        AccessExpr::Subscript(_) => None,
    });
    figure(field.unwrap_or(root))
}

/// A scalar subquery is called as its one column is.
fn figure_body(body: &SetExpr) -> Option<Found> {
    match body {
        SetExpr::Select(select) => match select.projection.first()? {
            SelectItem::UnnamedExpr(expr) => figure(expr),
            SelectItem::ExprWithAlias { alias, .. } => strong(identifier_text(alias)),
            _ => None,
        },
        SetExpr::Query(query) => figure_body(&query.body),
        SetExpr::SetOperation { left, .. } => figure_body(left),
        _ => None,
    }
}

/// What `pg_type.typname` calls a type.
fn type_name(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::SmallInt(_) | DataType::Int2(_) => "int2",
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => "int4",
        DataType::BigInt(_) | DataType::Int8(_) => "int8",
        DataType::Real | DataType::Float4 => "float4",
        DataType::Double(_) | DataType::DoublePrecision | DataType::Float8 | DataType::Float(_) => "float8",
        DataType::Numeric(_) | DataType::Decimal(_) | DataType::Dec(_) => "numeric",
        DataType::Boolean | DataType::Bool => "bool",
        DataType::Varchar(_) | DataType::CharacterVarying(_) | DataType::CharVarying(_) => "varchar",
        DataType::Char(_) | DataType::Character(_) => "bpchar",
        DataType::Timestamp(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => "timestamptz",
        DataType::Timestamp(..) => "timestamp",
        DataType::Time(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => "timetz",
        DataType::Time(..) => "time",
        DataType::Array(sqlparser::ast::ArrayElemTypeDef::SquareBracket(item, _)) => return type_name(item),
        other => {
            let text = other.to_string().to_lowercase();
            let last = text.rsplit('.').next().unwrap_or(&text);
            return last.split(['(', ' ']).next().unwrap_or(last).trim_matches('"').to_owned();
        }
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use sqlparser::ast::Statement as Ast;
    use sqlparser::dialect::PostgreSqlDialect;
    use sqlparser::parser::Parser;

    use super::*;

    fn names(sql: &str, duplicates: Duplicates) -> Vec<String> {
        let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap();
        let Ast::Query(query) = &mut parsed[0] else { panic!("{sql} is no query") };
        name(&mut query.body, duplicates);
        let SetExpr::Select(select) = query.body.as_ref() else { panic!("{sql} is no SELECT") };
        let name = |item: &SelectItem| match item {
            SelectItem::UnnamedExpr(expr) => plain_column(expr).unwrap_or_default(),
            SelectItem::ExprWithAlias { alias, .. } => alias.value.replace(MARK, "#"),
            _ => "*".to_owned(),
        };
        select.projection.iter().map(name).collect()
    }

    #[test]
    fn columns_are_called_as_postgres_calls_them() {
        let sql = "SELECT 1 + 1, count(*), t.Id, x::text, '1'::int, CASE WHEN a THEN 1 END, CASE WHEN a THEN 1 ELSE b END, \
                   coalesce(a, b), ARRAY[1], (SELECT max(v) FROM t), EXISTS (SELECT 1), DATE '2020-01-01', \
                   extract(year FROM d), trim(a), INTERVAL '1 day', e[1], pg_catalog.version() FROM t";
        let expected = [
            "?column?", "count", "id", "x", "int4", "case", "b", "coalesce", "array", "max", "exists", "date",
            "extract", "btrim", "interval", "e", "version",
        ];
        assert_eq!(names(sql, Duplicates::Marked), expected);
    }

    #[test]
    fn the_same_name_may_come_twice() {
        let sql = "SELECT a, a, 1, 2, b AS a FROM t";
        assert_eq!(names(sql, Duplicates::Marked), ["a", "a#1", "?column?", "?column?#3", "a#4"]);
        assert_eq!(names(sql, Duplicates::Kept), ["a", "a", "?column?", "?column?", "a"]);
        assert_eq!(names(sql, Duplicates::Unnamed), ["a", "a", "?column?", "", "a"]);
        assert_eq!(names("SELECT *, id FROM t", Duplicates::Marked), ["*", "id#1"]);
        assert_eq!(names("SELECT *, id FROM t", Duplicates::Kept), ["*", "id"]);
    }
}
