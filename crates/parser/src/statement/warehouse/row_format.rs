//! ROW FORMAT and STORED AS.

use std::collections::BTreeMap;

use sqlparser::parser::Parser;

use super::{properties, string};
use crate::cursor::{ParseResult, ParserExt};

/// How rows are written in the files.
#[derive(Debug, Clone)]
pub enum RowFormat {
    /// The clauses under the names of Hive's serde properties.
    Delimited(BTreeMap<String, String>),
    Serde {
        class: String,
        properties: BTreeMap<String, String>,
    },
}

/// What the files are.
#[derive(Debug, Clone)]
pub enum FileFormat {
    /// `STORED AS name`, in lower case.
    Named(String),
    Classes {
        input: String,
        output: String,
    },
}

/// `ROW FORMAT …`, if it begins here.
pub(crate) fn row_format(parser: &mut Parser<'_>) -> ParseResult<Option<RowFormat>> {
    if parser.take_words(&["row", "format", "delimited"]) {
        return Ok(Some(RowFormat::Delimited(delimited(parser)?)));
    }
    if parser.take_words(&["row", "format", "serde"]) {
        let class = string(parser)?;
        let mut kept = BTreeMap::new();
        if parser.take_words(&["with", "serdeproperties"]) {
            kept.extend(properties(parser)?);
        }
        return Ok(Some(RowFormat::Serde { class, properties: kept }));
    }
    Ok(None)
}

/// `STORED AS …`, if it begins here.
pub(crate) fn stored_as(parser: &mut Parser<'_>) -> ParseResult<Option<FileFormat>> {
    if parser.take_words(&["stored", "as", "inputformat"]) {
        return Ok(Some(classes(parser)?));
    }
    if !parser.peek_word_at(2, "directories") && parser.take_words(&["stored", "as"]) {
        return Ok(Some(FileFormat::Named(parser.parse_identifier()?.value.to_lowercase())));
    }
    Ok(None)
}

/// Behind `INPUTFORMAT`.
pub(super) fn classes(parser: &mut Parser<'_>) -> ParseResult<FileFormat> {
    let input = string(parser)?;
    parser.expect_word("outputformat")?;
    let output = string(parser)?;
    if parser.take_word("inputdriver") {
        string(parser)?;
        parser.expect_word("outputdriver")?;
        string(parser)?;
    }
    Ok(FileFormat::Classes { input, output })
}

fn delimited(parser: &mut Parser<'_>) -> ParseResult<BTreeMap<String, String>> {
    const CLAUSES: [(&[&str], &str); 6] = [
        (&["fields", "terminated", "by"], "field.delim"),
        (&["escaped", "by"], "escape.delim"),
        (&["collection", "items", "terminated", "by"], "collection.delim"),
        (&["map", "keys", "terminated", "by"], "mapkey.delim"),
        (&["lines", "terminated", "by"], "line.delim"),
        (&["null", "defined", "as"], "serialization.null.format"),
    ];
    let mut clauses = BTreeMap::new();
    while let Some((_, key)) = CLAUSES.iter().find(|(words, _)| parser.take_words(words)) {
        clauses.insert((*key).to_owned(), string(parser)?);
    }
    Ok(clauses)
}
