//! `a FULL JOIN b USING (k)`: the joined column is `coalesce(a.k, b.k)`, and `b.k` of a RIGHT JOIN. DataFusion takes `a.k`,
//! which is NULL in rows that `b` alone has.

use std::ops::ControlFlow;

use sqlparser::ast::{
    ExcludeSelectItem, Expr, Ident, JoinConstraint, JoinOperator, ObjectName, OrderByKind, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableFactor, VisitMut, VisitorMut, WildcardAdditionalOptions,
};

use super::cast::call;
use crate::statement::identifier_text;

/// The quote that the planner reads in every dialect.
const QUOTE: char = '"';

/// Rewrites the columns of a query's own SELECT, and the keys it is ordered by.
pub(super) fn rewrite(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let Some(joined) = joined(select) else { return };
    wildcards(select, &joined);
    let aliases: Vec<String> = select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(identifier_text(alias)),
            _ => None,
        })
        .collect();
    for item in &mut select.projection {
        name(item, &joined);
    }
    let mut columns = Columns { joined: &joined, kept: &[], depth: 0 };
    let _ = select.projection.visit(&mut columns);
    let _ = select.selection.visit(&mut columns);
    let _ = select.group_by.visit(&mut columns);
    let _ = select.having.visit(&mut columns);
    // An alias comes first in ORDER BY, and every joined column that is selected has one now.
    let mut selected: Vec<String> = joined.columns.iter().map(|(name, _)| name.clone()).collect();
    selected.retain(|name| select.projection.iter().any(|item| is_called(item, name)));
    selected.extend(aliases);
    let mut ordered = Columns { joined: &joined, kept: &selected, depth: 0 };
    if let Some(order_by) = &mut query.order_by
        && let OrderByKind::Expressions(keys) = &mut order_by.kind
    {
        let _ = keys.visit(&mut ordered);
    }
}

/// What is joined, and what each joined column stands for.
struct Joined {
    relations: Vec<Ident>,
    columns: Vec<(String, Expr)>,
}

/// `None` unless the SELECT is of one chain of joins of named relations, with one that is FULL or RIGHT among those USING.
fn joined(select: &Select) -> Option<Joined> {
    let [from] = select.from.as_slice() else { return None };
    let mut relations = vec![relation(&from.relation)?];
    let mut columns: Vec<(String, Expr)> = Vec::new();
    let mut differs = false;
    for join in &from.joins {
        let name = relation(&join.relation);
        let (constraint, is_full, is_right) = match &join.join_operator {
            JoinOperator::FullOuter(constraint) => (constraint, true, false),
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => (constraint, false, true),
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint) => (constraint, false, false),
            // The rows of one side alone.
            JoinOperator::LeftSemi(_) | JoinOperator::LeftAnti(_) => continue,
            JoinOperator::CrossJoin(_) => {
                relations.push(name?);
                continue;
            }
            _ => return None,
        };
        let name = name?;
        if let JoinConstraint::Using(names) = constraint {
            for column in names {
                let column = column.0.last().and_then(|part| part.as_ident())?.clone();
                let text = identifier_text(&column);
                let theirs = Expr::CompoundIdentifier(vec![name.clone(), column.clone()]);
                let known = columns.iter_mut().find(|(known, _)| *known == text);
                let ours = match &known {
                    Some((_, ours)) => ours.clone(),
                    // With several relations before, the column's own is not known.
                    None if relations.len() == 1 => Expr::CompoundIdentifier(vec![relations[0].clone(), column]),
                    None if is_full || is_right => return None,
                    None => continue,
                };
                differs |= is_full || is_right;
                let value = match (is_full, is_right) {
                    (true, _) => call("coalesce", vec![ours, theirs]),
                    (_, true) => theirs,
                    _ => ours,
                };
                match known {
                    Some((_, known)) => *known = value,
                    None => columns.push((text, value)),
                }
            }
        }
        relations.push(name);
    }
    differs.then_some(Joined { relations, columns })
}

/// What a relation's columns are qualified with.
fn relation(factor: &TableFactor) -> Option<Ident> {
    match factor {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Some(alias.name.clone())
        }
        TableFactor::Table { name, args: None, .. } => name.0.last().and_then(|part| part.as_ident()).cloned(),
        _ => None,
    }
}

/// `*` as the joined columns, and then the others of each relation.
fn wildcards(select: &mut Select, joined: &Joined) {
    let is_plain = |options: &WildcardAdditionalOptions| {
        options.opt_exclude.is_none()
            && options.opt_except.is_none()
            && options.opt_rename.is_none()
            && options.opt_replace.is_none()
            && options.opt_ilike.is_none()
    };
    let mut projection = Vec::with_capacity(select.projection.len());
    for item in std::mem::take(&mut select.projection) {
        let SelectItem::Wildcard(options) = &item else {
            projection.push(item);
            continue;
        };
        if !is_plain(options) {
            projection.push(item);
            continue;
        }
        for (name, value) in &joined.columns {
            let alias = Ident::with_quote(QUOTE, name.clone());
            projection.push(SelectItem::ExprWithAlias { expr: value.clone(), alias });
        }
        let excluded: Vec<ObjectName> = joined
            .columns
            .iter()
            .map(|(name, _)| ObjectName::from(vec![Ident::with_quote(QUOTE, name.clone())]))
            .collect();
        for relation in &joined.relations {
            let options = WildcardAdditionalOptions {
                opt_exclude: Some(ExcludeSelectItem::Multiple(excluded.clone())),
                ..WildcardAdditionalOptions::default()
            };
            let relation = SelectItemQualifiedWildcardKind::ObjectName(ObjectName::from(vec![relation.clone()]));
            projection.push(SelectItem::QualifiedWildcard(relation, options));
        }
    }
    select.projection = projection;
}

/// A joined column that is selected keeps its name.
fn name(item: &mut SelectItem, joined: &Joined) {
    if let SelectItem::UnnamedExpr(Expr::Identifier(column)) = item
        && let text = identifier_text(column)
        && let Some((name, value)) = joined.columns.iter().find(|(name, _)| *name == text)
    {
        let alias = Ident::with_quote(QUOTE, name.clone());
        *item = SelectItem::ExprWithAlias { expr: value.clone(), alias };
    }
}

fn is_called(item: &SelectItem, name: &str) -> bool {
    matches!(item, SelectItem::ExprWithAlias { alias, .. } if identifier_text(alias) == name)
}

/// Puts the value in the place of every joined column that is not qualified, but for names that mean something else.
struct Columns<'a> {
    joined: &'a Joined,
    kept: &'a [String],
    depth: usize,
}

impl VisitorMut for Columns<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<()> {
        // A subquery may have columns of its own of the name.
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        if let Expr::Identifier(column) = expression {
            let text = identifier_text(column);
            if !self.kept.contains(&text)
                && let Some((_, value)) = self.joined.columns.iter().find(|(name, _)| *name == text)
            {
                *expression = value.clone();
            }
        }
        ControlFlow::Continue(())
    }
}
