//! What executing a statement gives.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;

use crate::execution::Running;

/// Rows, if the statement returns any, and its command tag.
pub struct Execution {
    /// The rows' schema, and the rows as a stream that can be polled, or dropped, at any time. Its errors are
    /// `DataFusionError`s; [`crate::diagnostic_of`] gives the report in them.
    pub rows: Option<(SchemaRef, SendableRecordBatchStream)>,
    pub tag: CommandTag,
    /// For who does not take all rows at once: see [`super::Session::resume`].
    pub running: Option<Arc<Running>>,
}

impl Execution {
    /// A statement that is done.
    pub(crate) fn done(tag: impl Into<String>) -> Self {
        Self { rows: None, tag: CommandTag::Fixed(tag.into()), running: None }
    }

    pub(crate) fn rows(stream: SendableRecordBatchStream, word: &'static str) -> Self {
        Self { rows: Some((stream.schema(), stream)), tag: CommandTag::Rows(word), running: None }
    }

    /// Rows whose tag has no count (`SHOW`, `EXPLAIN`).
    pub(crate) fn uncounted_rows(stream: SendableRecordBatchStream, tag: &str) -> Self {
        Self { rows: Some((stream.schema(), stream)), tag: CommandTag::Fixed(tag.to_owned()), running: None }
    }
}

/// A command tag as CommandComplete carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandTag {
    /// The number of rows sent follows the word (`SELECT 5`).
    Rows(&'static str),
    /// Complete as it is.
    Fixed(String),
    /// An empty query: EmptyQueryResponse.
    Empty,
}
