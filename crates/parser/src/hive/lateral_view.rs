//! `LATERAL VIEW f(x) v AS a, b` as `CROSS JOIN LATERAL f(x) v(a, b)`; OUTER as a left join. So it may stand wherever a join
//! may, and others may follow it.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{behind_group, is_word, made, word};

/// Names a view that has no name of its own. A control character keeps it out of anybody's SQL.
const UNNAMED: &str = "\u{1}lateral_";

pub(super) fn as_joins(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut place = 0;
    while place < tokens.len() {
        let begins =
            is_word(&tokens[place], "lateral") && tokens.get(place + 1).is_some_and(|next| is_word(next, "view"));
        match begins.then(|| join(tokens, place, &mut out)).flatten() {
            Some(behind) => place = behind,
            None => {
                out.push(tokens[place].clone());
                place += 1;
            }
        }
    }
    out
}

/// Writes the join, and gives the place behind the view; `None` where it is not written as one, which the grammar will tell.
fn join(tokens: &[TokenWithSpan], start: usize, out: &mut Vec<TokenWithSpan>) -> Option<usize> {
    let at = &tokens[start];
    let mut place = start + 2;
    let outer = is_word(tokens.get(place)?, "outer");
    place += usize::from(outer);
    let open = place + tokens[place..].iter().position(|token| token.token == Token::LParen)?;
    // A function's name, perhaps with its database.
    if !tokens[place..open].iter().all(|token| matches!(token.token, Token::Word(_) | Token::Period)) {
        return None;
    }
    let behind = behind_group(tokens, open);
    out.extend([word(if outer { "left" } else { "cross" }, at), word("join", at), word("lateral", at)]);
    out.extend_from_slice(&tokens[place..=open]);
    out.extend(as_joins(&tokens[open + 1..behind]));
    place = behind;
    let named = tokens.get(place).filter(|token| is_name(token) && !ends_view(token)).cloned();
    place += usize::from(named.is_some());
    let unnamed = || made(Token::make_word(&format!("{UNNAMED}{start}"), Some('`')), at);
    out.extend([word("as", at), named.unwrap_or_else(unnamed)]);
    if tokens.get(place).is_some_and(|token| is_word(token, "as")) {
        place += 1;
        let parenthesized = tokens.get(place).is_some_and(|token| token.token == Token::LParen);
        place += usize::from(parenthesized);
        out.push(made(Token::LParen, at));
        loop {
            let name = tokens.get(place).filter(|token| is_name(token))?;
            out.push(name.clone());
            place += 1;
            if tokens.get(place).is_none_or(|token| token.token != Token::Comma) {
                break;
            }
            out.push(tokens[place].clone());
            place += 1;
        }
        if parenthesized {
            place += usize::from(tokens.get(place).is_some_and(|token| token.token == Token::RParen));
        }
        out.push(made(Token::RParen, at));
    }
    if outer {
        out.extend([word("on", at), word("true", at)]);
    }
    Some(place)
}

fn is_name(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Word(_))
}

/// Words that stand behind a view that has no name.
fn ends_view(token: &TokenWithSpan) -> bool {
    let words = [
        "as",
        "lateral",
        "where",
        "group",
        "having",
        "order",
        "sort",
        "cluster",
        "distribute",
        "limit",
        "union",
        "intersect",
        "except",
        "minus",
        "join",
        "left",
        "right",
        "full",
        "inner",
        "cross",
        "on",
        "window",
        "insert",
        "select",
        "map",
        "reduce",
    ];
    super::is_any_word(token, &words)
}
