//! CREATE TABLE in Hive's full form, and Spark's.

use std::collections::BTreeMap;

use sqlparser::ast::{ObjectName, Query};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::column::{HiveColumn, column, columns};
use super::row_format::{FileFormat, RowFormat, row_format, stored_as};
use super::{column_name, column_names, object_name, properties, string};
use crate::cursor::{ParseResult, ParserExt};

/// A table to be created.
#[derive(Debug, Clone)]
pub struct CreateHiveTable {
    pub name: ObjectName,
    pub external: bool,
    pub temporary: bool,
    pub or_replace: bool,
    pub if_not_exists: bool,
    pub columns: Vec<HiveColumn>,
    pub partitioned_by: Vec<PartitionedBy>,
    pub buckets: Option<Buckets>,
    pub skew: Option<Skew>,
    pub like: Option<ObjectName>,
    pub row_format: Option<RowFormat>,
    pub stored_as: Option<FileFormat>,
    /// Spark's `USING`, in lower case.
    pub using: Option<String>,
    /// Spark's `OPTIONS`, by lower-case key.
    pub options: BTreeMap<String, String>,
    pub location: Option<String>,
    pub comment: Option<String>,
    pub properties: BTreeMap<String, String>,
    pub query: Option<Box<Query>>,
}

/// A partition column: a new one, or (Spark) the name of a declared one.
#[derive(Debug, Clone)]
pub enum PartitionedBy {
    Declared(Box<HiveColumn>),
    Named(String),
}

/// `CLUSTERED BY (a) SORTED BY (b DESC) INTO n BUCKETS`.
#[derive(Debug, Clone)]
pub struct Buckets {
    pub columns: Vec<String>,
    /// Each with true where it descends.
    pub sorted_by: Vec<(String, bool)>,
    pub count: u32,
}

/// `SKEWED BY (a, b) ON ((1, 2), …) [STORED AS DIRECTORIES]`.
#[derive(Debug, Clone)]
pub struct Skew {
    pub columns: Vec<String>,
    pub values: Vec<Vec<String>>,
}

