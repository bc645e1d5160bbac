//! ANALYZE TABLE name [PARTITION (…)] COMPUTE STATISTICS [NOSCAN | FOR COLUMNS …].

use sqlparser::ast::ObjectName;
use sqlparser::parser::Parser;

use super::partition_spec::{self, PartitionSpec};
use super::{column_name, object_name};
use crate::cursor::{ParseResult, ParserExt};

#[derive(Debug, Clone)]
pub struct Analyze {
    pub table: ObjectName,
    pub partition: PartitionSpec,
    /// Sizes alone: no row is read.
    pub no_scan: bool,
    /// FOR COLUMNS; empty for all of them.
    pub columns: Option<Vec<String>>,
}

pub(super) fn analyze(parser: &mut Parser<'_>) -> ParseResult<Analyze> {
    parser.expect_word("analyze")?;
    parser.expect_word("table")?;
    let table = object_name(parser)?;
    let partition = partition_spec::optional(parser)?.unwrap_or_default();
    parser.expect_word("compute")?;
    parser.expect_word("statistics")?;
    let mut analyze = Analyze { table, partition, no_scan: false, columns: None };
    if parser.take_word("noscan") {
        analyze.no_scan = true;
    } else if parser.take_words(&["for", "all", "columns"]) {
        analyze.columns = Some(Vec::new());
    } else if parser.take_words(&["for", "columns"]) {
        let named = !parser.at_end();
        analyze.columns = Some(if named { parser.parse_comma_separated(column_name)? } else { Vec::new() });
    }
    Ok(analyze)
}
