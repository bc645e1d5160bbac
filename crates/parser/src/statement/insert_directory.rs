//! `INSERT OVERWRITE [LOCAL] DIRECTORY 'path' [ROW FORMAT …] [STORED AS …] query`, as Hive has it.

use std::collections::BTreeMap;

use sqlparser::ast::Query;
use sqlparser::parser::Parser;

use crate::cursor::{ParseResult, ParserExt};

#[derive(Debug, Clone)]
pub struct InsertDirectory {
    pub path: String,
    /// In lower case.
    pub stored_as: Option<String>,
    pub options: BTreeMap<String, String>,
    pub query: Box<Query>,
}

/// Behind `INSERT OVERWRITE [LOCAL] DIRECTORY`.
pub(crate) fn insert_directory(parser: &mut Parser<'_>) -> ParseResult<InsertDirectory> {
    let path = parser.parse_literal_string()?;
    let mut stored_as = None;
    let mut options = BTreeMap::new();
    loop {
        if parser.take_words(&["row", "format", "delimited"]) {
            super::create_table::delimited(parser, &mut options)?;
        } else if parser.take_words(&["stored", "as"]) || parser.take_word("using") {
            stored_as = Some(parser.parse_identifier()?.value.to_lowercase());
        } else if parser.take_word("options") || parser.take_word("tblproperties") {
            options.extend(parser.properties()?.into_iter().map(|(key, value)| (key.to_lowercase(), value)));
        } else {
            break;
        }
    }
    Ok(InsertDirectory { path, stored_as, options, query: parser.parse_query()? })
}
