//! MERGE INTO name USING source ON condition WHEN [NOT] MATCHED [BY SOURCE | BY TARGET] [AND condition] THEN …

use sqlparser::ast::{Expr, TableWithJoins};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::update::{Assignment, assignments, value};
use super::{Target, target};
use crate::cursor::ParserExt;
use crate::statement::Failure;

#[derive(Debug, Clone)]
pub struct Merge {
    pub target: Target,
    /// One relation.
    pub source: Vec<TableWithJoins>,
    pub on: Expr,
    pub clauses: Vec<MergeClause>,
}

/// What is done with a row, the first clause that applies counting.
#[derive(Debug, Clone)]
pub struct MergeClause {
    pub when: MergeWhen,
    pub condition: Option<Expr>,
    pub action: MergeAction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeWhen {
    /// A row of the target has a row of the source.
    Matched,
    /// A row of the source has none of the target.
    NotMatched,
    /// A row of the target has none of the source.
    NotMatchedBySource,
}

#[derive(Debug, Clone)]
pub enum MergeAction {
    Delete,
    DoNothing,
    /// Without columns, all of the table's are meant. A value that is none is the column's default.
    Insert {
        columns: Vec<String>,
        values: Vec<Option<Expr>>,
    },
    /// `INSERT *`: each column from the source's of its name.
    InsertAll,
    Update(Vec<Assignment>),
    /// `UPDATE SET *`.
    UpdateAll,
}

/// Behind `MERGE`.
pub(super) fn merge(parser: &mut Parser<'_>) -> Result<Merge, Failure> {
    parser.expect_word("into")?;
    let target = target(parser, &["using"])?;
    parser.expect_word("using")?;
    let relation = parser.parse_table_factor()?;
    let source = vec![TableWithJoins { relation, joins: Vec::new() }];
    parser.expect_word("on")?;
    let on = parser.parse_expr()?;
    let mut clauses = Vec::new();
    while parser.take_word("when") {
        clauses.push(clause(parser)?);
    }
    if clauses.is_empty() {
        parser.unexpected::<()>("WHEN")?;
    }
    Ok(Merge { target, source, on, clauses })
}

/// Behind `WHEN`.
fn clause(parser: &mut Parser<'_>) -> Result<MergeClause, Failure> {
    let not = parser.take_word("not");
    parser.expect_word("matched")?;
    let when = match not {
        false => MergeWhen::Matched,
        true if parser.take_words(&["by", "source"]) => MergeWhen::NotMatchedBySource,
        true => {
            let _ = parser.take_words(&["by", "target"]);
            MergeWhen::NotMatched
        }
    };
    let condition = if parser.take_word("and") { Some(parser.parse_expr()?) } else { None };
    parser.expect_word("then")?;
    let inserts = when == MergeWhen::NotMatched;
    let action = if parser.take_words(&["do", "nothing"]) {
        MergeAction::DoNothing
    } else if inserts {
        parser.expect_word("insert")?;
        insert(parser)?
    } else if parser.take_word("delete") {
        MergeAction::Delete
    } else {
        parser.expect_word("update")?;
        parser.expect_word("set")?;
        match parser.consume_token(&Token::Mul) {
            true => MergeAction::UpdateAll,
            false => MergeAction::Update(assignments(parser)?),
        }
    };
    Ok(MergeClause { when, condition, action })
}

/// Behind `INSERT`.
fn insert(parser: &mut Parser<'_>) -> Result<MergeAction, Failure> {
    if parser.consume_token(&Token::Mul) {
        return Ok(MergeAction::InsertAll);
    }
    if parser.take_words(&["default", "values"]) {
        return Ok(MergeAction::Insert { columns: Vec::new(), values: Vec::new() });
    }
    let mut columns = Vec::new();
    if parser.consume_token(&Token::LParen) {
        columns = parser.parse_comma_separated(super::update::column)?;
        parser.expect_token(&Token::RParen)?;
    }
    parser.expect_word("values")?;
    parser.expect_token(&Token::LParen)?;
    let values = parser.parse_comma_separated(value)?;
    parser.expect_token(&Token::RParen)?;
    Ok(MergeAction::Insert { columns, values })
}
