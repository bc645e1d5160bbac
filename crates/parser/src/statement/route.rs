//! Which statement a text begins.

use mead_common::Dialect;
use sqlparser::ast::{self, Ident};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::*;
use crate::cursor::{ParseResult, ParserExt};
use crate::dialect::select_all;

/// Why there is no statement.
pub(crate) enum Failure {
    Parser(ParserError),
    /// Understood, and refused.
    Unsupported {
        what: String,
        hint: Option<&'static str>,
    },
}

impl From<ParserError> for Failure {
    fn from(error: ParserError) -> Self {
        Failure::Parser(error)
    }
}

type Routed = Result<Statement, Failure>;

fn refuse<T>(what: &str, hint: Option<&'static str>) -> Result<T, Failure> {
    Err(Failure::Unsupported { what: what.to_owned(), hint })
}

/// Parses one statement, up to its semicolon.
pub(crate) fn statement(parser: &mut Parser<'_>, dialect: Dialect) -> Routed {
    if let Some(setting) = role::setting(parser)? {
        return Ok(Statement::AlterRoleSetting(setting));
    }
    if let Some(statement) = warehouse::statement(parser, dialect)? {
        return Ok(Statement::Warehouse(statement));
    }
    if let Some(statement) = super::routine::statement(parser)? {
        return Ok(statement);
    }
    let first = match &parser.peek_nth_token_ref(0).token {
        Token::Word(word) if word.quote_style.is_none() => word.value.to_lowercase(),
        _ => return Ok(Statement::Query(parser.parse_query()?)),
    };
    match first.as_str() {
        "select" | "with" | "values" => Ok(Statement::Query(parser.parse_query()?)),
        "table" => {
            parser.next_token();
            let name = parser.parse_object_name(false)?;
            Ok(Statement::Query(Box::new(select_all(name)?)))
        }
        "create" => create(parser),
        "insert" => insert(parser, dialect),
        "explain" => explain(parser, dialect),
        "summarize" => summarize(parser),
        "prepare" => prepare(parser, dialect),
        "declare" | "fetch" | "move" | "close" | "execute" | "deallocate" => cursor_or_prepared(parser, &first),
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" => {
            transaction_control(parser, &first)
        }
        "set" | "reset" | "discard" | "show" | "use" | "describe" | "desc" | "unlisten" => session(parser, &first),
        "drop" | "alter" | "export" | "copy" => object(parser, &first),
        "delete" | "merge" | "optimize" | "restore" | "update" | "vacuum" => change::statement(parser, &first),
        "refresh" => {
            parser.next_token();
            Ok(Statement::RefreshMaterializedView(materialized_view::refresh(parser)?))
        }
        "analyze" | "call" | "checkpoint" | "cluster" | "comment" | "do" | "grant" | "import" | "listen" | "load"
        | "lock" | "msck" | "notify" | "reassign" | "reindex" | "revoke" | "security" | "truncate" => {
            refuse(&first.to_uppercase(), None)
        }
        _ => Ok(parser.unexpected("a statement")?),
    }
}

fn create(parser: &mut Parser<'_>) -> Routed {
    parser.expect_word("create")?;
    let or_replace = parser.take_words(&["or", "replace"]);
    if parser.take_word("model") {
        return Ok(Statement::CreateModel(Box::new(create_model::create_model(parser, or_replace)?)));
    }
    if !or_replace && parser.take_words(&["materialized", "view"]) {
        let view = materialized_view::create(parser)?;
        return Ok(Statement::CreateMaterializedView(Box::new(view)));
    }
    if parser.take_words(&["external", "table"]) {
        let table = create_table::create_table(parser, or_replace, true, false)?;
        return Ok(Statement::CreateTable(Box::new(table)));
    }
    let temporary = parser.take_word("temporary") || parser.take_word("temp");
    if parser.take_word("table") {
        let table = create_table::create_table(parser, or_replace, false, temporary)?;
        return Ok(Statement::CreateTable(Box::new(table)));
    }
    if parser.peek_word_at(0, "view") {
        return create_view(parser);
    }
    if parser.take_word("database") || parser.take_word("schema") {
        let if_not_exists = parser.if_not_exists();
        let name = identifier_text(&parser.parse_identifier()?);
        return Ok(Statement::CreateDatabase { name, if_not_exists });
    }
    if parser.take_word("role") {
        return Ok(Statement::CreateRole(role::role(parser, false)?));
    }
    if parser.take_word("user") {
        return Ok(Statement::CreateRole(role::role(parser, true)?));
    }
    let what = parser.peek_nth_token_ref(0).token.to_string().to_uppercase();
    match what.as_str() {
        "INDEX" | "UNIQUE" | "FUNCTION" | "MATERIALIZED" | "SEQUENCE" | "TRIGGER" | "TYPE" | "DOMAIN" | "EXTENSION"
        | "POLICY" | "PROCEDURE" | "AGGREGATE" | "OPERATOR" | "SERVER" | "RULE" | "CAST" | "COLLATION" => {
            refuse(&format!("CREATE {what}"), None)
        }
        _ => Ok(parser.unexpected("TABLE, EXTERNAL TABLE, VIEW, MODEL, DATABASE or ROLE")?),
    }
}

