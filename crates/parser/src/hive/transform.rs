//! `SELECT TRANSFORM (a, b) USING 'program' AS (x INT, y STRING)`: rows through a program, as lines of text.
//!
//! The grammar reads it as the call of a function that nobody can name, which the rewriter finds: its first arguments are the
//! program and the formats of lines, then come the columns it gives, named and with their types, then what it is given.

use sqlparser::ast::{
    CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, Value,
};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{is_any_word, made, word};
use crate::cursor::{ParseResult, ParserExt};
use crate::statement::RowFormat;

/// The function's name.
pub const TRANSFORM: &str = "\u{1}transform";

/// Stands between the keys and the values of a format. A control character keeps it out of anybody's delimiters.
pub(crate) const BETWEEN: char = '\u{1f}';

/// `MAP a, b USING` and `REDUCE a, b USING` as `SELECT TRANSFORM (a, b) USING`.
pub(super) fn as_select(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut place = 0;
    while place < tokens.len() {
        let token = &tokens[place];
        let begins = place == 0 || matches!(tokens[place - 1].token, Token::LParen | Token::RParen | Token::Word(_));
        let next = tokens.get(place + 1);
        let maps = begins
            && is_any_word(token, &["map", "reduce"])
            && next.is_some_and(|next| next.token != Token::LParen && next.token != Token::Lt);
        let using = maps.then(|| super::from_first::next_at_level(&tokens, place + 1, &["using"])).flatten();
        match using {
            Some(using) => {
                let row_format = super::from_first::next_at_level(&tokens[..using], place + 1, &["row"]);
                let end = row_format.unwrap_or(using);
                out.extend([word("select", token), word("transform", token), made(Token::LParen, token)]);
                out.extend(as_select(tokens[place + 1..end].to_vec()));
                out.push(made(Token::RParen, token));
                place = end;
            }
            None => {
                out.push(token.clone());
                place += 1;
            }
        }
    }
    out
}

/// The call, if one begins here.
pub(super) fn parse(parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
    if !parser.peek_word_at(0, "transform") || parser.peek_nth_token_ref(1).token != Token::LParen {
        return None;
    }
    // `transform(a, x -> x + 1)` is a function.
    let mut depth = 0_usize;
    let mut place = 1;
    loop {
        match parser.peek_nth_token_ref(place).token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::EOF => return None,
            _ => {}
        }
        place += 1;
        if depth == 0 {
            break;
        }
    }
    let is_script = ["using", "row", "recordwriter"].iter().any(|word| parser.peek_word_at(place, word));
    is_script.then(|| call(parser))
}

fn call(parser: &mut Parser) -> ParseResult<Expr> {
    parser.next_token();
    parser.expect_token(&Token::LParen)?;
    let given = parser.parse_comma_separated(Parser::parse_function_args)?;
    parser.expect_token(&Token::RParen)?;
    let input = format(parser, "recordwriter")?;
    parser.expect_word("using")?;
    let program = parser.parse_literal_string()?;
    let mut columns = Vec::new();
    if parser.take_word("as") {
        let parenthesized = parser.consume_token(&Token::LParen);
        columns = parser.parse_comma_separated(|parser| {
            let name = parser.parse_identifier()?;
            let ends = matches!(parser.peek_nth_token_ref(0).token, Token::Comma | Token::RParen | Token::EOF);
            let clause =
                ["from", "row", "recordreader", "where", "cluster", "distribute", "sort", "order", "limit", "group"];
            let typed = !ends && !clause.iter().any(|word| parser.peek_word_at(0, word));
            let data_type = if typed { parser.parse_data_type()? } else { DataType::String(None) };
            Ok((name, data_type))
        })?;
        if parenthesized {
            parser.expect_token(&Token::RParen)?;
        }
    }
    let output = format(parser, "recordreader")?;
    let mut args: Vec<FunctionArg> = [program, input, output].into_iter().map(|text| unnamed(literal(text))).collect();
    args.extend(columns.into_iter().map(|(name, data_type)| FunctionArg::Named {
        name,
        arg: FunctionArgExpr::Expr(Expr::Cast {
            kind: CastKind::Cast,
            expr: Box::new(Expr::Value(Value::Null.with_empty_span())),
            data_type,
            array: false,
            format: None,
        }),
        operator: FunctionArgOperator::RightArrow,
    }));
    args.extend(given);
    Ok(Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_quote('`', TRANSFORM)]),
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }))
}

/// ROW FORMAT and the class of a reader or writer, as keys and values.
fn format(parser: &mut Parser, class: &str) -> ParseResult<String> {
    let properties = match crate::statement::row_format(parser)? {
        Some(RowFormat::Delimited(properties)) => properties,
        Some(RowFormat::Serde { class, properties }) if class.ends_with("LazySimpleSerDe") => properties,
        Some(RowFormat::Serde { .. }) => return parser.unexpected("ROW FORMAT DELIMITED"),
        None => Default::default(),
    };
    if parser.take_word(class) {
        parser.parse_literal_string()?;
    }
    let pairs = properties.into_iter().map(|(key, value)| format!("{key}{BETWEEN}{value}"));
    Ok(pairs.collect::<Vec<_>>().join(&BETWEEN.to_string()))
}

fn literal(text: String) -> Expr {
    Expr::Value(Value::SingleQuotedString(text).with_empty_span())
}

fn unnamed(expr: Expr) -> FunctionArg {
    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
}
