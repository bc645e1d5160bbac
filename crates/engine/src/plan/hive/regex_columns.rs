//! `` SELECT `(ds|hr)?+.+` FROM t ``: where names in backticks are regular expressions
//! (`SET hive.support.quoted.identifiers = none`), each that is no plain name stands for the columns that it matches.

use std::future::Future;
use std::pin::Pin;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor,
    WildcardAdditionalOptions, With,
};
use mead_common::{Diagnostic, sqlstate};
use mead_functions::hive::ColumnPattern;

/// Tells the columns of a query by name, in order.
pub(crate) type Columns<'a> =
    &'a (dyn Fn(Query) -> Pin<Box<dyn Future<Output = Result<Vec<String>, Diagnostic>> + Send + 'a>> + Send + Sync);

/// Puts the columns in, in a query and in the queries of its FROM and its WITH.
pub(crate) fn expand<'q, 'c: 'q>(
    query: &'q mut Query,
    outer: Option<With>,
    columns: Columns<'c>,
) -> Pin<Box<dyn Future<Output = Result<(), Diagnostic>> + Send + 'q>> {
    Box::pin(async move {
        if let Some(with) = &mut query.with {
            for table in &mut with.cte_tables {
                expand(&mut table.query, outer.clone(), columns).await?;
            }
        }
        let with = joined(outer, query.with.clone());
        body(&mut query.body, with, columns).await
    })
}

/// The queries that a query can refer to.
fn joined(outer: Option<With>, own: Option<With>) -> Option<With> {
    match (outer, own) {
        (Some(mut outer), Some(own)) => {
            outer.recursive |= own.recursive;
            outer.cte_tables.extend(own.cte_tables);
            Some(outer)
        }
        (outer, own) => outer.or(own),
    }
}

fn body<'q, 'c: 'q>(
    body_of: &'q mut SetExpr,
    with: Option<With>,
    columns: Columns<'c>,
) -> Pin<Box<dyn Future<Output = Result<(), Diagnostic>> + Send + 'q>> {
    Box::pin(async move {
        match body_of {
            SetExpr::Select(select) => {
                for from in &mut select.from {
                    let joins = from.joins.iter_mut().map(|join| &mut join.relation);
                    for relation in std::iter::once(&mut from.relation).chain(joins) {
                        if let TableFactor::Derived { subquery, .. } = relation {
                            expand(subquery, with.clone(), columns).await?;
                        }
                    }
                }
                own(select, with, columns).await
            }
            SetExpr::Query(query) => expand(query, with, columns).await,
            SetExpr::SetOperation { left, right, .. } => {
                body(left, with.clone(), columns).await?;
                body(right, with, columns).await
            }
            _ => Ok(()),
        }
    })
}

async fn own(select: &mut Select, with: Option<With>, columns: Columns<'_>) -> Result<(), Diagnostic> {
    let mut projection = Vec::with_capacity(select.projection.len());
    for item in std::mem::take(&mut select.projection) {
        let Some((relation, pattern)) = pattern(&item) else {
            projection.push(item);
            continue;
        };
        let compiled = ColumnPattern::new(&pattern).map_err(|error| crate::diagnostic_of(&error))?;
        let all = match &relation {
            Some(name) => SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(ObjectName::from(vec![name.clone()])),
                WildcardAdditionalOptions::default(),
            ),
            None => SelectItem::Wildcard(WildcardAdditionalOptions::default()),
        };
        let names = columns(all_of(select, all, with.clone())).await?;
        let found = names.into_iter().filter(|name| compiled.matches(name));
        let before = projection.len();
        projection.extend(found.map(|name| {
            let name = Ident::with_quote('`', name);
            SelectItem::UnnamedExpr(match &relation {
                Some(relation) => Expr::CompoundIdentifier(vec![relation.clone(), name]),
                None => Expr::Identifier(name),
            })
        }));
        if projection.len() == before {
            let message = format!("regular expression \"{pattern}\" matches no column");
            return Err(Diagnostic::new(sqlstate::UNDEFINED_COLUMN, message));
        }
    }
    select.projection = projection;
    Ok(())
}

/// The pattern that a column is, with the relation before it.
fn pattern(item: &SelectItem) -> Option<(Option<Ident>, String)> {
    let SelectItem::UnnamedExpr(expr) = item else { return None };
    let (relation, name) = match expr {
        Expr::Identifier(name) => (None, name),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [relation, name] => (Some(relation.clone()), name),
            _ => return None,
        },
        _ => return None,
    };
    let is_plain = |letter: char| letter.is_alphanumeric() || letter == '_' || letter.is_control();
    let is_pattern = name.quote_style == Some('`') && !name.value.chars().all(is_plain);
    is_pattern.then(|| (relation, name.value.clone()))
}

/// `SELECT *` of what a SELECT is from.
fn all_of(select: &Select, all: SelectItem, with: Option<With>) -> Query {
    let mut inner = mead_parser::empty_select();
    inner.projection = vec![all];
    inner.from = select.from.clone();
    let mut query = mead_parser::query_of(inner);
    query.with = with;
    query
}
