//! ALTER DATABASE name SET DBPROPERTIES (…) | LOCATION '…' | OWNER USER name.

use std::collections::BTreeMap;

use sqlparser::parser::Parser;

use super::{properties, string};
use crate::cursor::{ParseResult, ParserExt};

#[derive(Debug, Clone)]
pub struct AlterDatabase {
    pub name: String,
    pub properties: BTreeMap<String, String>,
    pub location: Option<String>,
    pub owner: Option<String>,
}

pub(super) fn alter_database(parser: &mut Parser<'_>) -> ParseResult<AlterDatabase> {
    parser.expect_word("alter")?;
    parser.next_token();
    let name = super::super::identifier_text(&parser.parse_identifier()?);
    let mut alter = AlterDatabase { name, properties: BTreeMap::new(), location: None, owner: None };
    parser.expect_word("set")?;
    if parser.take_word("dbproperties") || parser.take_word("properties") {
        alter.properties.extend(properties(parser)?);
    } else if parser.take_word("location") || parser.take_word("managedlocation") {
        alter.location = Some(string(parser)?);
    } else {
        parser.expect_word("owner")?;
        let _ = parser.take_word("user") || parser.take_word("role");
        alter.owner = Some(super::super::identifier_text(&parser.parse_identifier()?));
    }
    Ok(alter)
}
