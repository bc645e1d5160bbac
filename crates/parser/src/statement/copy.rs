//! COPY: Postgres's old and new options, and DataFusion's STORED AS … OPTIONS (…).

use std::collections::BTreeMap;

use sqlparser::ast::{ObjectName, Query};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use crate::cursor::{ParseResult, ParserExt};

/// `COPY (query) TO 'file'`; a table stands for all of its rows.
#[derive(Debug, Clone)]
pub struct Copy {
    pub query: Box<Query>,
    pub target: CopyTarget,
    /// In lower case; keys of FORMAT, HEADER, DELIMITER, NULL and their like are the new syntax's, in lower case.
    pub options: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyTarget {
    File(String),
    Stdout,
}

/// Behind `COPY`. COPY … FROM is refused by the caller.
pub(crate) fn copy(parser: &mut Parser<'_>) -> ParseResult<Option<Copy>> {
    let query = source(parser)?;
    if parser.take_word("from") {
        return Ok(None);
    }
    parser.expect_word("to")?;
    let target =
        if parser.take_word("stdout") { CopyTarget::Stdout } else { CopyTarget::File(parser.parse_literal_string()?) };
    let mut options = BTreeMap::new();
    let _ = parser.take_word("with");
    while !parser.at_end() {
        option(parser, &mut options)?;
    }
    Ok(Some(Copy { query, target, options }))
}

fn source(parser: &mut Parser<'_>) -> ParseResult<Box<Query>> {
    if parser.consume_token(&Token::LParen) {
        let query = parser.parse_query()?;
        parser.expect_token(&Token::RParen)?;
        return Ok(query);
    }
    let table = parser.parse_object_name(false)?;
    let columns = parser.parse_parenthesized_column_list(sqlparser::parser::IsOptional::Optional, false)?;
    select(parser, &table, &columns)
}

/// The query that a table, or some columns of it, stand for.
fn select(parser: &Parser<'_>, table: &ObjectName, columns: &[sqlparser::ast::Ident]) -> ParseResult<Box<Query>> {
    let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
    let columns = if columns.is_empty() { "*".to_owned() } else { columns.join(", ") };
    let text = format!("SELECT {columns} FROM {table}");
    Parser::new(&crate::dialect::MeadDialect::new(0))
        .try_with_sql(&text)?
        .parse_query()
        .or_else(|_| parser.unexpected("a table's name"))
}

fn option(parser: &mut Parser<'_>, options: &mut BTreeMap<String, String>) -> ParseResult<()> {
    if parser.peek_nth_token_ref(0).token == Token::LParen || parser.take_word("options") {
        options.extend(parser.properties()?.into_iter().map(|(key, value)| (key.to_lowercase(), value)));
    } else if parser.take_words(&["stored", "as"]) {
        options.insert("format".to_owned(), parser.parse_identifier()?.value.to_lowercase());
    } else if let Some(format) = ["csv", "text", "binary", "parquet", "json"].iter().find(|word| parser.take_word(word))
    {
        options.insert("format".to_owned(), (*format).to_owned());
    } else if parser.take_word("header") {
        options.insert("header".to_owned(), "true".to_owned());
    } else if let Some(key) = ["delimiter", "null", "quote", "escape"].iter().find(|word| parser.take_word(word)) {
        let _ = parser.take_word("as");
        options.insert((*key).to_owned(), parser.parse_literal_string()?);
    } else {
        return parser.unexpected("FORMAT, HEADER, DELIMITER, NULL or another option of COPY");
    }
    Ok(())
}
