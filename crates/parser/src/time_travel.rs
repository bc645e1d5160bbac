//! `t VERSION AS OF 3` and `t TIMESTAMP AS OF '2026-01-01'`: a table as it was is a table of another name, which tells when.
//!
//! sqlparser's grammar would take words such as `at` from those who call a table so. Here they are found as tokens, and only
//! where a literal follows.

use sqlparser::keywords::RESERVED_FOR_TABLE_ALIAS;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::statement::AsOfText;

/// Stands between a table's name and the time. A control character keeps it out of anybody's SQL.
const MARK: char = '\u{1}';

/// What a name means that stands for a table as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOfName {
    pub name: String,
    pub at: AsOfText,
}

/// The meaning of a name that was made here; `None` for any other.
pub fn as_of(name: &str) -> Option<AsOfName> {
    let (name, at) = name.split_once(MARK)?;
    let at = match at.split_once('=')? {
        ("version", number) => AsOfText::Version(number.parse().ok()?),
        ("timestamp", text) => AsOfText::Timestamp(text.to_owned()),
        _ => return None,
    };
    Some(AsOfName { name: name.to_owned(), at })
}

/// Puts such names in the place of tables and their times. `quote` begins a name in quotes.
pub(crate) fn named(tokens: Vec<TokenWithSpan>, quote: char) -> Vec<TokenWithSpan> {
    let places: Vec<usize> =
        (0..tokens.len()).filter(|place| !matches!(tokens[*place].token, Token::Whitespace(_))).collect();
    let is = |at: usize, word: &str| match places.get(at).map(|place| &tokens[*place].token) {
        Some(Token::Word(found)) => found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word),
        _ => false,
    };
    if !(0..places.len()).any(|at| is(at, "of")) {
        return tokens;
    }
    let mut changed: Vec<Option<Vec<TokenWithSpan>>> = vec![None; tokens.len()];
    for at in 1..places.len() {
        let time = is(at, "timestamp") || is(at, "system_time");
        if !(time || is(at, "version") || is(at, "system_version")) || !is(at + 1, "as") || !is(at + 2, "of") {
            continue;
        }
        let has_for = is(at - 1, "for");
        let Some(name_at) = at.checked_sub(if has_for { 2 } else { 1 }) else { continue };
        let (Some(name_place), Some(value_place)) = (places.get(name_at), places.get(at + 3)) else { continue };
        let Token::Word(name) = &tokens[*name_place].token else { continue };
        if ["select", "distinct", "all", "to", "by"].iter().any(|word| is(name_at, word)) {
            continue;
        }
        let text = match &tokens[*value_place].token {
            Token::Number(number, _) if !time => number.clone(),
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => text.clone(),
            _ => continue,
        };
        if !time && text.parse::<u64>().is_err() {
            continue;
        }
        let base = if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() };
        let kind = if time { "timestamp" } else { "version" };
        let made = |token: Token| TokenWithSpan { token, span: tokens[*name_place].span };
        let mut instead = vec![made(Token::make_word(&format!("{base}{MARK}{kind}={text}"), Some(quote)))];
        if !has_alias(places.get(at + 4).map(|place| &tokens[*place].token)) {
            instead.push(made(Token::make_word("AS", None)));
            instead.push(made(Token::make_word(&base, Some(quote))));
        }
        changed[*name_place..=*value_place].fill(Some(Vec::new()));
        changed[*name_place] = Some(instead);
    }
    let kept = tokens.into_iter().zip(changed);
    kept.flat_map(|(token, instead)| instead.unwrap_or_else(|| vec![token])).collect()
}

/// True where a table's alias begins.
fn has_alias(token: Option<&Token>) -> bool {
    match token {
        Some(Token::Word(word)) => {
            word.quote_style.is_some()
                || word.value.eq_ignore_ascii_case("as")
                || !RESERVED_FOR_TABLE_ALIAS.contains(&word.keyword)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use mead_common::Dialect;

    use super::*;
    use crate::{Statement, parse};

    fn shown(sql: &str) -> String {
        let parsed = parse(sql, Dialect::Postgres).unwrap();
        let Statement::Query(query) = &parsed[0].statement else { panic!("{sql}") };
        query.to_string().replace(MARK, "|")
    }

    #[test]
    fn tables_as_they_were_are_named() {
        assert!(shown("SELECT * FROM s.t VERSION AS OF 3").contains("s.\"t|version=3\" AS \"t\""));
        assert!(shown("SELECT * FROM T FOR VERSION AS OF 3 x WHERE x.a = 1").contains("\"t|version=3\" x WHERE"));
        let joined = shown("SELECT * FROM t TIMESTAMP AS OF '2026-01-01 00:00:00' JOIN u ON true");
        assert!(joined.contains("\"t|timestamp=2026-01-01 00:00:00\" AS \"t\" JOIN u"), "{joined}");
        assert_eq!(as_of("t\u{1}version=3").unwrap().at, AsOfText::Version(3));
        assert_eq!(as_of("t"), None);
    }

    #[test]
    fn words_that_are_names_stay_names() {
        assert!(!shown("SELECT version AS of FROM t at").contains('|'));
    }
}
