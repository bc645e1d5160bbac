//! The dialect given to sqlparser: PostgreSQL's, with the words that mead's functions take.

use std::any::TypeId;
use std::cell::Cell;

use sqlparser::ast::{Expr, ObjectName, Query, SelectItem, SetExpr, TableFactor, TableWithJoins, Value};
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// Expressions that may be begun for each byte of the text, and for any text. A parse that goes straight on begins one at
/// most; but sqlparser goes back and tries another reading where one has failed, in nested texts twice at every depth.
const BEGINNINGS_PER_BYTE: usize = 4;
const BEGINNINGS_MIN: usize = 10_000;

/// How deep `a + b + c + …` may grow to the left. The parser's own limit does not count it; what copies and drops the tree
/// recurses into it.
const LEFT_DEPTH_MAX: usize = 10_000;

/// With less stack than this an expression is not begun.
const STACK_LEFT_BYTES: usize = 64 << 10;

/// PostgreSQL's dialect, with `TABLE name` and `MODEL name` as arguments of functions.
#[derive(Debug)]
pub(crate) struct MeadDialect {
    postgres: PostgreSqlDialect,
    beginnings: Beginnings,
}

/// How many expressions may still be begun.
#[derive(Debug)]
pub(crate) struct Beginnings(Cell<usize>);

impl Beginnings {
    /// For a text of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Cell::new(bytes.saturating_mul(BEGINNINGS_PER_BYTE).saturating_add(BEGINNINGS_MIN)))
    }

    pub(crate) fn begin(&self) -> Result<(), ParserError> {
        let left = self.0.get().saturating_sub(1);
        self.0.set(left);
        // Some prefixes, such as INTERVAL, recurse without being counted by the parser.
        match left == 0 || stacker::remaining_stack().is_some_and(|bytes| bytes < STACK_LEFT_BYTES) {
            true => Err(ParserError::RecursionLimitExceeded),
            false => Ok(()),
        }
    }
}

impl MeadDialect {
    /// For a text of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { postgres: PostgreSqlDialect {}, beginnings: Beginnings::new(bytes) }
    }
}

macro_rules! as_postgres {
    ($($method:ident),* $(,)?) => { $(fn $method(&self) -> bool { self.postgres.$method() })* };
}

impl Dialect for MeadDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        self.postgres.identifier_quote_style(identifier)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        self.postgres.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        self.postgres.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.postgres.is_identifier_part(ch)
    }

    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        self.postgres.is_reserved_for_identifier(keyword)
    }

    fn is_custom_operator_part(&self, ch: char) -> bool {
        self.postgres.is_custom_operator_part(ch)
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        self.postgres.get_next_precedence(parser)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        self.postgres.prec_value(precedence)
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        if let Err(error) = self.beginnings.begin() {
            return Some(Err(error));
        }
        relation_argument(parser).or_else(|| model_argument(parser))
    }

    fn parse_infix(&self, parser: &mut Parser, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        match is_too_deep(left) {
            true => Some(Err(ParserError::RecursionLimitExceeded)),
            false => self.postgres.parse_infix(parser, left, precedence),
        }
    }

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

/// True where an expression has grown to the left as far as it may.
pub(crate) fn is_too_deep(expression: &Expr) -> bool {
    std::iter::successors(Some(expression), |inner| left_of(inner)).nth(LEFT_DEPTH_MAX).is_some()
}

/// The expression that an operator behind it has made the left part of this one.
fn left_of(expression: &Expr) -> Option<&Expr> {
    match expression {
        Expr::BinaryOp { left, .. } | Expr::AnyOp { left, .. } | Expr::AllOp { left, .. } => Some(left),
        Expr::IsFalse(expr)
        | Expr::IsNotFalse(expr)
        | Expr::IsTrue(expr)
        | Expr::IsNotTrue(expr)
        | Expr::IsNull(expr)
        | Expr::IsNotNull(expr)
        | Expr::IsUnknown(expr)
        | Expr::IsNotUnknown(expr)
        | Expr::IsDistinctFrom(expr, _)
        | Expr::IsNotDistinctFrom(expr, _)
        | Expr::IsNormalized { expr, .. }
        | Expr::InList { expr, .. }
        | Expr::InSubquery { expr, .. }
        | Expr::InUnnest { expr, .. }
        | Expr::Between { expr, .. }
        | Expr::Like { expr, .. }
        | Expr::ILike { expr, .. }
        | Expr::SimilarTo { expr, .. }
        | Expr::RLike { expr, .. }
        | Expr::UnaryOp { expr, .. }
        | Expr::Cast { expr, .. }
        | Expr::AtTimeZone { timestamp: expr, .. }
        | Expr::Collate { expr, .. }
        | Expr::JsonAccess { value: expr, .. }
        | Expr::CompoundFieldAccess { root: expr, .. } => Some(expr),
        _ => None,
    }
}

/// True right behind `(` or `,`, where an argument begins.
fn at_argument(parser: &Parser) -> bool {
    matches!(parser.get_current_token().token, Token::LParen | Token::Comma)
}

/// `TABLE name` as an argument is the query `SELECT * FROM name`.
pub(crate) fn relation_argument(parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
    let is_table = parser.peek_keyword(Keyword::TABLE) && matches!(parser.peek_nth_token_ref(1).token, Token::Word(_));
    if !is_table || !at_argument(parser) {
        return None;
    }
    parser.next_token();
    Some(parser.parse_object_name(false).and_then(select_all).map(|query| Expr::Subquery(Box::new(query))))
}

/// `SELECT * FROM name`. DataFusion does not plan `TABLE name`, and sqlparser's form of it forgets how the name was quoted.
pub(crate) fn select_all(name: ObjectName) -> Result<Query, ParserError> {
    let mut query = *Parser::new(&PostgreSqlDialect {}).try_with_sql("SELECT * FROM t")?.parse_query()?;
    let SetExpr::Select(select) = query.body.as_mut() else {
        return Err(ParserError::ParserError("SELECT is no select".to_owned()));
    };
    for table in &mut select.from {
        if let TableFactor::Table { name: place, .. } = &mut table.relation {
            place.clone_from(&name);
        }
    }
    Ok(query)
}

/// `SELECT projection FROM from [WHERE condition]`, put together.
pub fn select(
    projection: Vec<SelectItem>,
    from: Vec<TableWithJoins>,
    condition: Option<Expr>,
) -> Result<Query, ParserError> {
    let mut query = *Parser::new(&PostgreSqlDialect {}).try_with_sql("SELECT 1")?.parse_query()?;
    let SetExpr::Select(select) = query.body.as_mut() else {
        return Err(ParserError::ParserError("SELECT is no select".to_owned()));
    };
    select.projection = projection;
    select.from = from;
    select.selection = condition;
    Ok(query)
}

/// `MODEL name` as an argument is the name as a string: `PREDICT(MODEL churn, TABLE t)`.
pub(crate) fn model_argument(parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
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
    Some(
        parser
            .parse_object_name(false)
            .map(|name| Expr::Value(Value::SingleQuotedString(crate::statement::name_text(&name)).with_span(span))),
    )
}
