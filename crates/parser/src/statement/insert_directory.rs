//! `INSERT OVERWRITE [LOCAL] DIRECTORY 'path' [ROW FORMAT …] [STORED AS …] query`, as Hive has it.

use std::collections::BTreeMap;

use sqlparser::ast::Query;
use sqlparser::parser::Parser;

use super::warehouse::{self, FileFormat, RowFormat, string};
use crate::cursor::{ParseResult, ParserExt};

#[derive(Debug, Clone)]
pub struct InsertDirectory {
    pub path: String,
    /// True where the files are written as Hive writes them.
    pub is_hive: bool,
    pub row_format: Option<RowFormat>,
    pub file_format: Option<FileFormat>,
    /// In lower case, where the files are not Hive's.
    pub stored_as: Option<String>,
    pub options: BTreeMap<String, String>,
    pub query: Box<Query>,
}

/// Behind `INSERT OVERWRITE [LOCAL] DIRECTORY`.
pub(crate) fn insert_directory(parser: &mut Parser<'_>, hive: bool) -> ParseResult<InsertDirectory> {
    let mut insert = Target::default();
    if !parser.peek_word_at(0, "using") {
        insert.path = Some(string(parser)?);
    }
    loop {
        if hive && let Some(format) = warehouse::row_format(parser)? {
            insert.row_format = Some(format);
        } else if hive && let Some(format) = warehouse::stored_as(parser)? {
            insert.file_format = Some(format);
        } else if parser.take_words(&["row", "format", "delimited"]) {
            super::create_table::delimited(parser, &mut insert.options)?;
        } else if parser.take_words(&["stored", "as"]) || parser.take_word("using") {
            insert.stored_as = Some(parser.parse_identifier()?.value.to_lowercase());
        } else if parser.take_word("options") || parser.take_word("tblproperties") {
            let options = parser.properties()?.into_iter().map(|(key, value)| (key.to_lowercase(), value));
            insert.options.extend(options);
        } else {
            break;
        }
    }
    let query = parser.parse_query()?;
    match insert.path.or_else(|| insert.options.remove("path")) {
        Some(path) => Ok(InsertDirectory {
            path,
            is_hive: hive && insert.stored_as.is_none(),
            row_format: insert.row_format,
            file_format: insert.file_format,
            stored_as: insert.stored_as,
            options: insert.options,
            query,
        }),
        None => parser.unexpected("the path of a folder"),
    }
}

/// What has been read.
#[derive(Default)]
struct Target {
    path: Option<String>,
    row_format: Option<RowFormat>,
    file_format: Option<FileFormat>,
    stored_as: Option<String>,
    options: BTreeMap<String, String>,
}
