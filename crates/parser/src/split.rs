//! A query string becomes its statements, each with its own text and place.

use mead_common::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Tokenizer, TokenizerError};

use crate::cursor::Lines;
use crate::dialect::MeadDialect;
use crate::error::Error;
use crate::rewrite::Refusal;
use crate::statement::{self, Statement};

/// How deep expressions, queries and statements may nest.
pub(crate) const RECURSION_LIMIT: usize = 128;

/// How often a text may say what goes one level deeper without the parser counting it: the joins and unions of a plan, the
/// types of arrays and records.
pub(crate) const LEVELS_MAX: usize = 10_000;

/// One statement of a query string.
#[derive(Debug, Clone)]
pub struct Parsed {
    pub statement: Statement,
    /// The statement's own text, without the semicolon.
    pub text: String,
    /// Where `text` begins in the query string, in characters from 0.
    pub offset: usize,
}

/// Parses all statements of a query string; empty ones are passed over.
pub fn parse(sql: &str, dialect: Dialect) -> Result<Vec<Parsed>, Error> {
    match dialect {
        Dialect::Postgres => parse_postgres(sql),
        Dialect::Hive | Dialect::Spark => crate::hive::parse(sql, dialect),
    }
}

fn parse_postgres(sql: &str) -> Result<Vec<Parsed>, Error> {
    let grammar = MeadDialect::new(sql.len());
    let lines = Lines::new(sql);
    let tokens = Tokenizer::new(&grammar, sql).tokenize_with_location().map_err(|error| token_error(error, &lines))?;
    if tokens.windows(2).filter(|pair| goes_deeper(&pair[0].token, &pair[1].token)).nth(LEVELS_MAX).is_some() {
        return Err(Error::TooDeep);
    }
    let tokens = crate::time_travel::named(tokens, '"');
    let mut parser = Parser::new(&grammar).with_recursion_limit(RECURSION_LIMIT).with_tokens_with_locations(tokens);
    let letters: Vec<char> = sql.chars().collect();
    let mut statements = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        let first = parser.peek_token();
        if first.token == Token::EOF {
            return Ok(statements);
        }
        let start = lines.start_of(&first);
        let parsed =
            statement::statement(&mut parser, Dialect::Postgres).and_then(|parsed| match parser.peek_token().token {
                Token::EOF | Token::SemiColon => Ok(parsed),
                _ => Err(statement::Failure::Parser(ParserError::ParserError("Expected: end of statement".to_owned()))),
            });
        let next = parser.peek_token();
        let mut parsed = parsed.map_err(|failure| describe(failure, &parser, &lines, start))?;
        crate::rewrite::rewrite(&mut parsed, Dialect::Postgres)
            .map_err(|refusal| refused(refusal, sql, &lines, start))?;
        let end = lines.start_of(&next);
        let text: String = letters[start..end.max(start)].iter().collect();
        statements.push(Parsed { statement: parsed, text: text.trim_end().to_owned(), offset: start });
    }
}

/// What cannot be rewritten, of the statement that begins at `start`.
pub(crate) fn refused(refusal: Refusal, sql: &str, lines: &Lines, start: usize) -> Error {
    match refusal {
        Refusal::Syntax(near) => Error::Syntax { near: Some(near), position: start + 1, expected: None },
        Refusal::Collation { message, name } => {
            let before = sql.chars().take(lines.offset(name)).collect::<String>();
            let word = before.trim_end().chars().count().saturating_sub("COLLATE".len());
            Error::Undefined { message, position: word + 1 }
        }
        Refusal::Unsupported(what) => {
            Error::Unsupported { message: format!("{what} is not supported"), hint: None, position: start + 1 }
        }
    }
}

/// True for the words that join relations or unite queries, and where the type of an element begins.
pub(crate) fn goes_deeper(token: &Token, next: &Token) -> bool {
    match token {
        Token::Word(word) => match word.keyword {
            Keyword::JOIN | Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT => true,
            Keyword::ARRAY | Keyword::MAP | Keyword::STRUCT => *next == Token::Lt,
            _ => false,
        },
        Token::LBracket => *next == Token::RBracket,
        _ => false,
    }
}

pub(crate) fn token_error(error: TokenizerError, lines: &Lines) -> Error {
    let position = lines.offset(error.location) + 1;
    let message = match error.message.as_str() {
        text if text.starts_with("Unterminated string literal") => "unterminated quoted string".to_owned(),
        text if text.starts_with("Unexpected EOF while in a multi-line comment") => {
            "unterminated /* comment".to_owned()
        }
        text if text.starts_with("Expected close delimiter") => "unterminated quoted identifier".to_owned(),
        text if text.starts_with("Unterminated dollar-quoted") => "unterminated dollar-quoted string".to_owned(),
        text => {
            let mut letters = text.chars();
            letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
        }
    };
    Error::Token { message, position }
}

/// The error in Postgres's words. sqlparser tells the token it stopped at in its message's tail: `found: X at Line: 1,
/// Column: 8`; where it does not, the parser's next token is the one.
pub(crate) fn describe(failure: statement::Failure, parser: &Parser<'_>, lines: &Lines, start: usize) -> Error {
    let message = match failure {
        statement::Failure::Unsupported { what, hint } => {
            return Error::Unsupported {
                message: format!("{what} is not supported"),
                hint: hint.map(str::to_owned),
                position: start + 1,
            };
        }
        statement::Failure::Parser(ParserError::RecursionLimitExceeded) => return Error::TooDeep,
        statement::Failure::Parser(ParserError::ParserError(message) | ParserError::TokenizerError(message)) => message,
    };
    let expected = message
        .strip_prefix("Expected: ")
        .map(|rest| rest.split(", found:").next().unwrap_or(rest).trim().to_owned())
        .filter(|expected| !expected.is_empty() && expected != "end of statement");
    let found = message.split(", found: ").nth(1).and_then(|rest| rest.rsplit_once(" at Line: "));
    if let Some((near, place)) = found
        && let Some((line, column)) = place.split_once(", Column: ")
        && let (Ok(line), Ok(column)) = (line.trim().parse(), column.trim().parse())
    {
        let position = lines.offset(sqlparser::tokenizer::Location { line, column }) + 1;
        return Error::Syntax { near: Some(near.to_owned()), position, expected };
    }
    let next = parser.peek_token();
    let position = lines.start_of(&next) + 1;
    let near = (next.token != Token::EOF).then(|| next.token.to_string());
    let expected = expected.or_else(|| (!message.starts_with("Expected: ")).then_some(message));
    Error::Syntax { near, position, expected: expected.filter(|text| text != "end of statement") }
}
