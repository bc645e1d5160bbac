//! TRUNCATE [TABLE] name, … [PARTITION (…)].

use sqlparser::ast::ObjectName;
use sqlparser::parser::Parser;

use super::object_name;
use super::partition_spec::{self, PartitionSpec};
use crate::cursor::{ParseResult, ParserExt};

#[derive(Debug, Clone)]
pub struct Truncate {
    pub tables: Vec<ObjectName>,
    pub partition: PartitionSpec,
    /// FORCE: external tables too.
    pub force: bool,
}

pub(super) fn truncate(parser: &mut Parser<'_>) -> ParseResult<Truncate> {
    parser.expect_word("truncate")?;
    let _ = parser.take_word("table");
    let _ = parser.take_word("only");
    let tables = parser.parse_comma_separated(object_name)?;
    let partition = match tables.len() {
        1 => partition_spec::optional(parser)?.unwrap_or_default(),
        _ => PartitionSpec::default(),
    };
    let force = parser.take_word("force");
    // There are no sequences, and nothing refers to a table's rows.
    let _ = parser.take_words(&["continue", "identity"]) || parser.take_words(&["restart", "identity"]);
    let _ = parser.take_word("restrict") || parser.take_word("cascade");
    Ok(Truncate { tables, partition, force })
}
