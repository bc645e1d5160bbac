//! The text of Hive and of Spark SQL, on its way to sqlparser's grammar.
//!
//! sqlparser knows most of Hive's statements. What it does not know is brought to a form that it knows while it is still
//! tokens: `FROM t SELECT a` becomes `SELECT a FROM t`, `LATERAL VIEW f(x) v AS c` becomes `CROSS JOIN LATERAL f(x) v(c)`,
//! `OVER (DISTRIBUTE BY a SORT BY b)` becomes `OVER (PARTITION BY a ORDER BY b)`. Tokens keep their places, so that errors
//! are told where the user wrote them.

mod dialect;
mod from_first;
mod inline_table;
mod lateral_view;
mod literal;
mod multi_insert;
mod pieces;
mod setting;
mod substitute;
mod tokens;
mod transform;
mod window;

pub(crate) use dialect::HiveDialect;
pub use pieces::{Piece, pieces};
pub use setting::{SessionCommand, VariableKind};
pub use substitute::substitute;
pub(crate) use transform::BETWEEN;
pub use transform::TRANSFORM;

use mead_common::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::cursor::Lines;
use crate::error::Error;
use crate::split::{LEVELS_MAX, Parsed, RECURSION_LIMIT, describe, goes_deeper, refused};
use crate::statement::{self, Failure, Statement};

/// Parses all statements of a string in one of the dialects of Hive's family; empty ones are passed over.
pub(crate) fn parse(sql: &str, dialect: Dialect) -> Result<Vec<Parsed>, Error> {
    pieces(sql)
        .into_iter()
        .map(|piece| {
            let mut parsed = parse_one(&piece.text, dialect)?;
            parsed.offset += piece.offset;
            Ok(parsed)
        })
        .collect()
}

/// Parses one statement, the text of a [`Piece`] after its variables have been put in.
pub fn parse_one(sql: &str, dialect: Dialect) -> Result<Parsed, Error> {
    let text = sql.trim_end().to_owned();
    let quoted = quoted_steps(sql);
    let sql = quoted.as_deref().unwrap_or(sql);
    if let Some(command) = setting::command(sql)? {
        return Ok(Parsed { statement: command, text, offset: 0 });
    }
    let lines = Lines::new(sql);
    let tokens = tokens::tokens(sql, dialect, &lines)?;
    if tokens.windows(2).filter(|pair| goes_deeper(&pair[0].token, &pair[1].token)).nth(LEVELS_MAX).is_some() {
        return Err(Error::TooDeep);
    }
    let tokens = crate::time_travel::named(tokens, '`');
    let tokens = inline_table::as_selects(lateral_view::as_joins(&window::as_partitions(tokens)));
    let mut statements = Vec::new();
    let tokens = transform::as_select(tokens);
    let branches = multi_insert::branches(&tokens).map_err(|what| unsupported(what, 1))?;
    for branch in branches {
        statements.push(grammar(from_first::as_select(branch), sql, dialect, &lines)?);
    }
    let statement = match statements.len() {
        1 => statements.swap_remove(0),
        _ => Statement::MultiInsert(statements),
    };
    Ok(Parsed { statement, text, offset: 0 })
}

/// `DESCRIBE t.c.$elem$` with what sqlparser would take for the beginning of a string as a name.
fn quoted_steps(sql: &str) -> Option<String> {
    let first = sql.split_whitespace().next()?.to_lowercase();
    let steps = ["$elem$", "$key$", "$value$"];
    let describes = ["desc", "describe"].contains(&first.as_str());
    if !describes || !steps.iter().any(|step| sql.contains(step)) {
        return None;
    }
    Some(steps.iter().fold(sql.to_owned(), |sql, step| sql.replace(step, &format!("`{step}`"))))
}

/// The query behind the AS of CREATE VIEW, as it was written: what a view is kept as.
pub fn query_of_view(sql: &str, dialect: Dialect) -> Option<String> {
    let lines = Lines::new(sql);
    let tokens = tokens::tokens(sql, dialect, &lines).ok()?;
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Word(word) if depth == 0 && word.keyword == Keyword::AS && word.quote_style.is_none() => {
                let start = lines.start_of(tokens.get(index + 1)?);
                return Some(sql.chars().skip(start).collect::<String>().trim().to_owned());
            }
            _ => {}
        }
    }
    None
}

fn grammar(tokens: Vec<TokenWithSpan>, sql: &str, dialect: Dialect, lines: &Lines) -> Result<Statement, Error> {
    let start = tokens.iter().map(|token| lines.start_of(token)).min().unwrap_or(0);
    let grammar = HiveDialect::new(dialect, sql.len());
    let mut parser = Parser::new(&grammar).with_recursion_limit(RECURSION_LIMIT).with_tokens_with_locations(tokens);
    let parsed = statement::statement(&mut parser, dialect).and_then(|parsed| match parser.peek_token().token {
        Token::EOF => Ok(parsed),
        _ => Err(Failure::Parser(ParserError::ParserError("Expected: end of statement".to_owned()))),
    });
    let mut parsed = parsed.map_err(|failure| describe(failure, &parser, lines, start))?;
    crate::rewrite::rewrite(&mut parsed, dialect).map_err(|refusal| refused(refusal, sql, lines, start))?;
    Ok(parsed)
}

fn unsupported(what: &str, position: usize) -> Error {
    Error::Unsupported { message: format!("{what} is not supported"), hint: None, position }
}

/// True for the unquoted word.
fn is_word(token: &TokenWithSpan, wanted: &str) -> bool {
    matches!(&token.token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted))
}

fn is_any_word(token: &TokenWithSpan, wanted: &[&str]) -> bool {
    wanted.iter().any(|word| is_word(token, word))
}

/// The place behind the parenthesis that closes the one at `open`; the end where none does.
fn behind_group(tokens: &[TokenWithSpan], open: usize) -> usize {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return place + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// A token that nobody wrote, at the place of one that somebody did.
fn made(token: Token, at: &TokenWithSpan) -> TokenWithSpan {
    TokenWithSpan { token, span: at.span }
}

fn word(text: &str, at: &TokenWithSpan) -> TokenWithSpan {
    made(Token::make_word(text, None), at)
}
