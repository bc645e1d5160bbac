//! CREATE FUNCTION with a SQL expression, CREATE TEMPORARY MACRO, and DROP of both.

use sqlparser::ast::{DataType, Expr, ObjectName, Query, SelectItem, SetExpr};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::Statement;
use super::route::Failure;
use crate::cursor::{ParseResult, ParserExt};

/// An expression with a name.
#[derive(Debug, Clone)]
pub struct CreateRoutine {
    pub name: ObjectName,
    /// For this session alone.
    pub temporary: bool,
    pub or_replace: bool,
    pub if_not_exists: bool,
    pub parameters: Vec<RoutineParameter>,
    pub returns: Option<DataType>,
    /// `SELECT expression`, so that what rewrites queries rewrites it too.
    pub query: Box<Query>,
}

#[derive(Debug, Clone)]
pub struct RoutineParameter {
    pub name: String,
    pub data_type: DataType,
}

impl CreateRoutine {
    /// The expression.
    pub fn body(&self) -> Option<&Expr> {
        let SetExpr::Select(select) = self.query.body.as_ref() else { return None };
        match select.projection.as_slice() {
            [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => Some(expr),
            _ => None,
        }
    }
}

/// DROP FUNCTION or DROP TEMPORARY MACRO.
#[derive(Debug, Clone)]
pub struct DropRoutine {
    pub name: ObjectName,
    pub temporary: bool,
    pub if_exists: bool,
}

/// The statement that begins here, if it is one of these.
pub(super) fn statement(parser: &mut Parser<'_>) -> Result<Option<Statement>, Failure> {
    let drops = parser.peek_word_at(0, "drop");
    if !drops && !parser.peek_word_at(0, "create") {
        return Ok(None);
    }
    let or_replace = !drops && parser.peek_word_at(1, "or") && parser.peek_word_at(2, "replace");
    let mut place = if or_replace { 3 } else { 1 };
    let temporary = parser.peek_word_at(place, "temporary") || parser.peek_word_at(place, "temp");
    place += usize::from(temporary);
    let is_macro = temporary && parser.peek_word_at(place, "macro");
    if !is_macro && !parser.peek_word_at(place, "function") {
        return Ok(None);
    }
    for _ in 0..=place {
        parser.next_token();
    }
    if drops {
        return Ok(Some(Statement::DropRoutine(drop(parser, temporary)?)));
    }
    let routine = create(parser, is_macro, temporary, or_replace)?;
    Ok(Some(Statement::CreateRoutine(Box::new(routine))))
}

fn drop(parser: &mut Parser<'_>, temporary: bool) -> ParseResult<DropRoutine> {
    let if_exists = parser.if_exists();
    let name = parser.parse_object_name(false)?;
    // The types that PostgreSQL tells functions of one name apart by: here there is one of each name.
    if parser.consume_token(&Token::LParen) {
        parser.parse_comma_separated0(Parser::parse_data_type, Token::RParen)?;
        parser.expect_token(&Token::RParen)?;
    }
    Ok(DropRoutine { name, temporary, if_exists })
}

fn create(
    parser: &mut Parser<'_>,
    is_macro: bool,
    temporary: bool,
    or_replace: bool,
) -> Result<CreateRoutine, Failure> {
    let if_not_exists = parser.if_not_exists();
    let name = parser.parse_object_name(false)?;
    if parser.peek_word_at(0, "as") && !is_macro {
        return refused("CREATE FUNCTION … AS 'text'");
    }
    parser.expect_token(&Token::LParen)?;
    let parameters = parser.parse_comma_separated0(
        |parser| {
            let name = super::identifier_text(&parser.parse_identifier()?);
            Ok(RoutineParameter { name, data_type: parser.parse_data_type()? })
        },
        Token::RParen,
    )?;
    parser.expect_token(&Token::RParen)?;
    let mut returns = None;
    if !is_macro {
        loop {
            if parser.take_word("returns") {
                returns = Some(parser.parse_data_type()?);
            } else if parser.take_word("language") {
                if !parser.take_word("sql") {
                    return refused("CREATE FUNCTION in a language other than SQL");
                }
            } else if parser.take_word("comment") {
                parser.parse_literal_string()?;
            } else if parser.take_word("not") {
                parser.expect_word("deterministic")?;
            } else if !["deterministic", "immutable", "stable", "volatile"].iter().any(|word| parser.take_word(word)) {
                break;
            }
        }
        let parenthesized = parser.peek_nth_token_ref(1).token == Token::LParen;
        if parser.peek_word_at(0, "as") && !parenthesized {
            return refused("CREATE FUNCTION … AS 'text'");
        }
        if !parser.take_word("as") {
            parser.expect_word("return")?;
        }
    }
    let body = parser.parse_expr()?;
    let mut select = crate::rewrite::empty_select();
    select.projection = vec![SelectItem::UnnamedExpr(body)];
    let query = Box::new(crate::rewrite::query(select));
    Ok(CreateRoutine { name, temporary, or_replace, if_not_exists, parameters, returns, query })
}

fn refused<T>(what: &str) -> Result<T, Failure> {
    Err(Failure::Unsupported {
        what: what.to_owned(),
        hint: Some("write CREATE FUNCTION f(x INT) RETURNS INT RETURN x + 1"),
    })
}
