//! SET, in its many spellings.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use crate::cursor::{ParseResult, ParserExt, literal_text};

/// One setting and its new value; `None` for DEFAULT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    pub name: String,
    pub value: Option<String>,
    /// SET LOCAL: until the transaction block ends.
    pub local: bool,
}

/// Behind `SET`.
pub(crate) fn set(parser: &mut Parser<'_>) -> ParseResult<Set> {
    if parser.take_words(&["session", "characteristics", "as", "transaction"]) {
        return transaction(parser, "default_transaction_isolation");
    }
    if parser.take_word("transaction") {
        return transaction(parser, "transaction_isolation");
    }
    let local = parser.take_word("local");
    if !local && parser.peek_word_at(0, "session") && matches!(parser.peek_nth_token_ref(1).token, Token::Word(_)) {
        let _ = parser.take_word("session");
    }
    if parser.take_words(&["time", "zone"]) {
        return Ok(Set { name: "timezone".to_owned(), value: value(parser)?, local });
    }
    if parser.take_word("names") {
        return Ok(Set { name: "client_encoding".to_owned(), value: value(parser)?, local });
    }
    let name = setting_name(parser)?;
    if !parser.consume_token(&Token::Eq) && !parser.take_word("to") {
        return parser.unexpected("= or TO");
    }
    Ok(Set { name, value: value(parser)?, local })
}

/// `a.b.c`, as Hive and DataFusion name settings too.
pub(super) fn setting_name(parser: &mut Parser<'_>) -> ParseResult<String> {
    let mut name = parser.parse_identifier()?.value;
    while parser.consume_token(&Token::Period) {
        name.push('.');
        name.push_str(&parser.parse_identifier()?.value);
    }
    Ok(name)
}

fn transaction(parser: &mut Parser<'_>, name: &str) -> ParseResult<Set> {
    let mut words = Vec::new();
    let mut name = name.to_owned();
    if parser.take_words(&["isolation", "level"]) {
        while !parser.at_end() && parser.peek_nth_token_ref(0).token != Token::Comma {
            words.push(parser.parse_identifier()?.value.to_lowercase());
        }
    } else if parser.take_words(&["read", "write"]) {
        name = name.replace("isolation", "read_only");
        words.push("off".to_owned());
    } else if parser.take_words(&["read", "only"]) {
        name = name.replace("isolation", "read_only");
        words.push("on".to_owned());
    } else {
        return parser.unexpected("ISOLATION LEVEL, READ WRITE or READ ONLY");
    }
    Ok(Set { name, value: Some(words.join(" ")), local: true })
}

/// A literal, a word, or a list of them; DEFAULT is `None`.
fn value(parser: &mut Parser<'_>) -> ParseResult<Option<String>> {
    if parser.take_word("default") {
        return Ok(None);
    }
    let mut parts = Vec::new();
    loop {
        let word = match &parser.peek_nth_token_ref(0).token {
            Token::Word(word) => Some(word.to_string()),
            _ => None,
        };
        let text = match word {
            // `on`, `true` and schema names are words; quoted identifiers keep their quotes.
            Some(word) => {
                parser.next_token();
                Some(word)
            }
            None => literal_text(&parser.parse_expr()?),
        };
        match text {
            Some(text) => parts.push(text),
            None => return parser.unexpected("a value"),
        }
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    Ok(Some(parts.join(", ")))
}
