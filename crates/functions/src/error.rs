//! What can be wrong with a function's call or with a value it meets.

use datafusion::error::DataFusionError;
use mead_common::{Diagnostic, sqlstate};

/// A reason why a function cannot be planned or evaluated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("function {function}({given}) does not exist")]
    WrongCall { function: &'static str, given: String, syntax: String },

    #[error("argument \"{argument}\" of {function} must be {expected}, not {given}")]
    ArgumentType { function: &'static str, argument: String, expected: &'static str, given: String },

    #[error("argument \"{argument}\" of {function} must be a literal")]
    NotLiteral { function: &'static str, argument: String },

    #[error("invalid value for argument \"{argument}\" of {function}: {given}")]
    ArgumentValue { function: &'static str, argument: String, given: String, expected: String },

    #[error("{message}")]
    Image { message: String, row: usize, hint: Option<String> },

    #[error("{message}")]
    TooLarge { message: String, hint: String },

    #[error("{message}")]
    NullValue { message: String, row: usize },

    #[error(transparent)]
    Report(#[from] Diagnostic),
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::WrongCall { syntax, .. } => {
                Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, message).with_hint(format!("it is called as {syntax}"))
            }
            Error::ArgumentType { .. } => Diagnostic::new(sqlstate::DATATYPE_MISMATCH, message),
            Error::NotLiteral { .. } => Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message)
                .with_hint("it settles the result's type, so it must be known before the rows are read"),
            Error::ArgumentValue { expected, .. } => {
                Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message).with_hint(format!("expected {expected}"))
            }
            Error::Image { row, hint, .. } => {
                let report = Diagnostic::new(sqlstate::DATA_EXCEPTION, message)
                    .with_detail(format!("row {} of its batch", row + 1));
                match hint {
                    Some(hint) => report.with_hint(hint),
                    None => report,
                }
            }
            Error::TooLarge { hint, .. } => Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message).with_hint(hint),
            Error::NullValue { row, .. } => Diagnostic::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message)
                .with_detail(format!("row {} of its batch", row + 1)),
            Error::Report(report) => report,
        }
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        external(error)
    }
}

/// A report as it travels through DataFusion.
pub(crate) fn external(report: impl Into<Diagnostic>) -> DataFusionError {
    DataFusionError::External(Box::new(report.into()))
}
