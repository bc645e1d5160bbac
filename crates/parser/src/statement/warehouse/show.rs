//! SHOW of what is in the metastore.

use sqlparser::ast::ObjectName;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::partition_spec::{self, PartitionSpec};
use super::{object_name, string};
use crate::cursor::{ParseResult, ParserExt};

/// Patterns are Hive's: `*` for any letters, `|` between choices.
#[derive(Debug, Clone)]
pub enum ShowHive {
    Columns { table: ObjectName, pattern: Option<String> },
    CreateTable(ObjectName),
    Databases { pattern: Option<String> },
    Functions { pattern: Option<String> },
    MaterializedViews { database: Option<String>, pattern: Option<String> },
    Partitions { table: ObjectName, partition: PartitionSpec },
    Properties { table: ObjectName, key: Option<String> },
    TableExtended { database: Option<String>, pattern: String, partition: PartitionSpec },
    Tables { database: Option<String>, pattern: Option<String> },
    Views { database: Option<String>, pattern: Option<String> },
}

/// `None`, and nothing read, for what SHOW is in every dialect.
pub(super) fn show(parser: &mut Parser<'_>, hive: bool) -> ParseResult<Option<ShowHive>> {
    let at = |n: usize, word: &str| parser.peek_word_at(n, word);
    let ours = at(1, "partitions")
        || (at(1, "create") && (at(2, "table") || at(2, "view")))
        || at(1, "tblproperties")
        || at(1, "views")
        || (at(1, "materialized") && at(2, "views"))
        || (at(1, "table") && at(2, "extended"))
        || (hive && ["databases", "schemas", "tables", "columns", "functions"].iter().any(|word| at(1, word)));
    if !ours {
        return Ok(None);
    }
    parser.expect_word("show")?;
    let what = parser.parse_identifier()?.value.to_lowercase();
    Ok(Some(match what.as_str() {
        "partitions" => {
            let table = object_name(parser)?;
            ShowHive::Partitions { table, partition: partition_spec::optional(parser)?.unwrap_or_default() }
        }
        "create" => {
            parser.next_token();
            ShowHive::CreateTable(object_name(parser)?)
        }
        "tblproperties" => {
            let table = object_name(parser)?;
            let mut key = None;
            if parser.consume_token(&Token::LParen) {
                key = Some(string(parser)?);
                parser.expect_token(&Token::RParen)?;
            }
            ShowHive::Properties { table, key }
        }
        "materialized" => {
            parser.next_token();
            let database = database(parser)?;
            ShowHive::MaterializedViews { database, pattern: pattern(parser)? }
        }
        "views" => {
            let database = database(parser)?;
            ShowHive::Views { database, pattern: pattern(parser)? }
        }
        "tables" => {
            let database = database(parser)?;
            ShowHive::Tables { database, pattern: pattern(parser)? }
        }
        "databases" | "schemas" => ShowHive::Databases { pattern: pattern(parser)? },
        "functions" => ShowHive::Functions { pattern: pattern(parser)? },
        "columns" => {
            let table = in_table(parser)?;
            ShowHive::Columns { table, pattern: pattern(parser)? }
        }
        _ => {
            parser.expect_word("extended")?;
            let database = database(parser)?;
            let pattern = pattern(parser)?.unwrap_or_else(|| "*".to_owned());
            let partition = partition_spec::optional(parser)?.unwrap_or_default();
            ShowHive::TableExtended { database, pattern, partition }
        }
    }))
}

/// `FROM | IN table [FROM | IN database]`.
fn in_table(parser: &mut Parser<'_>) -> ParseResult<ObjectName> {
    if !parser.take_word("from") {
        parser.expect_word("in")?;
    }
    let table = object_name(parser)?;
    match database(parser)? {
        Some(database) => {
            let mut parts = vec![sqlparser::ast::ObjectNamePart::Identifier(sqlparser::ast::Ident::new(database))];
            parts.extend(table.0);
            Ok(ObjectName(parts))
        }
        None => Ok(table),
    }
}

fn database(parser: &mut Parser<'_>) -> ParseResult<Option<String>> {
    if parser.take_word("from") || parser.take_word("in") {
        return Ok(Some(super::super::identifier_text(&parser.parse_identifier()?)));
    }
    Ok(None)
}

/// `[LIKE] 'pattern'`; a name without quotes is one too.
fn pattern(parser: &mut Parser<'_>) -> ParseResult<Option<String>> {
    let like = parser.take_word("like");
    if !like && parser.at_end() {
        return Ok(None);
    }
    match &parser.peek_nth_token_ref(0).token {
        Token::Word(word) if word.quote_style.is_none() => {
            let name = word.value.clone();
            parser.next_token();
            Ok(Some(name))
        }
        _ => string(parser).map(Some),
    }
}
