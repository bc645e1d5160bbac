//! SET, in its many spellings.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::transaction::{self, TransactionModes};
use crate::cursor::{ParseResult, ParserExt, literal_text};

/// One setting and its new value; `None` for DEFAULT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    pub name: String,
    pub value: Option<String>,
    /// SET LOCAL: until the transaction block ends.
    pub local: bool,
}

/// SET TRANSACTION, and SET SESSION CHARACTERISTICS AS TRANSACTION.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetTransaction {
    pub modes: TransactionModes,
    /// For this session's transactions to come, not for the one that is open.
    pub session: bool,
}

/// Behind `SET`; `None` where it is another SET.
pub(crate) fn set_transaction(parser: &mut Parser<'_>) -> ParseResult<Option<SetTransaction>> {
    let session = parser.take_words(&["session", "characteristics", "as", "transaction"]);
    if !session && !parser.take_word("transaction") {
        return Ok(None);
    }
    if parser.at_end() {
        return parser.unexpected("a transaction mode");
    }
    Ok(Some(SetTransaction { modes: transaction::modes(parser)?, session }))
}

/// Behind `SET`.
pub(crate) fn set(parser: &mut Parser<'_>) -> ParseResult<Set> {
    let local = parser.take_word("local");
    if !local && parser.peek_word_at(0, "session") && matches!(parser.peek_nth_token_ref(1).token, Token::Word(_)) {
        let _ = parser.take_word("session");
    }
    let spelled = [
        (&["time", "zone"][..], "timezone"),
        (&["names"], "client_encoding"),
        (&["session", "authorization"], "session_authorization"),
        (&["authorization"], "session_authorization"),
    ];
    for (words, name) in spelled {
        if parser.take_words(words) {
            return Ok(Set { name: name.to_owned(), value: value(parser, false)?, local });
        }
    }
    let name = setting_name(parser)?;
    // SET ROLE has neither = nor TO.
    if name.eq_ignore_ascii_case("role") && matches!(parser.peek_nth_token_ref(0).token, Token::Word(_)) {
        let _ = parser.take_word("to");
        return Ok(Set { name, value: value(parser, false)?, local });
    }
    if !parser.consume_token(&Token::Eq) && !parser.take_word("to") {
        return parser.unexpected("= or TO");
    }
    let names = name.eq_ignore_ascii_case("search_path");
    Ok(Set { name, value: value(parser, names)?, local })
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

/// A literal, a word, or a list of them; DEFAULT is `None`. `names`: the value is a list of names, of which a literal is one.
fn value(parser: &mut Parser<'_>, names: bool) -> ParseResult<Option<String>> {
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
            None if names => literal_text(&parser.parse_expr()?).map(|text| quoted_name(&text)),
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

/// A name as SQL writes it: quoted where it would not be read as it stands.
fn quoted_name(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
