//! DROP of anything that has a name.

use sqlparser::ast::ObjectName;
use sqlparser::parser::Parser;

use crate::cursor::{ParseResult, ParserExt};

/// `DROP kind [IF EXISTS] name, … [CASCADE | RESTRICT]`; there is no trash that Hive's PURGE would pass by.
#[derive(Debug, Clone)]
pub struct Drop {
    pub kind: ObjectKind,
    pub if_exists: bool,
    pub names: Vec<ObjectName>,
    pub cascade: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    Database,
    MaterializedView,
    Model,
    Role,
    Table,
    View,
}

impl ObjectKind {
    /// As command tags spell it.
    pub fn keyword(self) -> &'static str {
        match self {
            ObjectKind::Database => "SCHEMA",
            ObjectKind::MaterializedView => "MATERIALIZED VIEW",
            ObjectKind::Model => "MODEL",
            ObjectKind::Role => "ROLE",
            ObjectKind::Table => "TABLE",
            ObjectKind::View => "VIEW",
        }
    }
}

/// Behind `DROP`; `None` for kinds that are not ours.
pub(crate) fn drop(parser: &mut Parser<'_>) -> ParseResult<Option<Drop>> {
    const KINDS: [(&str, ObjectKind); 7] = [
        ("database", ObjectKind::Database),
        ("schema", ObjectKind::Database),
        ("model", ObjectKind::Model),
        ("role", ObjectKind::Role),
        ("user", ObjectKind::Role),
        ("table", ObjectKind::Table),
        ("view", ObjectKind::View),
    ];
    let materialized = parser.take_words(&["materialized", "view"]).then_some(&ObjectKind::MaterializedView);
    let named = || KINDS.iter().find(|(word, _)| parser.take_word(word)).map(|(_, kind)| kind);
    let Some(kind) = materialized.or_else(named) else {
        return Ok(None);
    };
    let if_exists = parser.if_exists();
    let names = parser.parse_comma_separated(|parser| parser.parse_object_name(false))?;
    let cascade = parser.take_word("cascade");
    let _ = !cascade && parser.take_word("restrict");
    let _ = *kind == ObjectKind::Table && parser.take_word("purge");
    Ok(Some(Drop { kind: *kind, if_exists, names, cascade }))
}