/// Behind CREATE and what may follow it; sqlparser's own rule begins at CREATE.
fn create_view(parser: &mut Parser<'_>) -> Routed {
    while !parser.peek_word_at(0, "create") {
        parser.prev_token();
    }
    // Options stand before AS; sqlparser's rule takes some, which nobody would follow, and not others.
    let ahead = (0..).take_while(|place| {
        !parser.peek_word_at(*place, "as")
            && !matches!(parser.peek_nth_token_ref(*place).token, Token::EOF | Token::SemiColon)
    });
    for place in ahead {
        let is_option =
            parser.peek_word_at(place, "with") && parser.peek_nth_token_ref(place + 1).token == Token::LParen;
        if is_option {
            let name = parser.peek_nth_token_ref(place + 2).token.to_string();
            return refuse(&format!("CREATE VIEW … WITH ({name})"), None);
        }
    }
    match parser.parse_statement()? {
        ast::Statement::CreateView(_) if parser.peek_word_at(0, "with") => {
            refuse("CREATE VIEW … WITH CHECK OPTION", None)
        }
        ast::Statement::CreateView(view) if view.materialized => refuse("CREATE MATERIALIZED VIEW", None),
        ast::Statement::CreateView(view) if view.temporary => refuse("CREATE TEMPORARY VIEW", None),
        ast::Statement::CreateView(view) => Ok(Statement::CreateView(Box::new(view))),
        _ => Ok(parser.unexpected("VIEW")?),
    }
}

fn insert(parser: &mut Parser<'_>, dialect: Dialect) -> Routed {
    if parser.take_words(&["insert", "overwrite", "local", "directory"])
        || parser.take_words(&["insert", "overwrite", "directory"])
    {
        return Ok(Statement::InsertDirectory(Box::new(insert_directory::insert_directory(
            parser,
            dialect.is_hive_like(),
        )?)));
    }
    match parser.parse_statement()? {
        ast::Statement::Insert(insert) => Ok(Statement::Insert(Box::new(insert))),
        _ => Ok(parser.unexpected("INSERT")?),
    }
}

fn explain(parser: &mut Parser<'_>, dialect: Dialect) -> Routed {
    parser.expect_word("explain")?;
    let (mut analyze, mut verbose) = (false, false);
    if parser.peek_nth_token_ref(0).token == Token::LParen
        && ["analyze", "verbose", "costs", "format", "buffers", "summary", "timing"]
            .iter()
            .any(|word| parser.peek_word_at(1, word))
    {
        for (key, value) in parser.properties()? {
            let on = matches!(value.to_lowercase().as_str(), "true" | "on" | "1");
            match (key.to_lowercase().as_str(), on) {
                ("analyze", on) => analyze = on,
                ("verbose", on) => verbose = on,
                // What is shown has neither costs nor buffers nor a summary; ANALYZE always has times.
                ("costs" | "buffers" | "summary", false) | ("timing", true) => {}
                ("format", _) if value.eq_ignore_ascii_case("text") => {}
                ("format", _) => return refuse(&format!("EXPLAIN (FORMAT {value})"), Some("the only format is TEXT")),
                (other, _) => return refuse(&format!("EXPLAIN ({})", other.to_uppercase()), None),
            }
        }
    } else {
        analyze = parser.take_word("analyze");
        verbose = parser.take_word("verbose");
    }
    Ok(Statement::Explain { analyze, verbose, statement: Box::new(inner_statement(parser, dialect)?) })
}

/// `SUMMARIZE t` or `SUMMARIZE SELECT …`.
fn summarize(parser: &mut Parser<'_>) -> Routed {
    parser.expect_word("summarize")?;
    let is_query = ["select", "with", "values", "from"].iter().any(|word| parser.peek_word_at(0, word))
        || parser.peek_nth_token_ref(0).token == Token::LParen;
    if is_query {
        return Ok(Statement::Summarize(parser.parse_query()?));
    }
    let _ = parser.take_word("table");
    let name = parser.parse_object_name(false)?;
    Ok(Statement::Summarize(Box::new(select_all(name)?)))
}

