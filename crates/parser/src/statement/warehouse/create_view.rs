//! CREATE VIEW in Hive's and Spark's form, and ALTER VIEW.

use std::collections::BTreeMap;

use sqlparser::ast::{ObjectName, Query};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::{column_name, object_name, properties, string};
use crate::cursor::{ParseResult, ParserExt};

/// A view to be created.
#[derive(Debug, Clone)]
pub struct CreateHiveView {
    pub name: ObjectName,
    pub or_replace: bool,
    pub if_not_exists: bool,
    pub temporary: bool,
    pub columns: Vec<(String, Option<String>)>,
    pub comment: Option<String>,
    pub properties: BTreeMap<String, String>,
    /// PARTITIONED ON.
    pub partitioned_on: Vec<String>,
    pub query: Box<Query>,
}

#[derive(Debug, Clone)]
pub struct AlterView {
    pub name: ObjectName,
    pub action: AlterViewAction,
}

#[derive(Debug, Clone)]
pub enum AlterViewAction {
    Query { columns: Vec<(String, Option<String>)>, query: Box<Query> },
    Rename(ObjectName),
    SetProperties(BTreeMap<String, String>),
    UnsetProperties { if_exists: bool, keys: Vec<String> },
}

pub(super) fn create_view(parser: &mut Parser<'_>) -> ParseResult<CreateHiveView> {
    parser.expect_word("create")?;
    let or_replace = parser.take_words(&["or", "replace"]);
    let _ = parser.take_word("global");
    let temporary = parser.take_word("temporary") || parser.take_word("temp");
    parser.expect_word("view")?;
    let if_not_exists = parser.if_not_exists();
    let name = object_name(parser)?;
    let columns = view_columns(parser)?;
    let (mut comment, mut kept, mut partitioned_on) = (None, BTreeMap::new(), Vec::new());
    loop {
        if parser.take_word("comment") {
            comment = Some(string(parser)?);
        } else if parser.take_word("tblproperties") {
            kept.extend(properties(parser)?);
        } else if parser.take_words(&["partitioned", "on"]) {
            partitioned_on = super::column_names(parser)?;
        } else {
            break;
        }
    }
    parser.expect_word("as")?;
    let query = parser.parse_query()?;
    Ok(CreateHiveView {
        name,
        or_replace,
        if_not_exists,
        temporary,
        columns,
        comment,
        properties: kept,
        partitioned_on,
        query,
    })
}

fn view_columns(parser: &mut Parser<'_>) -> ParseResult<Vec<(String, Option<String>)>> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(Vec::new());
    }
    let columns = parser.parse_comma_separated(|parser| {
        let name = column_name(parser)?;
        let comment = if parser.take_word("comment") { Some(string(parser)?) } else { None };
        Ok((name, comment))
    })?;
    parser.expect_token(&Token::RParen)?;
    Ok(columns)
}

pub(super) fn alter_view(parser: &mut Parser<'_>) -> ParseResult<AlterView> {
    parser.expect_word("alter")?;
    parser.expect_word("view")?;
    let name = object_name(parser)?;
    let action = if parser.take_words(&["rename", "to"]) {
        AlterViewAction::Rename(object_name(parser)?)
    } else if parser.take_words(&["set", "tblproperties"]) {
        AlterViewAction::SetProperties(properties(parser)?.into_iter().collect())
    } else if parser.take_words(&["unset", "tblproperties"]) {
        let (if_exists, keys) = property_keys(parser)?;
        AlterViewAction::UnsetProperties { if_exists, keys }
    } else {
        let columns = view_columns(parser)?;
        parser.expect_word("as")?;
        AlterViewAction::Query { columns, query: parser.parse_query()? }
    };
    Ok(AlterView { name, action })
}

/// `[IF EXISTS] ('a', 'b')`.
pub(super) fn property_keys(parser: &mut Parser<'_>) -> ParseResult<(bool, Vec<String>)> {
    let if_exists = parser.if_exists();
    parser.expect_token(&Token::LParen)?;
    let keys = parser.parse_comma_separated(string)?;
    parser.expect_token(&Token::RParen)?;
    Ok((if_exists, keys))
}
