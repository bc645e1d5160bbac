//! The statements of Hive's warehouse: tables over files, their partitions, what loads and describes them.
//!
//! They are understood in every dialect where no statement of PostgreSQL could be meant; the rest in Hive's and Spark's
//! alone.

mod alter_database;
mod alter_table;
mod analyze;
mod column;
mod create_database;
mod create_table;
mod create_view;
mod describe;
mod insert;
mod load_data;
mod msck;
mod partition_spec;
mod row_format;
mod show;
mod truncate;

use mead_common::Dialect;
use sqlparser::ast::{ObjectName, Query};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

pub use alter_database::AlterDatabase;
pub use alter_table::{AlterTable, AlterTableAction, ColumnPosition, PartitionFilter};
pub use analyze::Analyze;
pub use column::HiveColumn;
pub use create_database::CreateHiveDatabase;
pub use create_table::{Buckets, CreateHiveTable, PartitionedBy, Skew};
pub use create_view::{AlterView, AlterViewAction, CreateHiveView};
pub use describe::{DescribeHive, DescribeTarget};
pub use insert::{HiveInsert, InsertTarget};
pub use load_data::LoadData;
pub use msck::Msck;
pub use partition_spec::PartitionSpec;
pub use row_format::{FileFormat, RowFormat};
pub(crate) use row_format::{row_format, stored_as};
pub use show::ShowHive;
pub use truncate::Truncate;

use crate::cursor::{ParseResult, ParserExt};

/// A statement of the warehouse.
#[derive(Debug, Clone)]
pub enum Warehouse {
    AlterDatabase(AlterDatabase),
    AlterTable(Box<AlterTable>),
    AlterView(Box<AlterView>),
    Analyze(Analyze),
    CreateDatabase(CreateHiveDatabase),
    CreateTable(Box<CreateHiveTable>),
    CreateView(Box<CreateHiveView>),
    Describe(DescribeHive),
    Insert(Box<HiveInsert>),
    LoadData(LoadData),
    Msck(Msck),
    Show(ShowHive),
    Truncate(Truncate),
}

impl Warehouse {
    /// What the statement is called.
    pub fn name(&self) -> &'static str {
        match self {
            Warehouse::Describe(_) => "DESCRIBE",
            Warehouse::Show(_) => "SHOW",
            other => other.writes().unwrap_or_default(),
        }
    }

    /// The query that the statement runs or keeps, and whether its columns are given other names.
    pub(crate) fn query(&mut self) -> Option<(&mut Query, bool)> {
        match self {
            Warehouse::AlterView(alter) => match &mut alter.action {
                AlterViewAction::Query { columns, query } => Some((query, !columns.is_empty())),
                _ => None,
            },
            Warehouse::CreateTable(create) => {
                let named = !create.columns.is_empty();
                create.query.as_deref_mut().map(|query| (query, named))
            }
            Warehouse::CreateView(create) => Some((&mut create.query, !create.columns.is_empty())),
            Warehouse::Insert(insert) => Some((&mut insert.source, true)),
            _ => None,
        }
    }

    /// The word for what the statement changes, if it changes anything.
    pub fn writes(&self) -> Option<&'static str> {
        match self {
            Warehouse::AlterDatabase(_) => Some("ALTER DATABASE"),
            Warehouse::AlterTable(_) => Some("ALTER TABLE"),
            Warehouse::AlterView(_) => Some("ALTER VIEW"),
            Warehouse::Analyze(_) => Some("ANALYZE"),
            Warehouse::CreateDatabase(_) => Some("CREATE DATABASE"),
            Warehouse::CreateTable(_) => Some("CREATE TABLE"),
            Warehouse::CreateView(_) => Some("CREATE VIEW"),
            Warehouse::Insert(_) => Some("INSERT"),
            Warehouse::LoadData(_) => Some("LOAD DATA"),
            Warehouse::Msck(_) => Some("MSCK"),
            Warehouse::Truncate(_) => Some("TRUNCATE TABLE"),
            Warehouse::Describe(_) | Warehouse::Show(_) => None,
        }
    }
}

