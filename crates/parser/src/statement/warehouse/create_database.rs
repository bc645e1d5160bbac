//! CREATE DATABASE name COMMENT … LOCATION … WITH DBPROPERTIES (…).

use std::collections::BTreeMap;

use sqlparser::parser::Parser;

use super::{properties, string};
use crate::cursor::{ParseResult, ParserExt};

#[derive(Debug, Clone)]
pub struct CreateHiveDatabase {
    pub name: String,
    pub if_not_exists: bool,
    pub comment: Option<String>,
    pub location: Option<String>,
    pub properties: BTreeMap<String, String>,
}

/// True where the statement, read in another dialect, has clauses behind the name that only Hive's has.
pub(super) fn is_hive(parser: &Parser<'_>) -> bool {
    let at = if parser.peek_word_at(2, "if") { 6 } else { 3 };
    ["comment", "location", "managedlocation"].iter().any(|word| parser.peek_word_at(at, word))
        || (parser.peek_word_at(at, "with") && parser.peek_word_at(at + 1, "dbproperties"))
}

pub(super) fn create_database(parser: &mut Parser<'_>) -> ParseResult<CreateHiveDatabase> {
    parser.expect_word("create")?;
    parser.next_token();
    let if_not_exists = parser.if_not_exists();
    let name = super::super::identifier_text(&parser.parse_identifier()?);
    let mut database =
        CreateHiveDatabase { name, if_not_exists, comment: None, location: None, properties: BTreeMap::new() };
    loop {
        if parser.take_word("comment") {
            database.comment = Some(string(parser)?);
        } else if parser.take_word("location") || parser.take_word("managedlocation") {
            database.location = Some(string(parser)?);
        } else if parser.take_words(&["with", "dbproperties"]) {
            database.properties.extend(properties(parser)?);
        } else {
            return Ok(database);
        }
    }
}
