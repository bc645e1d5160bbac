//! LOAD DATA [LOCAL] INPATH 'path' [OVERWRITE] INTO TABLE name [PARTITION (…)].

use sqlparser::ast::ObjectName;
use sqlparser::parser::Parser;

use super::partition_spec::{self, PartitionSpec};
use super::{object_name, string};
use crate::cursor::{ParseResult, ParserExt};

/// Files to be put into a table as they are.
#[derive(Debug, Clone)]
pub struct LoadData {
    /// True if the files are copied; else they are moved.
    pub local: bool,
    pub path: String,
    pub overwrite: bool,
    pub table: ObjectName,
    pub partition: PartitionSpec,
}

pub(super) fn load_data(parser: &mut Parser<'_>) -> ParseResult<LoadData> {
    parser.expect_word("load")?;
    parser.expect_word("data")?;
    let local = parser.take_word("local");
    parser.expect_word("inpath")?;
    let path = string(parser)?;
    let overwrite = parser.take_word("overwrite");
    parser.expect_word("into")?;
    let _ = parser.take_word("table");
    let table = object_name(parser)?;
    let partition = partition_spec::optional(parser)?.unwrap_or_default();
    Ok(LoadData { local, path, overwrite, table, partition })
}
