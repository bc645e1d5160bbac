//! `FROM t SELECT a WHERE b` as `SELECT a FROM t WHERE b`, in every query of a statement.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{behind_group, is_any_word, is_word};

/// Words that a query may stand behind, at a statement's own level.
const BEFORE_QUERY: [&str; 12] = [
    "as",
    "explain",
    "extended",
    "formatted",
    "dependency",
    "authorization",
    "cbo",
    "codegen",
    "cost",
    "verbose",
    "analyze",
    "for",
];

/// What ends a list of columns.
const BEHIND_COLUMNS: [&str; 18] = [
    "from",
    "where",
    "group",
    "having",
    "order",
    "sort",
    "cluster",
    "distribute",
    "limit",
    "offset",
    "window",
    "qualify",
    "union",
    "intersect",
    "except",
    "minus",
    "insert",
    "select",
];

/// Rewrites a statement.
pub(super) fn as_select(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let is_query = tokens.first().is_some_and(|first| is_any_word(first, &["insert", "from", "with"]));
    level(&tokens, if is_query { Level::Query } else { Level::Statement })
}

/// What stands at one depth of parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// A query may begin where nothing has been selected yet.
    Query,
    /// A query may begin behind certain words.
    Statement,
    /// No query.
    Other,
}

fn level(tokens: &[TokenWithSpan], kind: Level) -> Vec<TokenWithSpan> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut place = 0;
    let (mut selected, mut with) = (false, false);
    while place < tokens.len() {
        let token = &tokens[place];
        if token.token == Token::LParen {
            let behind = behind_group(tokens, place);
            group(&tokens[place..behind], &mut out);
            place = behind;
            continue;
        }
        if is_any_word(token, &["union", "intersect", "except", "minus"]) {
            selected = false;
        } else if is_word(token, "select") {
            selected = true;
        } else if is_word(token, "with") {
            with = true;
        } else if is_word(token, "from") {
            let before = place.checked_sub(1).map(|before| &tokens[before]);
            let begins = match kind {
                _ if selected => false,
                Level::Query => true,
                Level::Statement => before.is_some_and(|before| {
                    is_any_word(before, &BEFORE_QUERY) || (with && before.token == Token::RParen)
                }),
                Level::Other => false,
            };
            if let Some(select) = begins.then(|| next_at_level(tokens, place + 1, &["select"])).flatten() {
                let columns_end = end_of_columns(tokens, select + 1);
                out.extend(level(&tokens[select..columns_end], Level::Other));
                out.extend(level(&tokens[place..select], Level::Other));
                place = columns_end;
                selected = true;
                continue;
            }
        }
        out.push(token.clone());
        place += 1;
    }
    out
}

/// A parenthesis with what is in it.
fn group(tokens: &[TokenWithSpan], out: &mut Vec<TokenWithSpan>) {
    let closed = tokens.len() > 1 && tokens[tokens.len() - 1].token == Token::RParen;
    let inner = &tokens[1..tokens.len() - usize::from(closed)];
    let is_query = inner
        .first()
        .is_some_and(|first| is_any_word(first, &["from", "with", "select"]) || first.token == Token::LParen);
    out.push(tokens[0].clone());
    out.extend(level(inner, if is_query { Level::Query } else { Level::Other }));
    if closed {
        out.push(tokens[tokens.len() - 1].clone());
    }
}

/// The next of the words that is in no parenthesis.
pub(super) fn next_at_level(tokens: &[TokenWithSpan], start: usize, words: &[&str]) -> Option<usize> {
    let mut place = start;
    while place < tokens.len() {
        if tokens[place].token == Token::LParen {
            place = behind_group(tokens, place);
            continue;
        }
        if is_any_word(&tokens[place], words) {
            return Some(place);
        }
        place += 1;
    }
    None
}

/// The place behind a list of columns.
pub(super) fn end_of_columns(tokens: &[TokenWithSpan], start: usize) -> usize {
    let mut place = start;
    loop {
        let Some(found) = next_at_level(tokens, place, &BEHIND_COLUMNS) else {
            return lateral(tokens, start, tokens.len());
        };
        // `* EXCEPT (a)` is one of the columns.
        let is_list = is_word(&tokens[found], "except")
            && found > 0
            && tokens[found - 1].token == Token::Mul
            && tokens.get(found + 1).is_some_and(|next| next.token == Token::LParen);
        if !is_list {
            return lateral(tokens, start, found);
        }
        place = found + 1;
    }
}

/// A lateral view behind the columns is one of what the columns are selected from.
fn lateral(tokens: &[TokenWithSpan], start: usize, end: usize) -> usize {
    let is_join = |place: usize| {
        is_any_word(&tokens[place], &["cross", "left"])
            && tokens.get(place + 2).is_some_and(|third| is_word(third, "lateral"))
    };
    let mut place = start;
    while place < end {
        if tokens[place].token == Token::LParen {
            place = behind_group(tokens, place);
            continue;
        }
        if is_join(place) {
            return place;
        }
        place += 1;
    }
    end
}