fn prepare(parser: &mut Parser<'_>, dialect: Dialect) -> Routed {
    parser.expect_word("prepare")?;
    let name = identifier_text(&parser.parse_identifier()?);
    let mut types = Vec::new();
    if parser.consume_token(&Token::LParen) {
        types = parser.parse_comma_separated(Parser::parse_data_type)?;
        parser.expect_token(&Token::RParen)?;
    }
    parser.expect_word("as")?;
    let inner = inner_statement(parser, dialect)?;
    if !inner.can_be_prepared() {
        return refuse("PREPARE of a statement that is no query and changes nothing", None);
    }
    Ok(Statement::Prepare { name, types, statement: Box::new(inner) })
}

/// The statement that EXPLAIN or PREPARE is about, which is none of these two, so that they cannot be nested.
fn inner_statement(parser: &mut Parser<'_>, dialect: Dialect) -> Routed {
    if parser.peek_word_at(0, "explain") || parser.peek_word_at(0, "prepare") {
        parser.unexpected::<()>("a query or a statement that changes something")?;
    }
    statement(parser, dialect)
}

fn cursor_or_prepared(parser: &mut Parser<'_>, first: &str) -> Routed {
    parser.next_token();
    match first {
        "declare" => declare(parser),
        "fetch" => {
            let (cursor, count) = fetch(parser, "FETCH")?;
            Ok(Statement::Fetch { cursor, count })
        }
        "move" => {
            let (cursor, count) = fetch(parser, "MOVE")?;
            Ok(Statement::Move { cursor, count })
        }
        "close" if parser.take_word("all") => Ok(Statement::Close(None)),
        "close" => Ok(Statement::Close(Some(name_of(parser)?))),
        "execute" => {
            let name = name_of(parser)?;
            let mut parameters = Vec::new();
            if parser.consume_token(&Token::LParen) {
                parameters = parser.parse_comma_separated0(Parser::parse_expr, Token::RParen)?;
                parser.expect_token(&Token::RParen)?;
            }
            Ok(Statement::Execute { name, parameters })
        }
        _ => {
            let _ = parser.take_word("prepare");
            if parser.take_word("all") {
                return Ok(Statement::Deallocate(None));
            }
            Ok(Statement::Deallocate(Some(name_of(parser)?)))
        }
    }
}

fn name_of(parser: &mut Parser<'_>) -> ParseResult<String> {
    Ok(identifier_text(&parser.parse_identifier()?))
}

fn declare(parser: &mut Parser<'_>) -> Routed {
    let name = name_of(parser)?;
    if parser.take_word("binary") {
        return refuse("DECLARE … BINARY CURSOR", None);
    }
    let _ = parser.take_word("insensitive") || parser.take_word("asensitive");
    if parser.take_words(&["no", "scroll"]) {
    } else if parser.take_word("scroll") {
        return refuse("DECLARE … SCROLL CURSOR", Some("cursors move forward only"));
    }
    parser.expect_word("cursor")?;
    let hold = parser.take_words(&["with", "hold"]);
    let _ = !hold && parser.take_words(&["without", "hold"]);
    parser.expect_word("for")?;
    Ok(Statement::Declare { name, hold, query: parser.parse_query()? })
}

/// Behind FETCH or MOVE: the cursor, and how many rows forward.
fn fetch(parser: &mut Parser<'_>, first: &str) -> Result<(String, Option<u64>), Failure> {
    let backwards = ["backward", "prior", "first", "last", "absolute", "relative"];
    if let Some(word) = backwards.iter().find(|word| parser.peek_word_at(0, word)) {
        return refuse(&format!("{first} {}", word.to_uppercase()), Some("cursors move forward only"));
    }
    let _ = parser.take_word("forward");
    let count = if parser.take_word("all") {
        None
    } else if matches!(parser.peek_nth_token_ref(0).token, Token::Number(..)) {
        Some(parser.unsigned()?)
    } else {
        let _ = parser.take_word("next");
        Some(1)
    };
    let _ = parser.take_word("from") || parser.take_word("in");
    Ok((name_of(parser)?, count))
}

