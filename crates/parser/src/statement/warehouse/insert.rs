//! INSERT in Hive's form.

use sqlparser::ast::{ObjectName, Query};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::partition_spec::{self, PartitionSpec};
use super::{Warehouse, column_names, object_name};
use crate::cursor::{ParseResult, ParserExt};

/// Rows of a query, and where they go.
#[derive(Debug, Clone)]
pub struct HiveInsert {
    pub target: InsertTarget,
    pub source: Box<Query>,
}

/// `INTO | OVERWRITE [TABLE] name [PARTITION (…) [IF NOT EXISTS]] [(columns)]`.
#[derive(Debug, Clone)]
pub struct InsertTarget {
    pub table: ObjectName,
    pub overwrite: bool,
    pub partition: PartitionSpec,
    /// Nothing is done where the partition is there.
    pub if_not_exists: bool,
    /// The columns that the query's are for, where they are named.
    pub columns: Vec<String>,
}

/// `INSERT …`; `None`, and nothing read, for what is INSERT in every dialect.
pub(super) fn insert(parser: &mut Parser<'_>, hive: bool) -> ParseResult<Option<Warehouse>> {
    let into_directory = parser.peek_word_at(1, "overwrite")
        && (parser.peek_word_at(2, "directory") || parser.peek_word_at(3, "directory"));
    if into_directory {
        return Ok(None);
    }
    if !hive && !has_partition(parser) {
        return Ok(None);
    }
    parser.expect_word("insert")?;
    let target = insert_target(parser)?;
    let source = parser.parse_query()?;
    Ok(Some(Warehouse::Insert(Box::new(HiveInsert { target, source }))))
}

/// True where the word before was the table's name itself.
fn is_name_end(parser: &Parser<'_>, at: usize) -> bool {
    match &parser.peek_nth_token_ref(at).token {
        Token::Word(word) => ["values", "select", "with", "default"].contains(&word.value.to_lowercase().as_str()),
        _ => true,
    }
}

/// `INSERT INTO | OVERWRITE [TABLE] name PARTITION (`.
fn has_partition(parser: &Parser<'_>) -> bool {
    let mut at = if parser.peek_word_at(2, "table") && !is_name_end(parser, 3) { 4 } else { 3 };
    while parser.peek_nth_token_ref(at).token == Token::Period {
        at += 2;
    }
    parser.peek_word_at(at, "partition") && parser.peek_nth_token_ref(at + 1).token == Token::LParen
}

/// Behind `INSERT`.
pub(crate) fn insert_target(parser: &mut Parser<'_>) -> ParseResult<InsertTarget> {
    let overwrite = parser.take_word("overwrite");
    if !overwrite {
        parser.expect_word("into")?;
    }
    if parser.peek_word_at(0, "table") && !is_name_end(parser, 1) {
        parser.next_token();
    }
    let table = object_name(parser)?;
    let partition = partition_spec::optional(parser)?.unwrap_or_default();
    let if_not_exists = parser.if_not_exists();
    let is_list = parser.peek_nth_token_ref(0).token == Token::LParen
        && !["select", "with", "from", "values"].iter().any(|word| parser.peek_word_at(1, word))
        && matches!(parser.peek_nth_token_ref(1).token, Token::Word(_));
    let columns = if is_list { column_names(parser)? } else { Vec::new() };
    Ok(InsertTarget { table, overwrite, partition, if_not_exists, columns })
}
