//! Syntax errors, worded and placed as PostgreSQL does.

use mead_common::{Diagnostic, sqlstate};

/// What is wrong with a text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The grammar does not allow what stands at `position` (characters from 1).
    #[error("syntax error {}", at(near))]
    Syntax { near: Option<String>, position: usize, expected: Option<String> },
    /// The text cannot be cut into tokens.
    #[error("{message}")]
    Token { message: String, position: usize },
    /// Understood, and refused.
    #[error("{message}")]
    Unsupported { message: String, hint: Option<String>, position: usize },
    /// A name of what there is not.
    #[error("{message}")]
    Undefined { message: String, position: usize },
    /// Nested more deeply than the parser follows.
    #[error("stack depth limit exceeded")]
    TooDeep,
}

fn at(near: &Option<String>) -> String {
    match near {
        Some(near) => format!("at or near \"{near}\""),
        None => "at end of input".to_owned(),
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Syntax { position, expected, .. } => {
                let report = Diagnostic::new(sqlstate::SYNTAX_ERROR, message).with_position(position);
                match expected {
                    Some(expected) => report.with_detail(format!("expected {expected}")),
                    None => report,
                }
            }
            Error::Token { position, .. } => Diagnostic::new(sqlstate::SYNTAX_ERROR, message).with_position(position),
            Error::Unsupported { hint, position, .. } => {
                let report = Diagnostic::unsupported(message).with_position(position);
                match hint {
                    Some(hint) => report.with_hint(hint),
                    None => report,
                }
            }
            Error::Undefined { position, .. } => {
                Diagnostic::new(sqlstate::UNDEFINED_OBJECT, message).with_position(position)
            }
            Error::TooDeep => Diagnostic::new(sqlstate::STATEMENT_TOO_COMPLEX, message)
                .with_hint("the statement is nested too deeply"),
        }
    }
}
