//! `WITH t AS (…) SELECT (WITH t AS (…) SELECT … FROM t)`: the inner `t` hides the outer one. DataFusion refuses a second query
//! of a name, so the inner one gets another.

use std::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectName, Query, TableAlias, TableFactor, VisitMut, VisitorMut};

use crate::statement::identifier_text;

/// Renames what hides another. Called for a statement's outermost query.
pub(super) fn rename(query: &mut Query) {
    let _ = query.visit(&mut Scopes { scopes: Vec::new(), renamed: 0 });
}

struct Scopes {
    /// The queries that are being visited, from the outermost in.
    scopes: Vec<Scope>,
    renamed: usize,
}

/// A query's WITH.
#[derive(Default)]
struct Scope {
    /// Each name with what it is called now.
    names: Vec<(String, Option<Ident>)>,
    recursive: bool,
    /// How many of the queries in it have been begun; those of WITH come first.
    begun: usize,
}

impl Scope {
    /// The names that can be referred to from the query in it that has been begun last.
    fn visible(&self) -> &[(String, Option<Ident>)] {
        let count = match self.begun <= self.names.len() {
            true => (self.begun + usize::from(self.recursive)).saturating_sub(1),
            false => self.names.len(),
        };
        &self.names[..count.min(self.names.len())]
    }
}

impl VisitorMut for Scopes {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(outer) = self.scopes.last_mut() {
            outer.begun += 1;
        }
        let mut own = Scope::default();
        if let Some(with) = &mut query.with {
            own.recursive = with.recursive;
            for table in &mut with.cte_tables {
                let name = identifier_text(&table.alias.name);
                let hides = self.scopes.iter().flat_map(Scope::visible).any(|(outer, _)| *outer == name);
                let renamed = hides.then(|| {
                    self.renamed += 1;
                    Ident::with_quote('"', format!("\u{1}{}_{name}", self.renamed))
                });
                if let Some(renamed) = &renamed {
                    table.alias.name = renamed.clone();
                }
                own.names.push((name, renamed));
            }
        }
        self.scopes.push(own);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let TableFactor::Table { name, alias, args: None, .. } = factor else { return ControlFlow::Continue(()) };
        let [part] = name.0.as_slice() else { return ControlFlow::Continue(()) };
        let Some(own) = part.as_ident().cloned() else { return ControlFlow::Continue(()) };
        let text = identifier_text(&own);
        let Some((current, outer)) = self.scopes.split_last() else { return ControlFlow::Continue(()) };
        let outer = outer.iter().rev().map(Scope::visible);
        let mut scopes = std::iter::once(current.names.as_slice()).chain(outer);
        let found = scopes.find_map(|names| names.iter().find(|(known, _)| *known == text));
        if let Some((_, Some(renamed))) = found {
            *name = ObjectName::from(vec![renamed.clone()]);
            // Columns are qualified with the name that the user gave.
            alias.get_or_insert(TableAlias { explicit: true, name: own, columns: Vec::new(), at: None });
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use mead_common::Dialect;

    use crate::{Statement, parse};

    #[test]
    fn only_what_hides_another_is_renamed() {
        let sql = "WITH t AS (SELECT 1), u AS (WITH t AS (SELECT 2) SELECT * FROM t) SELECT * FROM t, u";
        let Statement::Query(query) = parse(sql, Dialect::Postgres).unwrap().remove(0).statement else { panic!() };
        let renamed = query.to_string();
        assert!(renamed.starts_with("WITH t AS (SELECT 1"), "{renamed}");
        assert!(renamed.contains("WITH \"\u{1}1_t\" AS (SELECT 2"), "{renamed}");
        assert!(renamed.contains("FROM \"\u{1}1_t\" AS t"), "{renamed}");
        assert!(renamed.ends_with("FROM t, u"), "{renamed}");
    }

    #[test]
    fn a_query_of_with_does_not_see_itself() {
        let sql = "WITH t AS (SELECT 1) SELECT (WITH t AS (SELECT * FROM t) SELECT * FROM t)";
        let Statement::Query(query) = parse(sql, Dialect::Postgres).unwrap().remove(0).statement else { panic!() };
        let renamed = query.to_string();
        assert!(renamed.contains("AS (SELECT * FROM t) SELECT * FROM \"\u{1}1_t\" AS t"), "{renamed}");
    }
}
