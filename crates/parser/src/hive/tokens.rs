//! The tokens of a text: strings with their escapes read, names in lower case, numbers with their suffixes spelled out.

use mead_common::Dialect;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

use super::dialect::HiveDialect;
use super::{is_word, literal, made, word};
use crate::cursor::Lines;
use crate::error::Error;

/// Cuts a text into tokens. Blanks and comments, and hints among them, are left out.
pub(super) fn tokens(sql: &str, dialect: Dialect, lines: &Lines) -> Result<Vec<TokenWithSpan>, Error> {
    let grammar = HiveDialect::new(dialect, sql.len());
    let raw = Tokenizer::new(&grammar, sql)
        .with_unescape(false)
        .tokenize_with_location()
        .map_err(|error| crate::split::token_error(error, lines))?;
    let raw: Vec<TokenWithSpan> =
        raw.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(raw.len());
    let mut raw = raw.into_iter().peekable();
    while let Some(token) = raw.next() {
        match token.token {
            // Hive gives a program's words as they are written: `'tr \t _'`.
            Token::SingleQuotedString(ref text) | Token::DoubleQuotedString(ref text)
                if dialect == Dialect::Hive && out.last().is_some_and(|before| is_word(before, "using")) =>
            {
                out.push(made(Token::SingleQuotedString(text.clone()), &token));
            }
            Token::SingleQuotedString(ref text) => string(&mut out, literal::unescape(text, '\'', dialect), &token),
            Token::DoubleQuotedString(ref text) => string(&mut out, literal::unescape(text, '"', dialect), &token),
            Token::Word(Word { ref value, quote_style: None, .. })
                if dialect == Dialect::Spark && value.eq_ignore_ascii_case("r") =>
            {
                let touches = raw.peek().is_some_and(|next| next.span.start == token.span.end);
                let text = match raw.peek().map(|next| &next.token) {
                    Some(Token::SingleQuotedString(text) | Token::DoubleQuotedString(text)) if touches => {
                        Some(text.clone())
                    }
                    _ => None,
                };
                match text {
                    Some(text) => {
                        raw.next();
                        string(&mut out, text, &token);
                    }
                    None => out.push(token),
                }
            }
            // A timestamp has no zone.
            Token::Word(Word { ref value, quote_style: None, .. })
                if ["timestamp_ltz", "timestamp_ntz"].iter().any(|name| value.eq_ignore_ascii_case(name))
                    && raw.peek().is_some_and(|next| is_string(&next.token)) =>
            {
                out.push(word("timestamp", &token));
            }
            Token::Word(Word { ref value, quote_style: Some(_), .. }) => {
                let name = value.replace("``", "`").to_lowercase();
                out.push(made(Token::make_word(&name, Some('`')), &token));
            }
            Token::Word(Word { ref value, quote_style: None, .. })
                if value.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                match literal::suffixed(value, dialect) {
                    Some((digits, data_type)) => cast(&mut out, digits, &data_type, &token),
                    None => out.push(token),
                }
            }
            // `20E2BD`
            Token::Number(ref digits, false) => {
                let suffix =
                    raw.peek().filter(|next| next.span.start == token.span.end).and_then(|next| match &next.token {
                        Token::Word(Word { value, quote_style: None, .. }) => Some(value.clone()),
                        _ => None,
                    });
                let whole = suffix.map(|suffix| format!("{digits}{suffix}"));
                match whole.as_deref().and_then(|whole| literal::suffixed(whole, dialect)) {
                    Some((digits, data_type)) => {
                        raw.next();
                        cast(&mut out, digits, &data_type, &token);
                    }
                    None => out.push(token),
                }
            }
            _ => out.push(token),
        }
    }
    Ok(out)
}

fn is_string(token: &Token) -> bool {
    matches!(token, Token::SingleQuotedString(_) | Token::DoubleQuotedString(_))
}

/// Strings that stand beside each other are one.
fn string(out: &mut Vec<TokenWithSpan>, text: String, at: &TokenWithSpan) {
    if let Some(TokenWithSpan { token: Token::SingleQuotedString(before), .. }) = out.last_mut() {
        before.push_str(&text);
        return;
    }
    out.push(made(Token::SingleQuotedString(text), at));
}

/// `10L` is `CAST('10' AS bigint)`. A sign before it belongs to the number where nothing stands before that.
fn cast(out: &mut Vec<TokenWithSpan>, digits: &str, data_type: &str, at: &TokenWithSpan) {
    let negative = matches!(out.last(), Some(TokenWithSpan { token: Token::Minus, .. }))
        && out.len().checked_sub(2).and_then(|place| out.get(place)).is_none_or(|before| begins_operand(&before.token));
    let digits = match negative {
        true => {
            out.pop();
            format!("-{digits}")
        }
        false => digits.to_owned(),
    };
    out.extend([
        word("cast", at),
        made(Token::LParen, at),
        made(Token::SingleQuotedString(digits), at),
        word("as", at),
    ]);
    let mut parts = data_type.split(' ');
    out.push(word(parts.next().unwrap_or_default(), at));
    if let (Some(precision), Some(scale)) = (parts.next(), parts.next()) {
        out.extend([
            made(Token::LParen, at),
            made(Token::Number(precision.to_owned(), false), at),
            made(Token::Comma, at),
            made(Token::Number(scale.to_owned(), false), at),
            made(Token::RParen, at),
        ]);
    }
    out.push(made(Token::RParen, at));
}

/// True for what stands before an operand, so that a sign behind it is the operand's.
fn begins_operand(token: &Token) -> bool {
    match token {
        Token::LParen | Token::Comma | Token::Eq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq | Token::Neq => {
            true
        }
        Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::Mod | Token::DoubleEq | Token::Spaceship => true,
        Token::Word(word) => {
            let before_operands =
                ["select", "and", "or", "not", "where", "when", "then", "else", "between", "on", "having", "by"];
            word.quote_style.is_none() && before_operands.iter().any(|known| word.value.eq_ignore_ascii_case(known))
        }
        _ => false,
    }
}
