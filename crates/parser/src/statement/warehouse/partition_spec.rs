//! `PARTITION (dt = '2026-01-01', hour)`.

use sqlparser::ast::Expr;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::column_name;
use crate::cursor::ParseResult;

/// Each partition column that is named, with its value where one is given.
#[derive(Debug, Clone, Default)]
pub struct PartitionSpec(pub Vec<(String, Option<Expr>)>);

/// Behind `PARTITION`.
pub(super) fn partition_spec(parser: &mut Parser<'_>) -> ParseResult<PartitionSpec> {
    parser.expect_token(&Token::LParen)?;
    let columns = parser.parse_comma_separated(|parser| {
        let name = column_name(parser)?;
        let value = match parser.consume_token(&Token::Eq) {
            true => Some(parser.parse_expr()?),
            false => None,
        };
        Ok((name, value))
    })?;
    parser.expect_token(&Token::RParen)?;
    Ok(PartitionSpec(columns))
}

/// `PARTITION (…)`, if it stands here.
pub(super) fn optional(parser: &mut Parser<'_>) -> ParseResult<Option<PartitionSpec>> {
    use crate::cursor::ParserExt;
    if parser.peek_word_at(0, "partition") && parser.peek_nth_token_ref(1).token == Token::LParen {
        parser.next_token();
        return partition_spec(parser).map(Some);
    }
    Ok(None)
}
