//! UPDATE name SET column = value, … [FROM …] [WHERE …].

use sqlparser::ast::{Expr, TableWithJoins};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::{Target, condition, target};
use crate::cursor::{ParseResult, ParserExt};
use crate::statement::{Failure, identifier_text};

#[derive(Debug, Clone)]
pub struct Update {
    pub target: Target,
    pub assignments: Vec<Assignment>,
    pub from: Vec<TableWithJoins>,
    pub condition: Option<Expr>,
}

/// A column's new value; without one it is the column's default.
#[derive(Debug, Clone)]
pub struct Assignment {
    pub column: String,
    pub value: Option<Expr>,
}

/// Behind `UPDATE`.
pub(super) fn update(parser: &mut Parser<'_>) -> Result<Update, Failure> {
    let target = target(parser, &["set"])?;
    parser.expect_word("set")?;
    let assignments = assignments(parser)?;
    let from = match parser.take_word("from") {
        true => parser.parse_comma_separated(Parser::parse_table_and_joins)?,
        false => Vec::new(),
    };
    Ok(Update { target, assignments, from, condition: condition(parser)? })
}

/// Behind `SET`.
pub(super) fn assignments(parser: &mut Parser<'_>) -> Result<Vec<Assignment>, Failure> {
    let mut all = Vec::new();
    loop {
        if parser.consume_token(&Token::LParen) {
            let columns = parser.parse_comma_separated(column)?;
            parser.expect_token(&Token::RParen)?;
            parser.expect_token(&Token::Eq)?;
            let _ = parser.take_word("row");
            if parser.peek_word_at(1, "select") || parser.peek_word_at(1, "with") {
                return Err(Failure::Unsupported {
                    what: "UPDATE … SET (…) = (SELECT …)".to_owned(),
                    hint: Some("give each column a subquery, or name the query in FROM"),
                });
            }
            parser.expect_token(&Token::LParen)?;
            let values = parser.parse_comma_separated(value)?;
            parser.expect_token(&Token::RParen)?;
            if values.len() != columns.len() {
                parser.unexpected::<()>("as many values as columns")?;
            }
            all.extend(columns.into_iter().zip(values).map(|(column, value)| Assignment { column, value }));
        } else {
            let column = column(parser)?;
            parser.expect_token(&Token::Eq)?;
            all.push(Assignment { column, value: value(parser)? });
        }
        if !parser.consume_token(&Token::Comma) {
            return Ok(all);
        }
    }
}

/// A column, perhaps behind the table's name.
pub(super) fn column(parser: &mut Parser<'_>) -> ParseResult<String> {
    let name = parser.parse_object_name(false)?;
    match name.0.last().and_then(|part| part.as_ident()) {
        Some(column) => Ok(identifier_text(column)),
        None => parser.unexpected("a column"),
    }
}

/// An expression, or `DEFAULT`.
pub(super) fn value(parser: &mut Parser<'_>) -> ParseResult<Option<Expr>> {
    if parser.take_word("default") {
        return Ok(None);
    }
    parser.parse_expr().map(Some)
}