/// True where a CREATE TABLE, read in another dialect, has clauses that only Hive's has.
pub(super) fn is_hive(parser: &Parser<'_>) -> bool {
    const CLAUSES: [&[&str]; 12] = [
        &["row", "format", "serde"],
        &["clustered", "by"],
        &["skewed", "by"],
        &["stored", "as", "inputformat"],
        &["stored", "as", "textfile"],
        &["stored", "as", "orc"],
        &["stored", "as", "avro"],
        &["stored", "as", "jsonfile"],
        &["stored", "as", "sequencefile"],
        &["stored", "as", "rcfile"],
        &["stored", "as", "orcfile"],
        &["stored", "by"],
    ];
    for at in 0.. {
        match &parser.peek_nth_token_ref(at).token {
            Token::EOF | Token::SemiColon => return false,
            Token::Word(word) if word.quote_style.is_none() => {
                let begins =
                    |words: &&[&str]| words.iter().enumerate().all(|(n, word)| parser.peek_word_at(at + n, word));
                if CLAUSES.iter().any(begins) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// `CREATE [OR REPLACE] [EXTERNAL | TEMPORARY | TRANSACTIONAL | MANAGED] TABLE …`. `None`, and nothing read, for a table
/// of CSV files, which is the same in all dialects: Hive knows no such format.
pub(super) fn create_table(parser: &mut Parser<'_>) -> ParseResult<Option<CreateHiveTable>> {
    if is_csv(parser) {
        return Ok(None);
    }
    parser.expect_word("create")?;
    let or_replace = parser.take_words(&["or", "replace"]);
    let (mut external, mut temporary, mut transactional) = (false, false, false);
    loop {
        if parser.take_word("external") {
            external = true;
        } else if parser.take_word("temporary") || parser.take_word("temp") {
            temporary = true;
        } else if parser.take_word("transactional") {
            transactional = true;
        } else if !parser.take_word("managed") {
            break;
        }
    }
    parser.expect_word("table")?;
    let if_not_exists = parser.if_not_exists();
    let mut table = CreateHiveTable {
        name: object_name(parser)?,
        external,
        temporary,
        or_replace,
        if_not_exists,
        columns: Vec::new(),
        partitioned_by: Vec::new(),
        buckets: None,
        skew: None,
        like: None,
        row_format: None,
        stored_as: None,
        using: None,
        options: BTreeMap::new(),
        location: None,
        comment: None,
        properties: BTreeMap::new(),
        query: None,
    };
    if transactional {
        table.properties.insert("transactional".to_owned(), "true".to_owned());
    }
    if parser.take_word("like") {
        table.like = Some(object_name(parser)?);
    } else if parser.peek_nth_token_ref(0).token == Token::LParen && !is_query(parser) {
        table.columns = columns(parser)?;
    }
    while !parser.at_end() {
        if parser.take_word("as") || is_query(parser) {
            table.query = Some(parser.parse_query()?);
            break;
        }
        clause(parser, &mut table)?;
    }
    Ok(Some(table))
}

fn is_query(parser: &Parser<'_>) -> bool {
    let at = usize::from(parser.peek_nth_token_ref(0).token == Token::LParen);
    let is_with = parser.peek_word_at(at, "with") && !parser.peek_word_at(at + 1, "serdeproperties");
    is_with || ["select", "from", "values"].iter().any(|word| parser.peek_word_at(at, word))
}

/// `… USING csv` or `… STORED AS csv`.
fn is_csv(parser: &Parser<'_>) -> bool {
    for at in 0.. {
        match &parser.peek_nth_token_ref(at).token {
            Token::EOF | Token::SemiColon => return false,
            Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("csv") => {
                let before = |word: &str| at > 0 && parser.peek_word_at(at - 1, word);
                if before("using") || (before("as") && at > 1 && parser.peek_word_at(at - 2, "stored")) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

fn clause(parser: &mut Parser<'_>, table: &mut CreateHiveTable) -> ParseResult<()> {
    if let Some(format) = row_format(parser)? {
        table.row_format = Some(format);
    } else if let Some(format) = stored_as(parser)? {
        table.stored_as = Some(format);
    } else if parser.take_words(&["partitioned", "by"]) || parser.take_words(&["partitioned", "on"]) {
        parser.expect_token(&Token::LParen)?;
        table.partitioned_by = parser.parse_comma_separated(partitioned_by)?;
        parser.expect_token(&Token::RParen)?;
    } else if parser.take_words(&["clustered", "by"]) {
        table.buckets = Some(buckets(parser)?);
    } else if parser.take_words(&["skewed", "by"]) {
        table.skew = Some(skew(parser)?);
    } else if parser.take_word("location") {
        table.location = Some(string(parser)?);
    } else if parser.take_word("comment") {
        table.comment = Some(string(parser)?);
    } else if parser.take_word("tblproperties") {
        table.properties.extend(properties(parser)?);
    } else if parser.take_word("using") {
        table.using = Some(parser.parse_identifier()?.value.to_lowercase());
    } else if parser.take_word("options") {
        let options = properties(parser)?.into_iter().map(|(key, value)| (key.to_lowercase(), value));
        table.options.extend(options);
    } else if parser.take_words(&["with", "serdeproperties"]) {
        let more = properties(parser)?;
        match &mut table.row_format {
            Some(RowFormat::Serde { properties, .. } | RowFormat::Delimited(properties)) => properties.extend(more),
            None => table.row_format = Some(RowFormat::Delimited(more.into_iter().collect())),
        }
    } else if table.like.is_none() && parser.take_word("like") {
        table.like = Some(object_name(parser)?);
    } else {
        return parser.unexpected("PARTITIONED BY, ROW FORMAT, STORED AS, LOCATION, TBLPROPERTIES or AS");
    }
    Ok(())
}

fn partitioned_by(parser: &mut Parser<'_>) -> ParseResult<PartitionedBy> {
    if matches!(parser.peek_nth_token_ref(1).token, Token::Comma | Token::RParen) {
        return Ok(PartitionedBy::Named(column_name(parser)?));
    }
    Ok(PartitionedBy::Declared(Box::new(column(parser)?)))
}

/// Behind `CLUSTERED BY`.
pub(super) fn buckets(parser: &mut Parser<'_>) -> ParseResult<Buckets> {
    let columns = column_names(parser)?;
    let mut sorted_by = Vec::new();
    if parser.take_words(&["sorted", "by"]) {
        parser.expect_token(&Token::LParen)?;
        sorted_by = parser.parse_comma_separated(|parser| {
            let name = column_name(parser)?;
            let descends = parser.take_word("desc");
            let _ = !descends && parser.take_word("asc");
            Ok((name, descends))
        })?;
        parser.expect_token(&Token::RParen)?;
    }
    parser.expect_word("into")?;
    let count = bucket_count(parser)?;
    Ok(Buckets { columns, sorted_by, count })
}

/// Behind `INTO`: `n BUCKETS`.
pub(super) fn bucket_count(parser: &mut Parser<'_>) -> ParseResult<u32> {
    let count = parser.unsigned()?;
    parser.expect_word("buckets")?;
    match u32::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => parser.unexpected("a number of buckets above zero"),
    }
}

/// Behind `SKEWED BY`.
pub(super) fn skew(parser: &mut Parser<'_>) -> ParseResult<Skew> {
    let columns = column_names(parser)?;
    parser.expect_word("on")?;
    parser.expect_token(&Token::LParen)?;
    let values = parser.parse_comma_separated(|parser| {
        if parser.consume_token(&Token::LParen) {
            let row = parser.parse_comma_separated(literal)?;
            parser.expect_token(&Token::RParen)?;
            return Ok(row);
        }
        Ok(vec![literal(parser)?])
    })?;
    parser.expect_token(&Token::RParen)?;
    // How skewed rows are laid out is no part of what a query gives.
    let _ = parser.take_words(&["stored", "as", "directories"]);
    Ok(Skew { columns, values })
}

fn literal(parser: &mut Parser<'_>) -> ParseResult<String> {
    let expression = parser.parse_expr()?;
    match crate::cursor::literal_text(&expression) {
        Some(text) => Ok(text),
        None => parser.unexpected("a literal"),
    }
}
