//! The statements that change rows where they are, and those that look after a managed table.

mod delete;
mod maintenance;
mod merge;
mod update;

use sqlparser::ast::{Expr, Ident, ObjectName, TableWithJoins};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

pub use delete::Delete;
pub use maintenance::{AsOfText, Optimize, Restore, Vacuum};
pub use merge::{Merge, MergeAction, MergeClause, MergeWhen};
pub use update::{Assignment, Update};

use super::{Failure, Statement};
use crate::cursor::{ParseResult, ParserExt};

/// A statement that changes a managed table.
#[derive(Debug, Clone)]
pub enum Change {
    Delete(Delete),
    Merge(Merge),
    Optimize(Optimize),
    Restore(Restore),
    Update(Update),
    Vacuum(Vacuum),
}

impl Change {
    /// What the statement is called.
    pub fn name(&self) -> &'static str {
        match self {
            Change::Delete(_) => "DELETE",
            Change::Merge(_) => "MERGE",
            Change::Optimize(_) => "OPTIMIZE",
            Change::Restore(_) => "RESTORE",
            Change::Update(_) => "UPDATE",
            Change::Vacuum(_) => "VACUUM",
        }
    }

    /// All expressions, and the relations beside the target, for what rewrites them.
    pub(crate) fn parts(&mut self) -> (Vec<&mut Expr>, Option<&mut Vec<TableWithJoins>>) {
        match self {
            Change::Delete(delete) => (delete.condition.iter_mut().collect(), Some(&mut delete.using)),
            Change::Update(update) => {
                let values = update.assignments.iter_mut().filter_map(|assignment| assignment.value.as_mut());
                (values.chain(update.condition.as_mut()).collect(), Some(&mut update.from))
            }
            Change::Merge(merge) => {
                let mut expressions = vec![&mut merge.on];
                for clause in &mut merge.clauses {
                    expressions.extend(clause.condition.as_mut());
                    match &mut clause.action {
                        MergeAction::Update(assignments) => {
                            expressions.extend(assignments.iter_mut().filter_map(|one| one.value.as_mut()));
                        }
                        MergeAction::Insert { values, .. } => expressions.extend(values.iter_mut().flatten()),
                        _ => {}
                    }
                }
                (expressions, Some(&mut merge.source))
            }
            Change::Optimize(_) | Change::Restore(_) | Change::Vacuum(_) => (Vec::new(), None),
        }
    }
}

/// The table that a statement changes.
#[derive(Debug, Clone)]
pub struct Target {
    pub table: ObjectName,
    pub alias: Option<Ident>,
}

/// The statement that begins with the word `first`.
pub(crate) fn statement(parser: &mut Parser<'_>, first: &str) -> Result<Statement, Failure> {
    parser.next_token();
    let change = match first {
        "delete" => Change::Delete(delete::delete(parser)?),
        "merge" => Change::Merge(merge::merge(parser)?),
        "optimize" => Change::Optimize(maintenance::optimize(parser)?),
        "restore" => Change::Restore(maintenance::restore(parser)?),
        "vacuum" => Change::Vacuum(maintenance::vacuum(parser)?),
        _ => Change::Update(update::update(parser)?),
    };
    if let Change::Delete(_) | Change::Merge(_) | Change::Update(_) = change
        && parser.peek_word_at(0, "returning")
    {
        return Err(Failure::Unsupported { what: format!("{} … RETURNING", change.name()), hint: None });
    }
    Ok(Statement::Change(Box::new(change)))
}

/// `[ONLY] name [*] [[AS] alias]`, up to one of the words that come next.
fn target(parser: &mut Parser<'_>, next: &[&str]) -> ParseResult<Target> {
    let _ = parser.take_word("only");
    let table = parser.parse_object_name(false)?;
    let _ = parser.consume_token(&Token::Mul);
    let is_next = |parser: &Parser<'_>| next.iter().any(|word| parser.peek_word_at(0, word));
    let is_named =
        parser.take_word("as") || (!is_next(parser) && matches!(parser.peek_nth_token_ref(0).token, Token::Word(_)));
    let alias = if is_named { Some(parser.parse_identifier()?) } else { None };
    Ok(Target { table, alias })
}

/// `WHERE condition`, if it stands here.
fn condition(parser: &mut Parser<'_>) -> Result<Option<Expr>, Failure> {
    if !parser.take_word("where") {
        return Ok(None);
    }
    if parser.peek_word_at(0, "current") && parser.peek_word_at(1, "of") {
        return Err(Failure::Unsupported { what: "WHERE CURRENT OF".to_owned(), hint: None });
    }
    Ok(Some(parser.parse_expr()?))
}
