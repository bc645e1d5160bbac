//! CREATE, REFRESH and ALTER MATERIALIZED VIEW. (DROP is in `drop`.)

use std::collections::BTreeMap;

use sqlparser::ast::{ObjectName, Query};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::Failure;
use super::warehouse::{column_name, object_name, properties, string};
use crate::cursor::{ParseResult, ParserExt};

/// A query whose rows are kept.
#[derive(Debug, Clone)]
pub struct CreateMaterializedView {
    pub name: ObjectName,
    pub if_not_exists: bool,
    pub columns: Vec<String>,
    pub comment: Option<String>,
    pub properties: BTreeMap<String, String>,
    pub query: Box<Query>,
    /// False for WITH NO DATA: the first REFRESH fills it.
    pub with_data: bool,
}

/// REFRESH, and Hive's ALTER MATERIALIZED VIEW … REBUILD.
#[derive(Debug, Clone)]
pub struct RefreshMaterializedView {
    pub name: ObjectName,
}

/// Behind `CREATE MATERIALIZED VIEW`.
pub(super) fn create(parser: &mut Parser<'_>) -> Result<CreateMaterializedView, Failure> {
    let refuse = |what: &str, hint: Option<&'static str>| {
        Err(Failure::Unsupported { what: format!("CREATE MATERIALIZED VIEW … {what}"), hint })
    };
    let if_not_exists = parser.if_not_exists();
    let name = object_name(parser)?;
    let mut columns = Vec::new();
    if parser.consume_token(&Token::LParen) {
        columns = parser.parse_comma_separated(column_name)?;
        parser.expect_token(&Token::RParen)?;
    }
    let (mut comment, mut kept) = (None, BTreeMap::new());
    while !parser.take_word("as") {
        if parser.take_word("comment") {
            comment = Some(string(parser)?);
        } else if parser.take_word("tblproperties") {
            kept.extend(properties(parser)?);
        } else if parser.take_words(&["disable", "rewrite"]) {
        } else if parser.peek_word_at(0, "partitioned") {
            return refuse("PARTITIONED ON", None);
        } else if ["stored", "row", "location", "clustered", "distributed", "using", "with"]
            .iter()
            .any(|word| parser.peek_word_at(0, word))
        {
            let word = parser.peek_nth_token_ref(0).token.to_string().to_uppercase();
            return refuse(&word, Some("materialized views are kept as managed tables are"));
        } else {
            parser.unexpected::<()>("AS")?;
        }
    }
    let query = parser.parse_query()?;
    let mut with_data = true;
    if parser.take_word("with") {
        with_data = !parser.take_word("no");
        parser.expect_word("data")?;
    }
    Ok(CreateMaterializedView { name, if_not_exists, columns, comment, properties: kept, query, with_data })
}

/// Behind `REFRESH`.
pub(super) fn refresh(parser: &mut Parser<'_>) -> ParseResult<RefreshMaterializedView> {
    parser.expect_word("materialized")?;
    parser.expect_word("view")?;
    // Whoever reads goes on reading the old rows anyway.
    let _ = parser.take_word("concurrently");
    let name = object_name(parser)?;
    if parser.take_word("with") {
        parser.expect_word("data")?;
    }
    Ok(RefreshMaterializedView { name })
}

/// Behind `ALTER MATERIALIZED VIEW`.
pub(super) fn alter(parser: &mut Parser<'_>) -> Result<RefreshMaterializedView, Failure> {
    let name = object_name(parser)?;
    if parser.take_words(&["enable", "rewrite"]) || parser.take_words(&["disable", "rewrite"]) {
        let hint = Some("queries read a materialized view where they name it");
        return Err(Failure::Unsupported { what: "ALTER MATERIALIZED VIEW … REWRITE".to_owned(), hint });
    }
    parser.expect_word("rebuild")?;
    Ok(RefreshMaterializedView { name })
}
