//! ALTER TABLE as PostgreSQL writes it, with one action.

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::{AlterTable, AlterTableAction, Failure, HiveColumn, identifier_text};
use crate::cursor::{ParseResult, ParserExt};

/// Behind `ALTER TABLE`, or behind `ALTER VIEW`, which has fewer actions.
pub(super) fn alter_table(parser: &mut Parser<'_>, is_view: bool) -> Result<AlterTable, Failure> {
    let if_exists = parser.if_exists();
    let _ = parser.take_word("only");
    let table = parser.parse_object_name(false)?;
    let _ = parser.consume_token(&Token::Mul);
    let what = parser.peek_nth_token_ref(0).token.to_string().to_uppercase();
    let noun = if is_view { "VIEW" } else { "TABLE" };
    let action = if parser.take_words(&["rename", "to"]) {
        AlterTableAction::Rename(ObjectName(vec![ObjectNamePart::Identifier(parser.parse_identifier()?)]))
    } else if parser.take_words(&["set", "schema"]) {
        let schema = parser.parse_identifier()?;
        let name: Option<Ident> = table.0.last().and_then(|part| part.as_ident()).cloned();
        AlterTableAction::Rename(ObjectName(
            [Some(schema), name].into_iter().flatten().map(ObjectNamePart::Identifier).collect(),
        ))
    } else if is_view {
        return Err(Failure::Unsupported { what: format!("ALTER VIEW … {what}"), hint: None });
    } else {
        action(parser, &what)?
    };
    if parser.peek_nth_token_ref(0).token == Token::Comma {
        let hint = Some("give each action a statement of its own");
        return Err(Failure::Unsupported { what: format!("ALTER {noun} with several actions"), hint });
    }
    Ok(AlterTable { table, if_exists, partition: None, action })
}

fn action(parser: &mut Parser<'_>, what: &str) -> Result<AlterTableAction, Failure> {
    let refuse = |what: &str| Err(Failure::Unsupported { what: format!("ALTER TABLE … {what}"), hint: None });
    if parser.take_word("rename") {
        let _ = parser.take_word("column");
        let from = name(parser)?;
        parser.expect_word("to")?;
        return Ok(AlterTableAction::RenameColumn { from, to: name(parser)? });
    }
    if parser.take_word("add") {
        let constraint = ["constraint", "primary", "unique", "foreign", "check", "exclude"];
        if let Some(word) = constraint.iter().find(|word| parser.peek_word_at(0, word)) {
            return refuse(&format!("ADD {}", word.to_uppercase()));
        }
        let _ = parser.take_word("column");
        if parser.peek_word_at(0, "if") {
            return refuse("ADD COLUMN IF NOT EXISTS");
        }
        let column = column(parser)?;
        if !parser.at_end() && parser.peek_nth_token_ref(0).token != Token::Comma {
            let word = parser.peek_nth_token_ref(0).token.to_string().to_uppercase();
            return refuse(&format!("ADD COLUMN … {word}"));
        }
        return Ok(AlterTableAction::AddColumns { columns: vec![column], cascade: true });
    }
    if parser.take_word("drop") {
        if parser.peek_word_at(0, "constraint") {
            return refuse("DROP CONSTRAINT");
        }
        let _ = parser.take_word("column");
        let if_exists = parser.if_exists();
        let columns = vec![name(parser)?];
        let _ = parser.take_word("cascade") || parser.take_word("restrict");
        return Ok(AlterTableAction::DropColumns { columns, if_exists });
    }
    if parser.take_word("alter") {
        let _ = parser.take_word("column");
        let name = name(parser)?;
        if parser.take_words(&["set", "not", "null"]) {
            return Ok(AlterTableAction::SetNotNull { column: name, not_null: true });
        } else if parser.take_words(&["drop", "not", "null"]) {
            return Ok(AlterTableAction::SetNotNull { column: name, not_null: false });
        } else if parser.take_word("type") || parser.take_words(&["set", "data", "type"]) {
            let data_type = parser.parse_data_type()?.to_string();
            if parser.peek_word_at(0, "using") {
                return refuse("ALTER COLUMN … TYPE … USING");
            }
            let column = HiveColumn { name: name.clone(), data_type, not_null: false, default: None, comment: None };
            return Ok(AlterTableAction::ChangeColumn { name, column, position: None, cascade: true });
        }
        let words: Vec<String> =
            (0..2).map(|at| parser.peek_nth_token_ref(at).token.to_string().to_uppercase()).collect();
        return refuse(&format!("ALTER COLUMN … {}", words.join(" ")));
    }
    refuse(what)
}

fn name(parser: &mut Parser<'_>) -> ParseResult<String> {
    Ok(identifier_text(&parser.parse_identifier()?))
}

fn column(parser: &mut Parser<'_>) -> ParseResult<HiveColumn> {
    let name = name(parser)?;
    let data_type = parser.parse_data_type()?.to_string();
    let mut not_null = false;
    loop {
        if parser.take_words(&["not", "null"]) {
            not_null = true;
        } else if !parser.take_word("null") {
            return Ok(HiveColumn { name, data_type, not_null, default: None, comment: None });
        }
    }
}
