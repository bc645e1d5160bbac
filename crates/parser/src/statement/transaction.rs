//! Transaction modes: what BEGIN, START TRANSACTION and SET TRANSACTION ask for.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use crate::cursor::{ParseResult, ParserExt};

/// `None` for what the statement does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TransactionModes {
    /// In lower case, as SHOW prints it.
    pub isolation: Option<&'static str>,
    pub read_only: Option<bool>,
    pub deferrable: Option<bool>,
}

impl TransactionModes {
    /// The modes by the names of their settings, behind `transaction_` or `default_transaction_`.
    pub fn settings(&self) -> Vec<(&'static str, &'static str)> {
        let on_off = |on: bool| if on { "on" } else { "off" };
        let modes = [
            ("isolation", self.isolation),
            ("read_only", self.read_only.map(on_off)),
            ("deferrable", self.deferrable.map(on_off)),
        ];
        modes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Modes up to the statement's end; commas between them may be left out.
pub(super) fn modes(parser: &mut Parser<'_>) -> ParseResult<TransactionModes> {
    let mut modes = TransactionModes::default();
    while !parser.at_end() {
        if parser.take_words(&["isolation", "level"]) {
            modes.isolation = Some(isolation_level(parser)?);
        } else if parser.take_words(&["read", "only"]) {
            modes.read_only = Some(true);
        } else if parser.take_words(&["read", "write"]) {
            modes.read_only = Some(false);
        } else if parser.take_word("deferrable") {
            modes.deferrable = Some(true);
        } else if parser.take_words(&["not", "deferrable"]) {
            modes.deferrable = Some(false);
        } else {
            return parser.unexpected("a transaction mode");
        }
        if parser.consume_token(&Token::Comma) && parser.at_end() {
            return parser.unexpected("a transaction mode");
        }
    }
    Ok(modes)
}

fn isolation_level(parser: &mut Parser<'_>) -> ParseResult<&'static str> {
    let levels: [(&[&str], &'static str); 4] = [
        (&["read", "committed"], "read committed"),
        (&["read", "uncommitted"], "read uncommitted"),
        (&["repeatable", "read"], "repeatable read"),
        (&["serializable"], "serializable"),
    ];
    match levels.iter().find(|(words, _)| parser.take_words(words)) {
        Some((_, level)) => Ok(level),
        None => parser.unexpected("an isolation level"),
    }
}

/// `AND CHAIN` behind COMMIT and ROLLBACK.
pub(super) fn and_chain(parser: &mut Parser<'_>) -> ParseResult<bool> {
    if !parser.take_word("and") {
        return Ok(false);
    }
    let chain = !parser.take_word("no");
    parser.expect_word("chain")?;
    Ok(chain)
}
