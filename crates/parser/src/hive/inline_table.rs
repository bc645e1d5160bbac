//! `VALUES (1, 2) AS t(a, b)` as a query of its own, as Spark has it, is `SELECT * FROM VALUES (1, 2) AS t(a, b)`.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{behind_group, is_any_word, is_word, word};

/// Words behind which a query begins.
const BEFORE_QUERY: [&str; 8] = ["as", "all", "distinct", "except", "explain", "intersect", "minus", "union"];

/// What ends the rows of VALUES where they have no name.
const BEHIND_ROWS: [&str; 8] = ["cluster", "distribute", "except", "intersect", "limit", "minus", "order", "union"];

/// Rewrites every query of a statement that is a named table of values.
pub(super) fn as_selects(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out = Vec::with_capacity(tokens.len());
    for (place, token) in tokens.iter().enumerate() {
        let before = place.checked_sub(1).map(|before| &tokens[before]);
        let begins = before.is_none_or(|before| before.token == Token::LParen || is_any_word(before, &BEFORE_QUERY));
        if is_word(token, "values") && begins && is_named(&tokens, place + 1) {
            out.extend([word("SELECT", token), super::made(Token::Mul, token), word("FROM", token)]);
        }
        out.push(token.clone());
    }
    out
}

/// True if rows that begin here are followed by `AS name`.
fn is_named(tokens: &[TokenWithSpan], mut place: usize) -> bool {
    while let Some(token) = tokens.get(place) {
        match &token.token {
            Token::LParen => place = behind_group(tokens, place),
            Token::RParen | Token::SemiColon | Token::EOF => return false,
            Token::Word(_) if is_word(token, "as") => return true,
            Token::Word(_) if is_any_word(token, &BEHIND_ROWS) => return false,
            _ => place += 1,
        }
    }
    false
}
