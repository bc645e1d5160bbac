//! DELETE FROM name [USING …] [WHERE …].

use sqlparser::ast::{Expr, TableWithJoins};
use sqlparser::parser::Parser;

use super::{Target, condition, target};
use crate::cursor::ParserExt;
use crate::statement::Failure;

#[derive(Debug, Clone)]
pub struct Delete {
    pub target: Target,
    pub using: Vec<TableWithJoins>,
    pub condition: Option<Expr>,
}

/// Behind `DELETE`.
pub(super) fn delete(parser: &mut Parser<'_>) -> Result<Delete, Failure> {
    parser.expect_word("from")?;
    let target = target(parser, &["using", "where", "returning"])?;
    let using = match parser.take_word("using") {
        true => parser.parse_comma_separated(Parser::parse_table_and_joins)?,
        false => Vec::new(),
    };
    Ok(Delete { target, using, condition: condition(parser)? })
}
