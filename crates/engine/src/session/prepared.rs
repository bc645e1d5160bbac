//! Statements before they run: their source, and what planning tells of them.

use std::sync::Arc;

use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use mead_common::{Diagnostic, Dialect, sqlstate};
use mead_parser::Statement;

use super::{Session, SharedSettings};

/// One statement of a query string: what it says, its text, and where it began, for error positions.
#[derive(Debug, Clone)]
pub struct SourceStatement {
    pub(crate) statement: Option<Arc<Statement>>,
    pub(crate) text: String,
    /// The whole string that the client sent: spans and positions count in it.
    pub(crate) whole: Arc<str>,
    /// Where `text` begins in `whole`, in characters from 0.
    pub(crate) offset: usize,
    /// What it is written in, and what it is planned in, whatever the session is set to when it runs.
    pub(crate) dialect: Dialect,
    /// Not read yet: in Hive's dialects a statement is read when those before it have run, which may set its variables.
    pub(crate) unread: bool,
}

impl SourceStatement {
    /// Splits a query string. An empty string gives an empty list; a syntax error anywhere fails the whole, as in Postgres.
    pub(crate) fn split(sql: &str, dialect: Dialect) -> Result<Vec<Self>, Diagnostic> {
        if dialect.is_hive_like() {
            return Ok(mead_parser::pieces(sql).into_iter().map(|piece| Self::unread(piece.text, dialect)).collect());
        }
        let whole: Arc<str> = Arc::from(sql);
        let parsed = mead_parser::parse(sql, dialect).map_err(Diagnostic::from)?;
        let statements = parsed.into_iter().map(|parsed| Self {
            statement: Some(Arc::new(parsed.statement)),
            text: parsed.text,
            whole: Arc::clone(&whole),
            offset: parsed.offset,
            dialect,
            unread: false,
        });
        Ok(statements.collect())
    }

    fn unread(text: String, dialect: Dialect) -> Self {
        Self { statement: None, whole: Arc::from(text.as_str()), text, offset: 0, dialect, unread: true }
    }

    /// Reads a statement that has not been read: variables are put in, and what is then there is parsed.
    pub(crate) fn read(self, settings: &SharedSettings, user: &str) -> Result<Self, Diagnostic> {
        if !self.unread {
            return Ok(self);
        }
        let dialect = settings.dialect();
        let value = |name: &str| settings.read(|settings| settings.variable(name, user));
        let text = match settings.get(super::variables::SUBSTITUTE).as_deref() {
            Some("false") => self.text,
            _ => mead_parser::substitute(&self.text, value)?,
        };
        if dialect == Dialect::Postgres {
            // An earlier statement of the string has changed the dialect.
            let mut statements = Self::split(&text, dialect)?;
            return match (statements.pop(), statements.is_empty()) {
                (Some(statement), true) => Ok(statement),
                _ => Err(Diagnostic::new(sqlstate::SYNTAX_ERROR, "one statement is expected here")),
            };
        }
        let parsed = mead_parser::parse_one(&text, dialect).map_err(Diagnostic::from)?;
        Ok(Self {
            statement: Some(Arc::new(parsed.statement)),
            whole: Arc::from(text.as_str()),
            text: parsed.text,
            offset: parsed.offset,
            dialect,
            unread: false,
        })
    }

    /// The one statement of a Parse message; 42601 for more than one. An empty string is a statement too.
    pub fn single(session: &Session, sql: &str) -> Result<Self, Diagnostic> {
        let dialect = session.dialect();
        let mut statements = Self::split(sql, dialect)?;
        match (statements.pop(), statements.is_empty()) {
            (None, _) => Ok(Self {
                statement: None,
                text: String::new(),
                whole: Arc::from(sql),
                offset: 0,
                dialect,
                unread: false,
            }),
            (Some(statement), true) => Ok(statement),
            (Some(_), false) => Err(Diagnostic::new(
                sqlstate::SYNTAX_ERROR,
                "cannot insert multiple commands into a prepared statement",
            )),
        }
    }

    /// True for an empty query string.
    pub fn is_empty(&self) -> bool {
        self.statement.is_none() && !self.unread
    }

    /// Adds the position that an error lacks, if the name it quotes stands in the text.
    pub(crate) fn locate(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        let is_name_error = diagnostic.sqlstate.code().starts_with("42");
        if diagnostic.position.is_none() && is_name_error {
            let quoted = diagnostic.message.split('"').nth(1).map(str::to_owned);
            let name = quoted.or_else(|| word_after(&diagnostic.message, &["function ", "column "]));
            diagnostic.position = name.and_then(|name| crate::position::of_name(&self.whole, self.offset, &name));
        }
        diagnostic
    }
}

/// The word after one of `markers` at the message's start.
fn word_after(message: &str, markers: &[&str]) -> Option<String> {
    let rest = markers.iter().find_map(|marker| message.strip_prefix(marker))?;
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).collect();
    word.rsplit('.').next().filter(|word| !word.is_empty()).map(str::to_owned)
}

/// A statement, parsed and described, that can be executed any number of times.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) source: SourceStatement,
    pub(crate) parameter_types: Vec<FieldRef>,
    pub(crate) schema: Option<SchemaRef>,
}

impl Prepared {
    /// One type a parameter `$n`, inferred where the client declared none.
    pub fn parameter_types(&self) -> &[FieldRef] {
        &self.parameter_types
    }

    /// The columns, for statements that return rows.
    pub fn schema(&self) -> Option<SchemaRef> {
        self.schema.clone()
    }
}
