//! The dialect given to sqlparser: PostgreSQL's, with the words that mead's functions take.

use std::any::TypeId;

use sqlparser::ast::{Expr, Ident, ObjectName, ObjectNamePart, Query, SetExpr, Value};
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// The dialect of a session (`SET dialect`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DialectKind {
    #[default]
    Postgres,
}

/// PostgreSQL's dialect, with `TABLE name` and `MODEL name` as arguments of functions.
#[derive(Debug, Default)]
pub(crate) struct MeadDialect(PostgreSqlDialect);

macro_rules! as_postgres {
    ($($method:ident),* $(,)?) => { $(fn $method(&self) -> bool { self.0.$method() })* };
}

impl Dialect for MeadDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        self.0.identifier_quote_style(identifier)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        self.0.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        self.0.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.0.is_identifier_part(ch)
    }

    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        self.0.is_reserved_for_identifier(keyword)
    }

    fn is_custom_operator_part(&self, ch: char) -> bool {
        self.0.is_custom_operator_part(ch)
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        self.0.get_next_precedence(parser)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        self.0.prec_value(precedence)
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        relation_argument(parser).or_else(|| model_argument(parser))
    }

    // Hive's LATERAL VIEW, TABLESAMPLE and friends come with Hive's dialect.
    as_postgres!(
        supports_unicode_string_literal,
        supports_filter_during_aggregation,
        supports_group_by_expr,
        allow_extract_custom,
        allow_extract_single_quotes,
        supports_create_index_with_clause,
        supports_explain_with_utility_options,
        supports_listen_notify,
        supports_factorial_operator,
        supports_bitwise_shift_operators,
        supports_comment_on,
        supports_load_extension,
        supports_named_fn_args_with_colon_operator,
        supports_named_fn_args_with_expr_name,
        supports_empty_projections,
        supports_nested_comments,
        supports_string_escape_constant,
        supports_numeric_literal_underscores,
        supports_array_typedef_with_brackets,
        supports_geometric_types,
        supports_set_names,
        supports_alter_column_type_using,
        supports_notnull_operator,
        supports_interval_options,
        supports_insert_table_alias,
        supports_create_table_like_parenthesized,
        supports_select_wildcard_with_alias,
        supports_comma_separated_trim,
        supports_xml_expressions,
    );
}

/// True right behind `(` or `,`, where an argument begins.
fn at_argument(parser: &Parser) -> bool {
    matches!(parser.get_current_token().token, Token::LParen | Token::Comma)
}

/// `TABLE name` as an argument is the query `SELECT * FROM name`.
fn relation_argument(parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
    let is_table = parser.peek_keyword(Keyword::TABLE) && matches!(parser.peek_nth_token_ref(1).token, Token::Word(_));
    if !is_table || !at_argument(parser) {
        return None;
    }
    parser.next_token();
    Some(parser.parse_object_name(false).map(|name| Expr::Subquery(Box::new(select_all(name)))))
}

fn select_all(name: ObjectName) -> Query {
    use sqlparser::ast::Table;
    let mut parts = name.0.into_iter().rev().filter_map(|part| match part {
        ObjectNamePart::Identifier(identifier) => Some(identifier),
        ObjectNamePart::Function(_) => None,
    });
    let quoted = |identifier: &Ident| match identifier.quote_style {
        Some(_) => identifier.value.clone(),
        None => identifier.value.to_lowercase(),
    };
    let table_name = parts.next().map(|name| quoted(&name));
    let schema_name = parts.next().map(|name| quoted(&name));
    Query {
        with: None,
        body: Box::new(SetExpr::Table(Box::new(Table { table_name, schema_name }))),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    }
}

/// `MODEL name` as an argument is the name as a string: `PREDICT(MODEL churn, TABLE t)`.
fn model_argument(parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
    let is_model = match &parser.peek_nth_token_ref(0).token {
        Token::Word(word) => word.quote_style.is_none() && word.value.eq_ignore_ascii_case("model"),
        _ => false,
    };
    let is_named = matches!(parser.peek_nth_token_ref(1).token, Token::Word(_));
    if !is_model || !is_named || !at_argument(parser) {
        return None;
    }
    let end = (2..).step_by(2).find(|n| parser.peek_nth_token_ref(*n).token != Token::Period)?;
    if !matches!(parser.peek_nth_token_ref(end).token, Token::Comma | Token::RParen) {
        return None;
    }
    let span = parser.next_token().span;
    Some(parser.parse_object_name(false).map(|name| {
        Expr::Value(Value::SingleQuotedString(crate::statement::name_text(&name)).with_span(span))
    }))
}
