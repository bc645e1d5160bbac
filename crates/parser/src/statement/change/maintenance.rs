//! OPTIMIZE, VACUUM and RESTORE.

use sqlparser::ast::ObjectName;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::super::warehouse::string;
use super::update::column;
use crate::cursor::{ParseResult, ParserExt};
use crate::statement::Failure;

/// `OPTIMIZE name [ZORDER BY (a, b)]`.
#[derive(Debug, Clone)]
pub struct Optimize {
    pub table: ObjectName,
    pub z_order: Vec<String>,
}

/// `VACUUM name [RETAIN n HOURS] [DRY RUN]`.
#[derive(Debug, Clone)]
pub struct Vacuum {
    pub table: ObjectName,
    pub retain_hours: Option<u64>,
    pub dry_run: bool,
}

/// `RESTORE [TABLE] name TO VERSION AS OF n | TIMESTAMP AS OF '…'`.
#[derive(Debug, Clone)]
pub struct Restore {
    pub table: ObjectName,
    pub at: AsOfText,
}

/// Which state of a table is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsOfText {
    Version(u64),
    Timestamp(String),
}

/// Behind `OPTIMIZE`.
pub(super) fn optimize(parser: &mut Parser<'_>) -> Result<Optimize, Failure> {
    let _ = parser.take_word("table");
    let table = parser.parse_object_name(false)?;
    if parser.peek_word_at(0, "where") {
        let hint = Some("managed tables have no partitions that could be chosen");
        return Err(Failure::Unsupported { what: "OPTIMIZE … WHERE".to_owned(), hint });
    }
    let mut z_order = Vec::new();
    if parser.take_words(&["zorder", "by"]) {
        let in_parentheses = parser.consume_token(&Token::LParen);
        z_order = parser.parse_comma_separated(column)?;
        if in_parentheses {
            parser.expect_token(&Token::RParen)?;
        }
    }
    Ok(Optimize { table, z_order })
}

/// Behind `VACUUM`.
pub(super) fn vacuum(parser: &mut Parser<'_>) -> Result<Vacuum, Failure> {
    let refused = ["full", "freeze", "verbose", "analyze"].iter().find(|word| parser.peek_word_at(0, word));
    if let Some(word) = refused {
        return Err(Failure::Unsupported { what: format!("VACUUM {}", word.to_uppercase()), hint: None });
    }
    if parser.at_end() || parser.peek_nth_token_ref(0).token == Token::LParen {
        let hint = Some("VACUUM name [RETAIN n HOURS] removes the files that a table needs no longer");
        return Err(Failure::Unsupported { what: "VACUUM without a table".to_owned(), hint });
    }
    let table = parser.parse_object_name(false)?;
    let mut retain_hours = None;
    if parser.take_word("retain") {
        retain_hours = Some(parser.unsigned()?);
        if !parser.take_word("hours") {
            parser.expect_word("hour")?;
        }
    }
    let dry_run = parser.take_words(&["dry", "run"]);
    Ok(Vacuum { table, retain_hours, dry_run })
}

/// Behind `RESTORE`.
pub(super) fn restore(parser: &mut Parser<'_>) -> ParseResult<Restore> {
    let _ = parser.take_word("table");
    let table = parser.parse_object_name(false)?;
    let _ = parser.take_word("to");
    let at = if parser.take_words(&["version", "as", "of"]) {
        AsOfText::Version(parser.unsigned()?)
    } else {
        parser.expect_word("timestamp")?;
        parser.expect_word("as")?;
        parser.expect_word("of")?;
        AsOfText::Timestamp(string(parser)?)
    };
    Ok(Restore { table, at })
}
