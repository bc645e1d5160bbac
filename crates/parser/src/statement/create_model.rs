//! CREATE [OR REPLACE] MODEL: from a query that trains, or from a file.

use std::collections::BTreeMap;

use sqlparser::ast::{ObjectName, Query};
use sqlparser::parser::Parser;

use crate::cursor::{ParseResult, ParserExt};

/// A model to be published.
#[derive(Debug, Clone)]
pub struct CreateModel {
    pub name: ObjectName,
    pub or_replace: bool,
    pub if_not_exists: bool,
    pub source: ModelSource,
    /// WITH (…) or OPTIONS (…).
    pub options: BTreeMap<String, String>,
}

/// Where a model comes from.
#[derive(Debug, Clone)]
pub enum ModelSource {
    /// A query of one row with a MODEL in it.
    Query(Box<Query>),
    /// An ONNX file.
    File(String),
}

/// Behind `CREATE [OR REPLACE] MODEL`.
pub(crate) fn create_model(parser: &mut Parser<'_>, or_replace: bool) -> ParseResult<CreateModel> {
    let before = parser.if_not_exists();
    let name = parser.parse_object_name(false)?;
    let if_not_exists = before || parser.if_not_exists();
    let mut options = BTreeMap::new();
    let mut source = None;
    while !parser.at_end() {
        if parser.take_word("as") {
            source = Some(ModelSource::Query(parser.parse_query()?));
            break;
        } else if parser.take_word("from") {
            source = Some(ModelSource::File(parser.parse_literal_string()?));
        } else if parser.take_word("with") || parser.take_word("options") {
            options.extend(parser.properties()?.into_iter().map(|(key, value)| (key.to_lowercase(), value)));
        } else {
            return parser.unexpected("AS, FROM or WITH");
        }
    }
    match source {
        Some(source) => Ok(CreateModel { name, or_replace, if_not_exists, source, options }),
        None => parser.unexpected("AS SELECT TRAIN_…(…) or FROM 'file.onnx'"),
    }
}