/// The statement that begins here, if it is one of the warehouse; else the parser stands where it stood.
pub(crate) fn statement(parser: &mut Parser<'_>, dialect: Dialect) -> ParseResult<Option<Warehouse>> {
    let hive = dialect.is_hive_like();
    let begins = |words: &[&str]| words.iter().enumerate().all(|(n, word)| parser.peek_word_at(n, word));
    if begins(&["truncate"]) {
        return truncate::truncate(parser).map(|truncate| Some(Warehouse::Truncate(truncate)));
    }
    if !hive {
        return Ok(None);
    }
    if begins(&["create"]) {
        return create(parser, hive);
    } else if begins(&["insert"]) {
        return insert::insert(parser, hive);
    } else if begins(&["load", "data"]) {
        return load_data::load_data(parser).map(|load| Some(Warehouse::LoadData(load)));
    } else if begins(&["msck"]) {
        return msck::msck(parser).map(|msck| Some(Warehouse::Msck(msck)));
    } else if begins(&["alter", "table"]) {
        return alter_table::alter_table(parser).map(|alter| Some(Warehouse::AlterTable(Box::new(alter))));
    } else if begins(&["alter", "view"]) {
        return create_view::alter_view(parser).map(|alter| Some(Warehouse::AlterView(Box::new(alter))));
    } else if begins(&["alter", "database"]) || begins(&["alter", "schema"]) {
        return alter_database::alter_database(parser).map(|alter| Some(Warehouse::AlterDatabase(alter)));
    } else if begins(&["analyze", "table"]) {
        return analyze::analyze(parser).map(|analyze| Some(Warehouse::Analyze(analyze)));
    } else if begins(&["show"]) {
        return show::show(parser, hive).map(|show| show.map(Warehouse::Show));
    } else if begins(&["describe"]) || begins(&["desc"]) {
        return describe::describe(parser, hive).map(|describe| describe.map(Warehouse::Describe));
    }
    Ok(None)
}

fn create(parser: &mut Parser<'_>, hive: bool) -> ParseResult<Option<Warehouse>> {
    let begins =
        |at: usize, words: &[&str]| words.iter().enumerate().all(|(n, word)| parser.peek_word_at(at + n, word));
    if begins(1, &["database"]) || begins(1, &["schema"]) {
        let ours = hive || create_database::is_hive(parser);
        return match ours {
            true => create_database::create_database(parser).map(|create| Some(Warehouse::CreateDatabase(create))),
            false => Ok(None),
        };
    }
    let after_replace = if begins(1, &["or", "replace"]) { 3 } else { 1 };
    let mut at = after_replace;
    while ["external", "temporary", "temp", "global", "transactional", "managed"]
        .iter()
        .any(|word| parser.peek_word_at(at, word))
    {
        at += 1;
    }
    if begins(at, &["table"]) && (hive || create_table::is_hive(parser)) {
        return create_table::create_table(parser)
            .map(|table| table.map(|table| Warehouse::CreateTable(Box::new(table))));
    }
    if begins(at, &["view"]) && hive {
        return create_view::create_view(parser).map(|view| Some(Warehouse::CreateView(Box::new(view))));
    }
    Ok(None)
}

/// A string in either kind of quotes.
pub(crate) fn string(parser: &mut Parser<'_>) -> ParseResult<String> {
    match &parser.peek_nth_token_ref(0).token {
        Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => {
            let text = text.clone();
            parser.next_token();
            Ok(text)
        }
        // A dialect in which "…" is a name.
        Token::Word(word) if word.quote_style == Some('"') => {
            let text = word.value.clone();
            parser.next_token();
            Ok(text)
        }
        _ => parser.parse_literal_string(),
    }
}

/// `('key' = 'value', …)`; keys keep their letters.
pub(crate) fn properties(parser: &mut Parser<'_>) -> ParseResult<Vec<(String, String)>> {
    parser.expect_token(&Token::LParen)?;
    let properties = parser.parse_comma_separated(|parser| {
        let mut key = property_part(parser)?;
        while parser.consume_token(&Token::Period) {
            key.push('.');
            key.push_str(&property_part(parser)?);
        }
        let _ = parser.consume_token(&Token::Eq);
        Ok((key, property_part(parser)?))
    })?;
    parser.expect_token(&Token::RParen)?;
    Ok(properties)
}

fn property_part(parser: &mut Parser<'_>) -> ParseResult<String> {
    let token = parser.next_token();
    match token.token {
        Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => Ok(text),
        Token::EscapedStringLiteral(text) => Ok(text),
        Token::Word(word) => Ok(word.value),
        Token::Number(number, _) => Ok(number),
        Token::Minus => match parser.next_token().token {
            Token::Number(number, _) => Ok(format!("-{number}")),
            _ => parser.unexpected("a number"),
        },
        _ => parser.expected("a property", token),
    }
}

/// A name of a table or view.
pub(crate) fn object_name(parser: &mut Parser<'_>) -> ParseResult<ObjectName> {
    parser.parse_object_name(false)
}

/// A column's name as Hive keeps it: in lower case, however it is quoted.
pub(crate) fn column_name(parser: &mut Parser<'_>) -> ParseResult<String> {
    let token = parser.peek_nth_token_ref(0).clone();
    match &token.token {
        Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => {
            let text = text.to_lowercase();
            parser.next_token();
            Ok(text)
        }
        _ => Ok(parser.parse_identifier()?.value.to_lowercase()),
    }
}

/// `(a, b, …)`.
pub(crate) fn column_names(parser: &mut Parser<'_>) -> ParseResult<Vec<String>> {
    parser.expect_token(&Token::LParen)?;
    let names = parser.parse_comma_separated(column_name)?;
    parser.expect_token(&Token::RParen)?;
    Ok(names)
}
