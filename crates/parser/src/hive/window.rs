//! `OVER (DISTRIBUTE BY a SORT BY b)` as `OVER (PARTITION BY a ORDER BY b)`, which is the same.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{behind_group, is_any_word, is_word, word};

/// Rewrites every parenthesis that begins as a window does. No query and no list of expressions begins so.
pub(super) fn as_partitions(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut place = 0;
    while place < tokens.len() {
        out.push(tokens[place].clone());
        place += 1;
        let opens = tokens[place - 1].token == Token::LParen;
        if opens && begins_window(&tokens, place) {
            let end = behind_group(&tokens, place - 1).saturating_sub(1);
            let inner = as_partitions(tokens[place..end].to_vec());
            window(&inner, &mut out);
            place = end;
        }
    }
    out
}

fn begins_window(tokens: &[TokenWithSpan], place: usize) -> bool {
    let words = ["distribute", "sort", "cluster", "partition"];
    tokens.get(place).is_some_and(|first| is_any_word(first, &words))
        && tokens.get(place + 1).is_some_and(|second| is_word(second, "by"))
}

fn window(tokens: &[TokenWithSpan], out: &mut Vec<TokenWithSpan>) {
    let mut depth = 0_usize;
    let mut place = 0;
    while place < tokens.len() {
        let token = &tokens[place];
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        let before_by = depth == 0 && tokens.get(place + 1).is_some_and(|next| is_word(next, "by"));
        if before_by && is_word(token, "distribute") {
            out.push(word("partition", token));
        } else if before_by && is_word(token, "sort") {
            out.push(word("order", token));
        } else if before_by && is_word(token, "cluster") {
            let keys = &tokens[place + 2..end_of_keys(tokens, place + 2)];
            out.extend([word("partition", token), word("by", token)]);
            out.extend_from_slice(keys);
            out.extend([word("order", token), word("by", token)]);
            out.extend_from_slice(keys);
            place += 2 + keys.len();
            continue;
        } else {
            out.push(token.clone());
        }
        place += 1;
    }
}

/// The keys of CLUSTER BY go up to the frame.
fn end_of_keys(tokens: &[TokenWithSpan], start: usize) -> usize {
    let is_frame = |token: &TokenWithSpan| is_any_word(token, &["rows", "range", "groups"]);
    tokens.iter().skip(start).position(is_frame).map_or(tokens.len(), |length| start + length)
}
