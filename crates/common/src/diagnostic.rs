//! An error as a Postgres client sees it: SQLSTATE, message, detail, hint, position.
//!
//! Every crate has its own `Error`; at its edge each turns into a `Diagnostic`. Inside DataFusion it travels as
//! `DataFusionError::External(Box<Diagnostic>)`, so that what was said first is what the client reads.

use std::error::Error;
use std::fmt;

use crate::sqlstate::{self, SqlState};

/// One error report. Messages are lowercase, without a full stop, and name the object in double quotes.
#[derive(Debug)]
pub struct Diagnostic {
    pub sqlstate: SqlState,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Offset into the statement's text in characters, from 1, as ErrorResponse's field `P` counts.
    pub position: Option<usize>,
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl Diagnostic {
    pub fn new(sqlstate: SqlState, message: impl Into<String>) -> Self {
        Self { sqlstate, message: message.into(), detail: None, hint: None, position: None, source: None }
    }

    /// An error that only a defect in mead can cause.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(sqlstate::INTERNAL_ERROR, message)
    }

    /// A feature that is understood and refused by name.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(sqlstate::FEATURE_NOT_SUPPORTED, message)
    }

    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// `position` counts characters of the statement's text, from 1.
    pub fn with_position(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }

    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same report without its source, which cannot be copied; for errors that several readers must get.
    pub fn duplicate(&self) -> Self {
        Self {
            sqlstate: self.sqlstate,
            message: self.message.clone(),
            detail: self.detail.clone(),
            hint: self.hint.clone(),
            position: self.position,
            source: None,
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Diagnostic {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
