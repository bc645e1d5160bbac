//! Literals as Hive and Spark write them: escapes in strings, suffixes of numbers, intervals.

use mead_common::Dialect;
use sqlparser::ast::{Expr, Interval, Value};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token};

use crate::cursor::ParserExt;

/// A string's text from what stands between its quotes (BaseSemanticAnalyzer.unescapeSQLString).
///
/// `\%` and `\_` keep their backslash, for LIKE. A doubled quote is one in Spark; Hive reads two strings beside each other.
pub(super) fn unescape(raw: &str, quote: char, dialect: Dialect) -> String {
    let mut out = String::with_capacity(raw.len());
    let letters: Vec<char> = raw.chars().collect();
    let mut place = 0;
    while place < letters.len() {
        let letter = letters[place];
        place += 1;
        if letter == quote {
            // A quote that is not escaped is doubled here: the tokenizer ends the string at any other.
            place += usize::from(letters.get(place) == Some(&quote));
            if dialect == Dialect::Spark {
                out.push(quote);
            }
            continue;
        }
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        let Some(&escaped) = letters.get(place) else {
            out.push('\\');
            break;
        };
        if let Some((value, length)) = by_code(&letters[place..]) {
            out.push(value);
            place += length;
            continue;
        }
        place += 1;
        match escaped {
            '0' => out.push('\0'),
            'b' => out.push('\u{8}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'Z' => out.push('\u{1a}'),
            '%' => out.push_str("\\%"),
            '_' => out.push_str("\\_"),
            other => out.push(other),
        }
    }
    out
}

/// `u0041` or `101` behind a backslash, and how many letters it is.
fn by_code(letters: &[char]) -> Option<(char, usize)> {
    let number = |digits: &[char], radix: u32| {
        digits.iter().try_fold(0_u32, |value, digit| Some(value * radix + digit.to_digit(radix)?))
    };
    if let ['u', digits @ ..] = letters
        && let Some(code) = digits.get(..4).and_then(|digits| number(digits, 16))
    {
        return char::from_u32(code).map(|letter| (letter, 5));
    }
    let digits = letters.get(..3).filter(|digits| matches!(digits[0], '0' | '1'))?;
    number(digits, 8).and_then(char::from_u32).map(|letter| (letter, 3))
}

/// A number's digits and its type, from `10L`, `3S`, `1Y`, `1.5BD`, `2D` and Spark's `2F`.
pub(super) fn suffixed(text: &str, dialect: Dialect) -> Option<(&str, String)> {
    let types =
        [("bd", "decimal"), ("l", "bigint"), ("s", "smallint"), ("y", "tinyint"), ("d", "double"), ("f", "float")];
    let lower = text.to_ascii_lowercase();
    let (suffix, data_type) = types.into_iter().find(|(suffix, _)| lower.ends_with(suffix))?;
    let digits = &text[..text.len() - suffix.len()];
    let is_whole = !digits.is_empty() && digits.chars().all(|letter| letter.is_ascii_digit());
    let is_number = is_whole || (digits.parse::<f64>().is_ok() && !digits.ends_with('.'));
    let fits = match suffix {
        "l" | "s" | "y" => is_whole,
        "f" => is_number && dialect == Dialect::Spark,
        _ => is_number,
    };
    let data_type = match suffix {
        "bd" => decimal_type(digits),
        _ => data_type.to_owned(),
    };
    fits.then_some((digits, data_type))
}

/// A decimal has the digits that it is written with.
fn decimal_type(digits: &str) -> String {
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len()) as i64;
    let whole = mantissa.chars().filter(char::is_ascii_digit).count() as i64 - fraction;
    let scale = fraction.saturating_sub(exponent).clamp(0, 38);
    let precision = whole.saturating_add(exponent).max(0).saturating_add(scale).clamp(scale.max(1), 38);
    format!("decimal {precision} {scale}")
}