fn transaction_control(parser: &mut Parser<'_>, first: &str) -> Routed {
    parser.next_token();
    match first {
        "savepoint" => return Ok(Statement::Savepoint(name_of(parser)?)),
        "release" => {
            let _ = parser.take_word("savepoint");
            return Ok(Statement::Release(name_of(parser)?));
        }
        _ => {}
    }
    let _ = parser.take_word("transaction") || parser.take_word("work");
    match first {
        "begin" | "start" => Ok(Statement::Begin(transaction::modes(parser)?)),
        "commit" | "end" if parser.take_word("prepared") => refuse("COMMIT PREPARED", None),
        "commit" | "end" => Ok(Statement::Commit { chain: transaction::and_chain(parser)? }),
        _ if parser.take_word("to") => {
            let _ = parser.take_word("savepoint");
            Ok(Statement::RollbackTo(name_of(parser)?))
        }
        _ if parser.take_word("prepared") => refuse("ROLLBACK PREPARED", None),
        _ => Ok(Statement::Rollback { chain: transaction::and_chain(parser)? }),
    }
}

fn session(parser: &mut Parser<'_>, first: &str) -> Routed {
    parser.next_token();
    Ok(match first {
        "set" => match set::set_transaction(parser)? {
            Some(set) => Statement::SetTransaction(set),
            None => Statement::Set(set::set(parser)?),
        },
        "reset" if parser.take_word("all") => Statement::Reset(None),
        "reset" if parser.take_words(&["time", "zone"]) => Statement::Reset(Some("timezone".to_owned())),
        "reset" if parser.take_words(&["session", "authorization"]) => {
            Statement::Reset(Some("session_authorization".to_owned()))
        }
        "reset" => Statement::Reset(Some(set::setting_name(parser)?)),
        "discard" => Statement::Discard(parser.parse_identifier()?.value.to_uppercase()),
        "show" => Statement::Show(show::show(parser)?),
        "use" => {
            let _ = parser.take_word("database") || parser.take_word("schema");
            Statement::Use(identifier_text(&parser.parse_identifier()?))
        }
        "unlisten" => {
            let _: Option<Ident> = match parser.consume_token(&Token::Mul) {
                true => None,
                false => Some(parser.parse_identifier()?),
            };
            Statement::Unlisten
        }
        _ => Statement::Describe(show::describe(parser)?),
    })
}

fn object(parser: &mut Parser<'_>, first: &str) -> Routed {
    parser.next_token();
    let what = parser.peek_nth_token_ref(0).token.to_string().to_uppercase();
    match first {
        "drop" => match drop::drop(parser)? {
            Some(drop) => Ok(Statement::Drop(drop)),
            None => refuse(&format!("DROP {what}"), None),
        },
        "alter" if parser.take_word("table") => {
            let alter = alter_table::alter_table(parser, false)?;
            Ok(Statement::Warehouse(Warehouse::AlterTable(Box::new(alter))))
        }
        "alter" if parser.take_word("view") => {
            let alter = alter_table::alter_table(parser, true)?;
            Ok(Statement::Warehouse(Warehouse::AlterTable(Box::new(alter))))
        }
        "alter" if parser.take_words(&["materialized", "view"]) => {
            Ok(Statement::RefreshMaterializedView(materialized_view::alter(parser)?))
        }
        "alter" if parser.take_word("model") => Ok(Statement::AlterModel(model::alter_model(parser)?)),
        "alter" if parser.take_word("role") => Ok(Statement::AlterRole(role::role(parser, false)?)),
        "alter" if parser.take_word("user") => Ok(Statement::AlterRole(role::role(parser, false)?)),
        "alter" => refuse(&format!("ALTER {what}"), None),
        "export" => {
            parser.expect_word("model")?;
            Ok(Statement::ExportModel(model::export_model(parser)?))
        }
        _ => match copy::copy(parser)? {
            Some(copy) => Ok(Statement::Copy(Box::new(copy))),
            None => refuse("COPY … FROM", Some("read files with CREATE EXTERNAL TABLE, and INSERT … SELECT from it")),
        },
    }
}

#[cfg(test)]
mod tests {
    use mead_common::Dialect;

    use crate::{Statement, parse};

    #[test]
    fn a_view_may_follow_comments() {
        for sql in [
            "-- why\nCREATE VIEW v AS SELECT 1",
            "/* why */ /* how */ CREATE OR REPLACE VIEW v AS SELECT 1",
            "SELECT 1; -- why\n CREATE VIEW v AS SELECT 1",
        ] {
            let statements = parse(sql, Dialect::Postgres).unwrap();
            assert!(matches!(statements.last().unwrap().statement, Statement::CreateView(_)), "{sql}");
        }
    }
}
