//! CREATE [OR REPLACE] [EXTERNAL] TABLE: Hive's clauses, DataFusion's OPTIONS, and CTAS.

use std::collections::BTreeMap;

use sqlparser::ast::{ColumnDef, DataType, ObjectName, Query, TableConstraint};
use sqlparser::parser::{IsOptional, Parser};
use sqlparser::tokenizer::Token;

use crate::cursor::{ParseResult, ParserExt};

/// A table to be created: external where it has a location, managed otherwise.
#[derive(Debug, Clone)]
pub struct CreateTable {
    pub name: ObjectName,
    pub external: bool,
    pub or_replace: bool,
    pub if_not_exists: bool,
    pub temporary: bool,
    pub columns: Vec<ColumnDef>,
    pub constraints: Vec<TableConstraint>,
    pub partitioned_by: Vec<PartitionColumn>,
    /// `STORED AS` or `USING`, in lower case.
    pub stored_as: Option<String>,
    pub location: Option<String>,
    pub comment: Option<String>,
    /// ROW FORMAT DELIMITED's clauses, TBLPROPERTIES, OPTIONS and WITH, by key.
    pub options: BTreeMap<String, String>,
    pub query: Option<Box<Query>>,
}

/// A column of PARTITIONED BY: a new one with its type, as in Hive, or the name of one declared already.
#[derive(Debug, Clone)]
pub enum PartitionColumn {
    Declared(ColumnDef),
    Named(String),
}

/// Behind `CREATE`: `[OR REPLACE] [EXTERNAL | TEMPORARY] TABLE …`; the words up to TABLE are read by the caller.
pub(crate) fn create_table(
    parser: &mut Parser<'_>,
    or_replace: bool,
    external: bool,
    temporary: bool,
) -> ParseResult<CreateTable> {
    let if_not_exists = parser.if_not_exists();
    let name = parser.parse_object_name(false)?;
    let (columns, constraints) = match parser.peek_nth_token_ref(0).token {
        Token::LParen if names_only(parser) => (columns_named(parser)?, Vec::new()),
        Token::LParen => parser.parse_columns()?,
        _ => Default::default(),
    };
    let mut table = CreateTable {
        name,
        external,
        or_replace,
        if_not_exists,
        temporary,
        columns,
        constraints,
        partitioned_by: Vec::new(),
        stored_as: None,
        location: None,
        comment: None,
        options: BTreeMap::new(),
        query: None,
    };
    while !parser.at_end() {
        if parser.take_word("as") {
            table.query = Some(parser.parse_query()?);
            break;
        }
        clause(parser, &mut table)?;
    }
    Ok(table)
}

/// True for `(a, b)`: names for a query's columns, whose types are the query's.
fn names_only(parser: &Parser<'_>) -> bool {
    matches!(parser.peek_nth_token_ref(1).token, Token::Word(_))
        && matches!(parser.peek_nth_token_ref(2).token, Token::Comma | Token::RParen)
}

fn columns_named(parser: &mut Parser<'_>) -> ParseResult<Vec<ColumnDef>> {
    let names = parser.parse_parenthesized_column_list(IsOptional::Mandatory, false)?;
    let column = |name| ColumnDef { name, data_type: DataType::Unspecified, options: Vec::new() };
    let columns = names.into_iter().map(column).collect();
    if !parser.peek_word_at(0, "as") {
        return parser.unexpected("AS, or the types of the columns");
    }
    Ok(columns)
}

fn clause(parser: &mut Parser<'_>, table: &mut CreateTable) -> ParseResult<()> {
    if parser.take_words(&["partitioned", "by"]) || parser.take_words(&["partition", "by"]) {
        parser.expect_token(&Token::LParen)?;
        table.partitioned_by = parser.parse_comma_separated(partition_column)?;
        parser.expect_token(&Token::RParen)?;
    } else if parser.take_words(&["stored", "as"]) || parser.take_word("using") {
        table.stored_as = Some(parser.parse_identifier()?.value.to_lowercase());
    } else if parser.take_word("location") {
        table.location = Some(parser.parse_literal_string()?);
    } else if parser.take_word("comment") {
        let _ = parser.consume_token(&Token::Eq);
        table.comment = Some(parser.parse_literal_string()?);
    } else if parser.take_word("tblproperties") || parser.take_word("options") || parser.take_word("with") {
        for (key, value) in parser.properties()? {
            table.options.insert(key.to_lowercase(), value);
        }
    } else if parser.take_words(&["row", "format", "delimited"]) {
        delimited(parser, &mut table.options)?;
    } else {
        return parser.unexpected("PARTITIONED BY, STORED AS, LOCATION, TBLPROPERTIES, OPTIONS or AS");
    }
    Ok(())
}

fn partition_column(parser: &mut Parser<'_>) -> ParseResult<PartitionColumn> {
    if matches!(parser.peek_nth_token_ref(1).token, Token::Comma | Token::RParen) {
        let name = parser.parse_identifier()?;
        return Ok(PartitionColumn::Named(super::identifier_text(&name)));
    }
    Ok(PartitionColumn::Declared(parser.parse_column_def()?))
}

/// ROW FORMAT DELIMITED's clauses, under the names of Hive's serde properties.
pub(super) fn delimited(parser: &mut Parser<'_>, options: &mut BTreeMap<String, String>) -> ParseResult<()> {
    const CLAUSES: [(&[&str], &str); 6] = [
        (&["fields", "terminated", "by"], "field.delim"),
        (&["escaped", "by"], "escape.delim"),
        (&["collection", "items", "terminated", "by"], "collection.delim"),
        (&["map", "keys", "terminated", "by"], "mapkey.delim"),
        (&["lines", "terminated", "by"], "line.delim"),
        (&["null", "defined", "as"], "serialization.null.format"),
    ];
    while let Some((_, key)) = CLAUSES.iter().find(|(words, _)| parser.take_words(words)) {
        options.insert((*key).to_owned(), parser.parse_literal_string()?);
    }
    Ok(())
}
