//! The dialect given to sqlparser for Hive and Spark.

use std::any::TypeId;

use mead_common::Dialect as SessionDialect;
use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, UnaryOperator,
};
use sqlparser::dialect::{Dialect, HiveDialect as SqlparserHive};
use sqlparser::keywords::{self, Keyword};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use crate::cursor::ParserExt;
use crate::dialect::Beginnings;

/// Hive's grammar as sqlparser has it, and what Hive and Spark know beyond that.
#[derive(Debug)]
pub(crate) struct HiveDialect {
    dialect: SessionDialect,
    beginnings: Beginnings,
}

impl HiveDialect {
    /// For a text of so many bytes.
    pub(crate) fn new(dialect: SessionDialect, bytes: usize) -> Self {
        Self { dialect, beginnings: Beginnings::new(bytes) }
    }
}

macro_rules! supported {
    ($($method:ident),* $(,)?) => { $(fn $method(&self) -> bool { true })* };
}

impl Dialect for HiveDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<SqlparserHive>()
    }

    /// So that `"…"` is a string.
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '`'
    }

    fn identifier_quote_style(&self, _: &str) -> Option<char> {
        Some('`')
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_'
    }

    /// Hive's own words that begin a clause are no names of relations.
    fn is_table_alias(&self, keyword: &Keyword, _: &mut Parser) -> bool {
        !keywords::RESERVED_FOR_TABLE_ALIAS.contains(keyword) && !matches!(keyword, Keyword::INSERT | Keyword::VALUES)
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        if let Err(error) = self.beginnings.begin() {
            return Some(Err(error));
        }
        crate::dialect::relation_argument(parser)
            .or_else(|| crate::dialect::model_argument(parser))
            .or_else(|| super::transform::parse(parser))
            .or_else(|| collection_function(parser))
            .or_else(|| super::literal::interval(parser, self.dialect))
            .or_else(|| not(parser, self))
    }

    fn parse_infix(&self, parser: &mut Parser, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        if crate::dialect::is_too_deep(left) {
            return Some(Err(ParserError::RecursionLimitExceeded));
        }
        whole_division(parser, left, precedence).or_else(|| any_or_all(parser, left))
    }

    supported!(
        supports_string_literal_backslash_escape,
        supports_filter_during_aggregation,
        supports_group_by_expr,
        supports_group_by_with_modifier,
        supports_numeric_prefix,
        supports_bang_not_operator,
        supports_table_sample_before_alias,
        supports_limit_comma,
        supports_lambda_functions,
        supports_select_wildcard_except,
        supports_nested_comments,
        supports_values_as_table_factor,
        supports_parens_around_table_factor,
        supports_select_item_multi_column_alias,
        supports_cross_join_constraint,
        supports_window_clause_named_window_reference,
        supports_long_type_as_bigint,
        supports_create_table_using,
        supports_subquery_as_function_arg,
        supports_comma_separated_trim,
        supports_double_ampersand_operator,
    );
}

/// `array(1, 2)` is a function; sqlparser takes what is in the parentheses for a query. Words such as `date` are functions
/// too where a parenthesis follows.
fn collection_function(parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
    let Token::Word(word) = &parser.peek_nth_token_ref(0).token else { return None };
    let is_function = ["array", "map", "struct", "date", "timestamp", "substring", "substr", "exists", "interval"]
        .contains(&word.value.to_lowercase().as_str());
    if !is_function || word.quote_style.is_some() || parser.peek_nth_token_ref(1).token != Token::LParen {
        return None;
    }
    let name = word.value.to_lowercase();
    let begins_query = ["select", "with", "from", "values"].iter().any(|first| parser.peek_word_at(2, first));
    if name == "interval" || (name == "exists" && begins_query) {
        return None;
    }
    if name.starts_with("substr") {
        return substring(parser);
    }
    let span = parser.next_token().span;
    Some(parser.parse_function(ObjectName::from(vec![Ident::with_span(span, name)])))
}

/// `substring(x, 1, 2)`, and the standard's `substring(x FROM 1 FOR 2)`, as a call of one function.
fn substring(parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
    let span = parser.next_token().span;
    let mut parse = || {
        parser.expect_token(&Token::LParen)?;
        let mut arguments = vec![parser.parse_expr()?];
        for word in ["from", "for"] {
            if parser.consume_token(&Token::Comma) || parser.take_word(word) {
                arguments.push(parser.parse_expr()?);
            }
        }
        parser.expect_token(&Token::RParen)?;
        Ok(function(ObjectName::from(vec![Ident::with_span(span, "substring")]), arguments))
    };
    Some(parse())
}

fn function(name: ObjectName, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))).collect();
    Expr::Function(Function {
        name,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// `!a` is `NOT a`, and binds as that does.
fn not(parser: &mut Parser, dialect: &HiveDialect) -> Option<Result<Expr, ParserError>> {
    if parser.peek_nth_token_ref(0).token != Token::ExclamationMark {
        return None;
    }
    parser.next_token();
    let precedence = dialect.prec_value(sqlparser::dialect::Precedence::UnaryNot);
    let operand = parser.parse_subexpr(precedence);
    Some(operand.map(|expr| Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) }))
}

/// `a DIV b`.
fn whole_division(parser: &mut Parser, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
    if !parser.take_word("div") {
        return None;
    }
    Some(parser.parse_subexpr(precedence).map(|right| Expr::BinaryOp {
        left: Box::new(left.clone()),
        op: BinaryOperator::MyIntegerDivide,
        right: Box::new(right),
    }))
}

/// `a [NOT] LIKE ANY ('x%', 'y%')` is `a LIKE 'x%' OR a LIKE 'y%'`, and with ALL it is AND.
fn any_or_all(parser: &mut Parser, left: &Expr) -> Option<Result<Expr, ParserError>> {
    let negated = parser.peek_word_at(0, "not");
    let at = usize::from(negated);
    let like = ["like", "rlike", "ilike"].into_iter().find(|word| parser.peek_word_at(at, word))?;
    let all = parser.peek_word_at(at + 1, "all");
    let any = parser.peek_word_at(at + 1, "any") || parser.peek_word_at(at + 1, "some");
    if !(all || any) || parser.peek_nth_token_ref(at + 2).token != Token::LParen {
        return None;
    }
    for _ in 0..at + 3 {
        parser.next_token();
    }
    let parsed = parser.parse_comma_separated(Parser::parse_expr).and_then(|patterns| {
        parser.expect_token(&Token::RParen)?;
        Ok(patterns)
    });
    let patterns = match parsed {
        Ok(patterns) => patterns,
        Err(error) => return Some(Err(error)),
    };
    let expr = Box::new(left.clone());
    let one = |pattern: Expr| {
        let (expr, pattern) = (expr.clone(), Box::new(pattern));
        match like {
            "rlike" => Expr::RLike { negated, expr, pattern, regexp: false },
            "ilike" => Expr::ILike { negated, any: false, expr, pattern, escape_char: None },
            _ => Expr::Like { negated, any: false, expr, pattern, escape_char: None },
        }
    };
    let op = if all { BinaryOperator::And } else { BinaryOperator::Or };
    let joined = patterns.into_iter().map(one).reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: op.clone(),
        right: Box::new(right),
    });
    joined.map(|expr| Ok(Expr::Nested(Box::new(expr))))
}