/// `INTERVAL '1' DAY`, `INTERVAL 1 DAY 2 HOURS`, `INTERVAL '1-2' YEAR TO MONTH`, Spark's `INTERVAL '1 day 2 hours'`.
pub(super) fn interval(parser: &mut Parser, dialect: Dialect) -> Option<Result<Expr, ParserError>> {
    if !parser.peek_word_at(0, "interval") {
        return None;
    }
    let next = &parser.peek_nth_token_ref(1).token;
    let begins =
        matches!(next, Token::SingleQuotedString(_) | Token::Number(..) | Token::Minus | Token::Plus | Token::LParen);
    let names_column = matches!(next, Token::Word(word) if word.keyword == sqlparser::keywords::Keyword::NoKeyword);
    if !begins && !names_column {
        return None;
    }
    // `interval(…)`, a column called interval, and so on.
    if *next == Token::LParen || names_column {
        let unit_at = if names_column { 2 } else { behind_parentheses(parser, 1) };
        unit(parser, unit_at)?;
    }
    parser.next_token();
    Some(behind_interval(parser, dialect))
}

fn behind_parentheses(parser: &Parser, open: usize) -> usize {
    let mut depth = 0_usize;
    let mut place = open;
    loop {
        match parser.peek_nth_token_ref(place).token {
            Token::LParen => depth += 1,
            Token::RParen => {
                depth -= 1;
                if depth == 0 {
                    return place + 1;
                }
            }
            Token::EOF => return place,
            _ => {}
        }
        place += 1;
    }
}

const UNITS: [(&str, &str); 9] = [
    ("year", "years"),
    ("quarter", "quarters"),
    ("month", "months"),
    ("week", "weeks"),
    ("day", "days"),
    ("hour", "hours"),
    ("minute", "minutes"),
    ("second", "seconds"),
    ("millisecond", "milliseconds"),
];

/// The unit that stands `place` tokens ahead.
fn unit(parser: &Parser, place: usize) -> Option<&'static str> {
    UNITS
        .into_iter()
        .find_map(|(one, many)| (parser.peek_word_at(place, one) || parser.peek_word_at(place, many)).then_some(one))
}

fn behind_interval(parser: &mut Parser, dialect: Dialect) -> Result<Expr, ParserError> {
    let mut parts: Vec<String> = Vec::new();
    loop {
        let negative = parser.consume_token(&Token::Minus);
        let _ = !negative && parser.consume_token(&Token::Plus);
        let sign = if negative { "-" } else { "" };
        let text = match &parser.peek_nth_token_ref(0).token {
            Token::SingleQuotedString(text) => Some(text.trim().to_owned()),
            Token::Number(digits, _) => Some(digits.clone()),
            _ => None,
        };
        let Some(text) = text else {
            // A value that is not known yet: `make_interval` puts it together.
            let value = parser.parse_prefix()?;
            let Some(unit) = unit(parser, 0) else { return parser.unexpected("a unit of time") };
            parser.next_token();
            return Ok(computed(value, unit, negative));
        };
        parser.next_token();
        match unit(parser, 0) {
            Some(first) => {
                parser.next_token();
                if parser.take_word("to") {
                    let Some(last) = unit(parser, 0) else { return parser.unexpected("a unit of time") };
                    parser.next_token();
                    match range(&text, first, last) {
                        Some(found) => parts.push(negated(&found, negative)),
                        None => return parser.unexpected("a value of the interval's units"),
                    }
                } else {
                    parts.push(format!("{}{} {first}", sign_of(sign, &text), text.trim_start_matches(['-', '+'])));
                }
            }
            // Spark reads all units from one string.
            None if dialect == Dialect::Spark && parts.is_empty() => {
                let text = text.strip_prefix("interval ").unwrap_or(&text);
                return Ok(literal(negated(text, negative)));
            }
            None => return parser.unexpected("a unit of time"),
        }
        let follows = match &parser.peek_nth_token_ref(0).token {
            Token::SingleQuotedString(_) | Token::Number(..) => unit(parser, 1).is_some(),
            _ => false,
        };
        if !follows {
            return Ok(literal(parts.join(" ")));
        }
    }
}

