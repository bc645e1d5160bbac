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
