//! What the extended protocol keeps between messages: prepared statements and portals, by name.

use std::sync::Arc;

use mead_engine::{CommandTag, Prepared, ScalarValue};

use crate::rows::{RowFormat, RowStream};
use crate::types::PgType;

/// Bounds on what one connection may keep.
pub(crate) const STATEMENTS_MAX: usize = 10_000;
pub(crate) const PORTALS_MAX: usize = 1_000;

/// The result of Parse.
pub(crate) struct Statement {
    pub(crate) prepared: Arc<Prepared>,
    /// As declared by the client, or inferred.
    pub(crate) parameter_types: Vec<PgType>,
}

/// The result of Bind.
pub(crate) struct Portal {
    pub(crate) prepared: Arc<Prepared>,
    /// What Describe tells of the rows; none for a statement without rows.
    pub(crate) format: Option<Arc<RowFormat>>,
    pub(crate) result_codes: Vec<i16>,
    pub(crate) state: PortalState,
}

/// How far a portal has got.
pub(crate) enum PortalState {
    Bound(Vec<ScalarValue>),
    /// Rows are left, or may be.
    Open(Box<RowStream>, CommandTag),
    /// All rows have been sent.
    Exhausted(CommandTag),
    /// A statement without rows has run.
    Done,
}

/// The text of CommandComplete.
pub(crate) fn tag_text(tag: &CommandTag, rows: u64) -> String {
    match tag {
        // PostgreSQL counts no rows of utility statements.
        CommandTag::Rows(word @ ("SHOW" | "EXPLAIN" | "DESCRIBE")) => (*word).to_owned(),
        CommandTag::Rows(word) => format!("{word} {rows}"),
        CommandTag::Fixed(text) => text.clone(),
        CommandTag::Empty => String::new(),
    }
}
