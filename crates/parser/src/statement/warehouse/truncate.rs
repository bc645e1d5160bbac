//! TRUNCATE [TABLE] name [PARTITION (…)].

use sqlparser::ast::ObjectName;
use sqlparser::parser::Parser;

use super::object_name;
use super::partition_spec::{self, PartitionSpec};
use crate::cursor::{ParseResult, ParserExt};

#[derive(Debug, Clone)]
pub struct Truncate {
    pub table: ObjectName,
    pub partition: PartitionSpec,
    /// FORCE: external tables too.
    pub force: bool,
}

pub(super) fn truncate(parser: &mut Parser<'_>) -> ParseResult<Truncate> {
    parser.expect_word("truncate")?;
    let _ = parser.take_word("table");
    let table = object_name(parser)?;
    let partition = partition_spec::optional(parser)?.unwrap_or_default();
    let force = parser.take_word("force");
    Ok(Truncate { table, partition, force })
}