/// The sign of a value that may have one of its own.
fn sign_of(sign: &str, text: &str) -> &'static str {
    match (sign == "-") != text.starts_with('-') {
        true => "-",
        false => "",
    }
}

fn negated(text: &str, negative: bool) -> String {
    if !negative {
        return text.to_owned();
    }
    let words = text.split_whitespace().map(|word| match word.strip_prefix('-') {
        Some(positive) => positive.to_owned(),
        None if word.starts_with(|letter: char| letter.is_ascii_digit()) => format!("-{word}"),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `1-2` of YEAR TO MONTH, `1 2:03:04.5` of DAY TO SECOND, as `1 year 2 month`.
fn range(text: &str, first: &str, last: &str) -> Option<String> {
    let sign = if text.starts_with('-') { "-" } else { "" };
    let text = text.trim_start_matches(['-', '+']);
    let numbers: Vec<&str> = text.split([' ', ':', '-']).filter(|part| !part.is_empty()).collect();
    let order = match first {
        "year" => &["year", "month"][..],
        _ => &["day", "hour", "minute", "second"][..],
    };
    let begin = order.iter().position(|unit| *unit == first)?;
    let end = order.iter().position(|unit| *unit == last)?;
    let units = order.get(begin..=end)?;
    if numbers.len() != units.len() || numbers.iter().any(|number| number.parse::<f64>().is_err()) {
        return None;
    }
    let parts = numbers.iter().zip(units).map(|(number, unit)| format!("{sign}{number} {unit}"));
    Some(parts.collect::<Vec<_>>().join(" "))
}

fn literal(text: String) -> Expr {
    let value = Value::SingleQuotedString(text).with_span(Span::empty());
    Expr::Interval(Interval {
        value: Box::new(Expr::Value(value)),
        leading_field: None,
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    })
}

/// `value * INTERVAL '1' unit`.
fn computed(value: Expr, unit: &str, negative: bool) -> Expr {
    let sign = if negative { "-" } else { "" };
    Expr::BinaryOp {
        left: Box::new(Expr::Nested(Box::new(value))),
        op: sqlparser::ast::BinaryOperator::Multiply,
        right: Box::new(literal(format!("{sign}1 {unit}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_hives() {
        for (raw, wanted) in [
            ("a\\nb", "a\nb"),
            ("\\u0041\\101", "AA"),
            ("100\\%", "100\\%"),
            ("\\d\\\\", "d\\"),
            ("it''s", "its"),
            ("\\'", "'"),
            ("\\", "\\"),
        ] {
            assert_eq!(unescape(raw, '\'', Dialect::Hive), wanted, "{raw}");
        }
        assert_eq!(unescape("it''s", '\'', Dialect::Spark), "it's");
    }

    #[test]
    fn suffixes_tell_types() {
        assert_eq!(suffixed("10L", Dialect::Hive), Some(("10", "bigint".to_owned())));
        assert_eq!(suffixed("1.5BD", Dialect::Hive), Some(("1.5", "decimal 2 1".to_owned())));
        assert_eq!(suffixed("20E2BD", Dialect::Hive), Some(("20E2", "decimal 4 0".to_owned())));
        assert_eq!(suffixed("1.5E-1BD", Dialect::Hive), Some(("1.5E-1", "decimal 2 2".to_owned())));
        assert_eq!(suffixed("1.5D", Dialect::Hive), Some(("1.5", "double".to_owned())));
        assert_eq!(suffixed("2F", Dialect::Hive), None);
        assert_eq!(suffixed("2f", Dialect::Spark), Some(("2", "float".to_owned())));
        for name in ["2t", "1_d", "12ad", "1.5L"] {
            assert_eq!(suffixed(name, Dialect::Hive), None, "{name}");
        }
    }

    #[test]
    fn ranges_have_all_their_units() {
        assert_eq!(range("1-2", "year", "month").as_deref(), Some("1 year 2 month"));
        assert_eq!(range("-1 2:03:04.5", "day", "second").as_deref(), Some("-1 day -2 hour -03 minute -04.5 second"));
        assert_eq!(range("1", "day", "second"), None);
    }
}
