//! SHOW and DESCRIBE.

use sqlparser::ast::{ObjectName, Query};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use crate::cursor::{ParseResult, ParserExt};

/// What is to be listed.
#[derive(Debug, Clone)]
pub enum Show {
    All,
    Columns(ObjectName),
    Databases,
    Models,
    Tables,
    Variable(String),
}

/// What is to be described.
#[derive(Debug, Clone)]
pub enum Describe {
    /// What was done to a managed table.
    History(ObjectName),
    Model {
        name: ObjectName,
        version: Option<u64>,
    },
    Query(Box<Query>),
    Table(ObjectName),
}

/// Behind `SHOW`.
pub(crate) fn show(parser: &mut Parser<'_>) -> ParseResult<Show> {
    if parser.take_word("all") {
        return Ok(Show::All);
    } else if parser.take_word("models") {
        return Ok(Show::Models);
    } else if parser.take_word("tables") {
        return Ok(Show::Tables);
    } else if parser.take_word("databases") || parser.take_word("schemas") {
        return Ok(Show::Databases);
    } else if parser.take_word("columns") {
        if !parser.take_word("from") {
            parser.expect_word("in")?;
        }
        return Ok(Show::Columns(parser.parse_object_name(false)?));
    } else if parser.take_words(&["time", "zone"]) {
        return Ok(Show::Variable("timezone".to_owned()));
    } else if parser.take_words(&["transaction", "isolation", "level"]) {
        return Ok(Show::Variable("transaction_isolation".to_owned()));
    }
    Ok(Show::Variable(super::set::setting_name(parser)?))
}

/// Behind `DESCRIBE` or `DESC`.
pub(crate) fn describe(parser: &mut Parser<'_>) -> ParseResult<Describe> {
    if parser.peek_word_at(0, "model") && matches!(parser.peek_nth_token_ref(1).token, Token::Word(_)) {
        parser.next_token();
        let name = parser.parse_object_name(false)?;
        let version = if parser.take_word("version") { Some(parser.unsigned()?) } else { None };
        return Ok(Describe::Model { name, version });
    }
    if parser.peek_word_at(0, "select") || parser.peek_word_at(0, "with") {
        return Ok(Describe::Query(parser.parse_query()?));
    }
    if parser.peek_word_at(0, "history") && matches!(parser.peek_nth_token_ref(1).token, Token::Word(_)) {
        parser.next_token();
        return Ok(Describe::History(parser.parse_object_name(false)?));
    }
    let _ = parser.take_word("table");
    Ok(Describe::Table(parser.parse_object_name(false)?))
}
