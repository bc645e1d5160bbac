//! A parser over one text that knows where it is in characters.

use sqlparser::ast::{Expr, Value};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

/// Results inside the grammar; positions are added when they leave it.
pub(crate) type ParseResult<T> = Result<T, ParserError>;

/// Small things that many statements need, on sqlparser's parser.
pub(crate) trait ParserExt {
    /// True, and past it, if the next word is this one, whether sqlparser counts it as a keyword or not.
    fn take_word(&mut self, word: &str) -> bool;
    fn peek_word_at(&self, n: usize, word: &str) -> bool;
    fn take_words(&mut self, words: &[&str]) -> bool;
    fn expect_word(&mut self, word: &str) -> ParseResult<()>;
    fn at_end(&self) -> bool;
    /// `('key' = 'value', key 'value', …)` as Hive's properties, DataFusion's options and Postgres's WITH write it.
    fn properties(&mut self) -> ParseResult<Vec<(String, String)>>;
    fn if_not_exists(&mut self) -> bool;
    fn if_exists(&mut self) -> bool;
    fn unsigned(&mut self) -> ParseResult<u64>;
    fn unexpected<T>(&self, expected: &str) -> ParseResult<T>;
}

impl ParserExt for Parser<'_> {
    fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek_word_at(0, word);
        if found {
            self.next_token();
        }
        found
    }

    fn peek_word_at(&self, n: usize, word: &str) -> bool {
        match &self.peek_nth_token_ref(n).token {
            Token::Word(found) => found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word),
            _ => false,
        }
    }

    fn take_words(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(n, word)| self.peek_word_at(n, word));
        if found {
            for _ in words {
                self.next_token();
            }
        }
        found
    }

    fn expect_word(&mut self, word: &str) -> ParseResult<()> {
        if self.take_word(word) { Ok(()) } else { self.unexpected(&word.to_uppercase()) }
    }

    fn at_end(&self) -> bool {
        matches!(self.peek_nth_token_ref(0).token, Token::EOF | Token::SemiColon)
    }

    fn properties(&mut self) -> ParseResult<Vec<(String, String)>> {
        self.expect_token(&Token::LParen)?;
        let properties = self.parse_comma_separated(|parser| {
            let key = property_key(parser)?;
            let _ = parser.consume_token(&Token::Eq);
            Ok((key, property_value(parser)?))
        })?;
        self.expect_token(&Token::RParen)?;
        Ok(properties)
    }

    fn if_not_exists(&mut self) -> bool {
        self.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS])
    }

    fn if_exists(&mut self) -> bool {
        self.parse_keywords(&[Keyword::IF, Keyword::EXISTS])
    }

    fn unsigned(&mut self) -> ParseResult<u64> {
        let token = self.next_token();
        match &token.token {
            Token::Number(digits, _) => match digits.parse() {
                Ok(number) => Ok(number),
                Err(_) => self.expected("a whole number", token),
            },
            _ => self.expected("a whole number", token),
        }
    }

    fn unexpected<T>(&self, expected: &str) -> ParseResult<T> {
        self.expected(expected, self.peek_token())
    }
}

fn property_key(parser: &mut Parser<'_>) -> ParseResult<String> {
    if let Token::SingleQuotedString(_) = parser.peek_nth_token_ref(0).token {
        return parser.parse_literal_string();
    }
    let mut key = parser.parse_identifier()?.value;
    while parser.consume_token(&Token::Period) {
        key.push('.');
        key.push_str(&parser.parse_identifier()?.value);
    }
    Ok(key)
}

/// A literal as text; a list becomes a JSON-like `[a, b]`.
fn property_value(parser: &mut Parser<'_>) -> ParseResult<String> {
    if matches!(parser.peek_nth_token_ref(0).token, Token::Comma | Token::RParen) {
        // `HEADER` alone means `HEADER true`.
        return Ok("true".to_owned());
    }
    let expression = parser.parse_expr()?;
    match literal_text(&expression) {
        Some(text) => Ok(text),
        None => parser.unexpected("a literal"),
    }
}

/// The text of a literal, a name, or a list of them.
pub(crate) fn literal_text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) | Value::DoubleQuotedString(text) => {
                Some(text.clone())
            }
            Value::DollarQuotedString(text) => Some(text.value.clone()),
            Value::Null => Some("null".to_owned()),
            other => Some(other.to_string()),
        },
        Expr::Identifier(identifier) => Some(identifier.value.clone()),
        Expr::UnaryOp { op, expr } => Some(format!("{op}{}", literal_text(expr)?)),
        Expr::Array(array) => {
            let items: Option<Vec<String>> = array.elem.iter().map(literal_text).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        _ => None,
    }
}

/// Where each line of a text begins, to turn the tokenizer's lines and columns into characters.
#[derive(Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
    length: usize,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let mut starts = vec![0];
        let mut length = 0;
        for letter in text.chars() {
            length += 1;
            if letter == '\n' {
                starts.push(length);
            }
        }
        Self { starts, length }
    }

    /// Characters from 0; the end of the text for a location that is none.
    pub(crate) fn offset(&self, location: Location) -> usize {
        match usize::try_from(location.line).ok().and_then(|line| self.starts.get(line.checked_sub(1)?)) {
            Some(start) => (start + (location.column as usize).saturating_sub(1)).min(self.length),
            None => self.length,
        }
    }

    pub(crate) fn start_of(&self, token: &TokenWithSpan) -> usize {
        if token.token == Token::EOF { self.length } else { self.offset(token.span.start) }
    }
}
