//! MERGE: the target joined with the source, and for each row what is done and the row that comes.

use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, SelectItem, TableFactor, TableWithJoins, WildcardAdditionalOptions,
};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{Merge, MergeAction, MergeClause, MergeWhen, identifier_text};
use mead_storage::ROW;

use super::build::{alias, and, assigned, case, column, ident, item, null, number, truth};
use super::target::ChangeTarget;
use super::{DELETED, INSERTED, UPDATED};

/// Tells that a row of the source is there.
const SOURCE: &str = "\u{1}source";
const ACTION: &str = "\u{1}action";

impl ChangeTarget {
    /// The places of rows, what is done with them, and the rows that come.
    pub(super) async fn plan_merge(&self, merge: &Merge) -> Result<LogicalPlan, Diagnostic> {
        let internal = |error: datafusion::sql::sqlparser::parser::ParserError| Diagnostic::internal(error.to_string());
        let [source] = merge.source.as_slice() else {
            return Err(Diagnostic::unsupported("MERGE from several relations is not supported"));
        };
        let source_name = source_name(source)?;
        let mut choices = Vec::new();
        let mut rows: Vec<Vec<(Expr, Expr)>> = vec![Vec::new(); self.columns.fields().len()];
        for clause in &merge.clauses {
            let guard = self.guard(clause, &source_name);
            let (action, values) = self.action(clause, &source_name)?;
            choices.push((guard.clone(), number(action)));
            for ((place, field), choices) in self.columns.fields().iter().enumerate().zip(&mut rows) {
                let value = match values.get(place) {
                    Some(Some(value)) => assigned(value.clone(), field),
                    _ if action == UPDATED => column(&self.alias, field.name()),
                    _ => null(),
                };
                choices.push((guard.clone(), value));
            }
        }
        let mut items = self.places();
        items.push(item(case(choices), ACTION));
        for (place, choices) in rows.into_iter().enumerate() {
            items.push(item(case(choices), &format!("\u{1}new{place}")));
        }
        let marked = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default()), item(truth(), SOURCE)];
        let relation = TableFactor::Derived {
            lateral: false,
            subquery: Box::new(mead_parser::select(marked, vec![source.clone()], None).map_err(internal)?),
            alias: Some(alias(&source_name)),
            sample: None,
        };
        let on = JoinConstraint::On(merge.on.clone());
        let has = |when: MergeWhen| merge.clauses.iter().any(|clause| clause.when == when);
        let join_operator = match (has(MergeWhen::NotMatched), has(MergeWhen::NotMatchedBySource)) {
            (true, true) => JoinOperator::FullOuter(on),
            (true, false) => JoinOperator::RightOuter(on),
            (false, true) => JoinOperator::LeftOuter(on),
            (false, false) => JoinOperator::Inner(on),
        };
        let mut target = self.relation();
        target.joins.push(Join { relation, global: false, join_operator });
        let query = mead_parser::select(items, vec![target], None).map_err(internal)?;
        let plan = self.plan(query, 3).await?;
        self.check_stable(&plan)?;
        Ok(plan)
    }

    /// Whether a clause is for a row.
    fn guard(&self, clause: &MergeClause, source: &Ident) -> Expr {
        let has_target = || Expr::IsNotNull(Box::new(column(&self.alias, ROW)));
        let has_source = || Expr::IsNotNull(Box::new(column(source, SOURCE)));
        let category = match clause.when {
            MergeWhen::Matched => and(has_target(), has_source()),
            MergeWhen::NotMatched => Expr::IsNull(Box::new(column(&self.alias, ROW))),
            MergeWhen::NotMatchedBySource => Expr::IsNull(Box::new(column(source, SOURCE))),
        };
        match &clause.condition {
            Some(condition) => and(category, condition.clone()),
            None => category,
        }
    }

    /// What a clause does, and the new value of each column, where it has one.
    fn action(&self, clause: &MergeClause, source: &Ident) -> Result<(i32, Vec<Option<Expr>>), Diagnostic> {
        let of_source = || self.columns.fields().iter().map(|field| Some(column(source, field.name()))).collect();
        Ok(match &clause.action {
            MergeAction::Delete => (DELETED, Vec::new()),
            MergeAction::DoNothing => (0, Vec::new()),
            MergeAction::Update(assignments) => (UPDATED, self.values(assignments)?),
            MergeAction::UpdateAll => (UPDATED, of_source()),
            MergeAction::InsertAll => (INSERTED, of_source()),
            MergeAction::Insert { columns, values } => (INSERTED, self.inserted(columns, values)?),
        })
    }

    /// The values of a row that comes; columns that are not named have their defaults.
    fn inserted(&self, columns: &[String], values: &[Option<Expr>]) -> Result<Vec<Option<Expr>>, Diagnostic> {
        let fields = self.columns.fields();
        let expected = if columns.is_empty() { fields.len() } else { columns.len() };
        let defaults = columns.is_empty() && values.is_empty();
        if !defaults && values.len() != expected {
            let what = if values.len() > expected {
                "expressions than target columns"
            } else {
                "target columns than expressions"
            };
            return Err(Diagnostic::new(sqlstate::SYNTAX_ERROR, format!("INSERT has more {what}")));
        }
        let mut given: Vec<Option<Option<&Expr>>> = vec![None; fields.len()];
        for (place, value) in values.iter().enumerate() {
            let place = match columns.get(place) {
                Some(name) => self.place(name)?,
                None => place,
            };
            if given[place].replace(value.as_ref()).is_some() {
                let name = fields[place].name();
                let message = format!("column \"{name}\" specified more than once");
                return Err(Diagnostic::new(sqlstate::DUPLICATE_COLUMN, message));
            }
        }
        let one =
            |(field, given): (&std::sync::Arc<_>, Option<Option<&Expr>>)| self.value(given.flatten(), field).map(Some);
        fields.iter().zip(given).map(one).collect()
    }

    /// What is done with a row and the row that comes instead are told by the same conditions, each evaluated for itself.
    fn check_stable(&self, plan: &LogicalPlan) -> Result<(), Diagnostic> {
        let LogicalPlan::Projection(shown) = plan else { return Ok(()) };
        let LogicalPlan::Projection(built) = shown.input.as_ref() else { return Ok(()) };
        match built.expr.get(2).is_some_and(datafusion::logical_expr::Expr::is_volatile) {
            true => Err(Diagnostic::unsupported("volatile functions in the conditions of MERGE are not supported")),
            false => Ok(()),
        }
    }
}

/// What the statement calls the source.
fn source_name(source: &TableWithJoins) -> Result<Ident, Diagnostic> {
    let (given, name) = match &source.relation {
        TableFactor::Table { alias, name, .. } => (alias, name.0.last().and_then(|part| part.as_ident())),
        TableFactor::Derived { alias, .. } | TableFactor::NestedJoin { alias, .. } => (alias, None),
        _ => (&None, None),
    };
    match given.as_ref().map(|alias| &alias.name).or(name) {
        Some(name) => Ok(ident(&identifier_text(name))),
        None => Err(Diagnostic::new(sqlstate::SYNTAX_ERROR, "the source of MERGE must have an alias")),
    }
}
