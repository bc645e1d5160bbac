//! Columns as Hive declares them: a name, a type of Hive's, constraints, a comment.

use sqlparser::ast::Expr;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::{column_name, column_names, string};
use crate::cursor::{ParseResult, ParserExt};

/// A declared column.
#[derive(Debug, Clone)]
pub struct HiveColumn {
    pub name: String,
    /// The type in Hive's words and lower case (`struct<a:int,b:string>`); whether there is such a type, storage knows.
    pub data_type: String,
    pub not_null: bool,
    pub default: Option<Expr>,
    pub comment: Option<String>,
}

/// How deep types may nest.
const DEPTH_MAX: usize = 100;

/// `(name type [constraints] [COMMENT 'text'], …)`, with the table's constraints among them.
pub(super) fn columns(parser: &mut Parser<'_>) -> ParseResult<Vec<HiveColumn>> {
    parser.expect_token(&Token::LParen)?;
    let mut columns = Vec::new();
    loop {
        if !table_constraint(parser)? {
            columns.push(column(parser)?);
        }
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    parser.expect_token(&Token::RParen)?;
    Ok(columns)
}

pub(super) fn column(parser: &mut Parser<'_>) -> ParseResult<HiveColumn> {
    let name = column_name(parser)?;
    let _ = parser.consume_token(&Token::Colon);
    let mut column = HiveColumn { name, data_type: data_type(parser)?, not_null: false, default: None, comment: None };
    loop {
        if parser.take_word("comment") {
            column.comment = Some(string(parser)?);
        } else if !constraint(parser, &mut column)? {
            return Ok(column);
        }
    }
}

/// One constraint of a column. Hive enforces NOT NULL and DEFAULT; what it only notes may be declared as such alone.
fn constraint(parser: &mut Parser<'_>, column: &mut HiveColumn) -> ParseResult<bool> {
    if parser.take_word("constraint") {
        column_name(parser)?;
    }
    if parser.take_words(&["not", "null"]) {
        column.not_null = is_enforced(parser, true);
    } else if parser.take_word("default") {
        column.default = Some(parser.parse_expr()?);
        is_enforced(parser, true);
    } else if parser.take_word("check") {
        parser.expect_token(&Token::LParen)?;
        parser.parse_expr()?;
        parser.expect_token(&Token::RParen)?;
        must_not_be_enforced(parser, "CHECK")?;
    } else if parser.take_words(&["primary", "key"]) {
        must_not_be_enforced(parser, "PRIMARY KEY")?;
    } else if parser.take_word("unique") {
        must_not_be_enforced(parser, "UNIQUE")?;
    } else if parser.take_word("references") {
        references(parser)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// A constraint of the table, if one begins here.
pub(super) fn table_constraint(parser: &mut Parser<'_>) -> ParseResult<bool> {
    let named = parser.peek_word_at(0, "constraint");
    let at = if named { 2 } else { 0 };
    let begins = |words: &[&str]| words.iter().enumerate().all(|(n, word)| parser.peek_word_at(at + n, word));
    let is_one = begins(&["primary", "key"])
        || begins(&["foreign", "key"])
        || (begins(&["unique"]) && parser.peek_nth_token_ref(at + 1).token == Token::LParen)
        || (begins(&["check"]) && parser.peek_nth_token_ref(at + 1).token == Token::LParen);
    if !is_one {
        return Ok(false);
    }
    for _ in 0..at {
        parser.next_token();
    }
    if parser.take_words(&["primary", "key"]) {
        column_names(parser)?;
        must_not_be_enforced(parser, "PRIMARY KEY")?;
    } else if parser.take_word("unique") {
        column_names(parser)?;
        must_not_be_enforced(parser, "UNIQUE")?;
    } else if parser.take_words(&["foreign", "key"]) {
        column_names(parser)?;
        parser.expect_word("references")?;
        references(parser)?;
    } else {
        parser.expect_word("check")?;
        parser.expect_token(&Token::LParen)?;
        parser.parse_expr()?;
        parser.expect_token(&Token::RParen)?;
        must_not_be_enforced(parser, "CHECK")?;
    }
    Ok(true)
}

fn references(parser: &mut Parser<'_>) -> ParseResult<()> {
    parser.parse_object_name(false)?;
    if parser.peek_nth_token_ref(0).token == Token::LParen {
        column_names(parser)?;
    }
    must_not_be_enforced(parser, "FOREIGN KEY")
}

/// `ENABLE | DISABLE | ENFORCED | NOT ENFORCED`, with Hive's words about validation behind it.
fn is_enforced(parser: &mut Parser<'_>, default: bool) -> bool {
    let mut enforced = default;
    loop {
        if parser.take_word("enable") || parser.take_word("enforced") {
            enforced = true;
        } else if parser.take_word("disable") || parser.take_words(&["not", "enforced"]) {
            enforced = false;
        } else if !["validate", "novalidate", "rely", "norely"].iter().any(|word| parser.take_word(word)) {
            return enforced;
        }
    }
}

/// As in Hive a constraint is enabled unless it says otherwise; one that is not changes nothing.
fn must_not_be_enforced(parser: &mut Parser<'_>, what: &str) -> ParseResult<()> {
    match is_enforced(parser, true) {
        true => {
            Err(ParserError::ParserError(format!("Expected: DISABLE NOVALIDATE behind {what}, which is not enforced")))
        }
        false => Ok(()),
    }
}

/// A type in Hive's words.
pub(crate) fn data_type(parser: &mut Parser<'_>) -> ParseResult<String> {
    let mut closing = 0;
    let text = nested_type(parser, &mut closing, 0)?;
    if closing > 0 { parser.unexpected("the end of the type") } else { Ok(text) }
}

/// `closing` counts the `>` that a token such as `>>` had too many for the type it closed.
fn nested_type(parser: &mut Parser<'_>, closing: &mut usize, depth: usize) -> ParseResult<String> {
    if depth > DEPTH_MAX {
        return Err(ParserError::RecursionLimitExceeded);
    }
    let token = parser.next_token();
    let Token::Word(word) = &token.token else { return parser.expected("a type", token) };
    let name = word.value.to_lowercase();
    match name.as_str() {
        "array" | "map" | "uniontype" => {
            parser.expect_token(&Token::Lt)?;
            let mut arguments = vec![nested_type(parser, closing, depth + 1)?];
            while *closing == 0 && parser.consume_token(&Token::Comma) {
                arguments.push(nested_type(parser, closing, depth + 1)?);
            }
            close(parser, closing)?;
            Ok(format!("{name}<{}>", arguments.join(",")))
        }
        "struct" => {
            parser.expect_token(&Token::Lt)?;
            let mut fields = Vec::new();
            loop {
                let field = column_name(parser)?;
                let _ = parser.consume_token(&Token::Colon);
                fields.push(format!("{field}:{}", nested_type(parser, closing, depth + 1)?));
                if *closing == 0 && parser.take_word("comment") {
                    string(parser)?;
                }
                if *closing > 0 || !parser.consume_token(&Token::Comma) {
                    break;
                }
            }
            close(parser, closing)?;
            Ok(format!("struct<{}>", fields.join(",")))
        }
        "double" => {
            let _ = parser.take_word("precision");
            Ok(name)
        }
        "timestamp" if parser.take_words(&["with", "local", "time", "zone"]) => {
            Ok("timestamp with local time zone".to_owned())
        }
        "interval" => parser.unexpected("a type that can be stored"),
        _ => {
            let mut text = name;
            if parser.consume_token(&Token::LParen) {
                let mut numbers = vec![parser.unsigned()?.to_string()];
                while parser.consume_token(&Token::Comma) {
                    numbers.push(parser.unsigned()?.to_string());
                }
                parser.expect_token(&Token::RParen)?;
                text.push_str(&format!("({})", numbers.join(",")));
            }
            Ok(text)
        }
    }
}

fn close(parser: &mut Parser<'_>, closing: &mut usize) -> ParseResult<()> {
    if *closing > 0 {
        *closing -= 1;
        return Ok(());
    }
    let text = parser.peek_nth_token_ref(0).token.to_string();
    if text.is_empty() || !text.bytes().all(|byte| byte == b'>') {
        return parser.unexpected(">");
    }
    parser.next_token();
    *closing = text.len() - 1;
    Ok(())
}
