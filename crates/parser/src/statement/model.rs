//! EXPORT MODEL, ALTER MODEL.

use sqlparser::ast::ObjectName;
use sqlparser::parser::Parser;

use crate::cursor::{ParseResult, ParserExt};

/// `EXPORT MODEL m [VERSION n] TO 'file'`.
#[derive(Debug, Clone)]
pub struct ExportModel {
    pub name: ObjectName,
    pub version: Option<u64>,
    pub path: String,
}

/// `ALTER MODEL m …`.
#[derive(Debug, Clone)]
pub struct AlterModel {
    pub name: ObjectName,
    pub if_exists: bool,
    pub action: AlterModelAction,
}

#[derive(Debug, Clone)]
pub enum AlterModelAction {
    SetDefaultVersion(u64),
    RenameTo(String),
}

/// Behind `EXPORT MODEL`.
pub(crate) fn export_model(parser: &mut Parser<'_>) -> ParseResult<ExportModel> {
    let name = parser.parse_object_name(false)?;
    let version = if parser.take_word("version") { Some(parser.unsigned()?) } else { None };
    parser.expect_word("to")?;
    Ok(ExportModel { name, version, path: parser.parse_literal_string()? })
}

/// Behind `ALTER MODEL`.
pub(crate) fn alter_model(parser: &mut Parser<'_>) -> ParseResult<AlterModel> {
    let if_exists = parser.if_exists();
    let name = parser.parse_object_name(false)?;
    let action = if parser.take_words(&["set", "default", "version"]) {
        AlterModelAction::SetDefaultVersion(parser.unsigned()?)
    } else if parser.take_words(&["rename", "to"]) {
        AlterModelAction::RenameTo(super::identifier_text(&parser.parse_identifier()?))
    } else {
        return parser.unexpected("SET DEFAULT VERSION or RENAME TO");
    };
    Ok(AlterModel { name, if_exists, action })
}
