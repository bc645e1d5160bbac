//! `FROM t INSERT … SELECT a INSERT … SELECT b`: each branch becomes an INSERT of its own, with the same FROM. So does
//! `WITH q AS (…) INSERT …`, whose WITH goes to the query.

use sqlparser::tokenizer::TokenWithSpan;

use super::from_first::{end_of_columns, next_at_level};
use super::{is_any_word, is_word};

/// The statements that a statement is made of: one, but for several inserts. An error names what is refused.
pub(super) fn branches(tokens: &[TokenWithSpan]) -> Result<Vec<Vec<TokenWithSpan>>, &'static str> {
    let Some(first) = tokens.first() else { return Ok(vec![Vec::new()]) };
    let explains = if is_word(first, "explain") { end_of_explain(tokens) } else { 0 };
    let (head, body) = tokens.split_at(explains);
    let whole = || Ok(vec![tokens.to_vec()]);
    let Some(start) = body.first() else { return whole() };
    if !is_any_word(start, &["with", "from"]) {
        return whole();
    }
    // WITH's own queries are in parentheses.
    let Some(insert) = next_at_level(body, 0, &["insert", "select"]).filter(|place| is_word(&body[*place], "insert"))
    else {
        return whole();
    };
    let from = next_at_level(&body[..insert], 0, &["from"]);
    let with = &body[..from.unwrap_or(insert)];
    let from = from.map_or(&[][..], |from| &body[from..insert]);
    let mut branches = Vec::new();
    let mut begin = insert;
    while begin < body.len() {
        let end = next_at_level(body, begin + 1, &["insert"]).unwrap_or(body.len());
        let mut statement = head.to_vec();
        statement.extend(branch(&body[begin..end], with, from)?);
        branches.push(statement);
        begin = end;
    }
    if branches.len() > 1 && !head.is_empty() {
        return Err("EXPLAIN of several inserts");
    }
    Ok(branches)
}

/// One INSERT with the parts that it shares with the others.
fn branch(
    tokens: &[TokenWithSpan],
    with: &[TokenWithSpan],
    from: &[TokenWithSpan],
) -> Result<Vec<TokenWithSpan>, &'static str> {
    let mut out = Vec::with_capacity(tokens.len() + with.len() + from.len());
    let Some(query) = next_at_level(tokens, 1, &["select", "from", "map", "reduce"]) else {
        // `WITH q AS (…) INSERT INTO t (SELECT …)` and the like go to the grammar as they are.
        out.extend_from_slice(with);
        out.extend_from_slice(from);
        out.extend_from_slice(tokens);
        return Ok(out);
    };
    if is_any_word(&tokens[query], &["map", "reduce"]) {
        return Err("SELECT TRANSFORM");
    }
    out.extend_from_slice(&tokens[..query]);
    out.extend_from_slice(with);
    let columns_end = match from.is_empty() || !is_word(&tokens[query], "select") {
        true => query,
        false => end_of_columns(tokens, query + 1),
    };
    out.extend_from_slice(&tokens[query..columns_end]);
    if columns_end > query {
        out.extend_from_slice(from);
    }
    out.extend_from_slice(&tokens[columns_end..]);
    Ok(out)
}

/// Behind EXPLAIN and its options.
fn end_of_explain(tokens: &[TokenWithSpan]) -> usize {
    next_at_level(tokens, 1, &["with", "from", "insert", "select"]).unwrap_or(tokens.len())
}
