//! What the extended protocol keeps between messages, beside prepared statements, which are the session's: portals, by name.

use std::sync::Arc;

use mead_engine::{CommandTag, Prepared, Running, ScalarValue};

use crate::frame::MESSAGE_BYTES_MAX;
use crate::rows::{RowFormat, RowStream};

/// Bounds on what one connection may keep open; the setting `max_portals` shows the first.
pub(crate) const PORTALS_MAX: usize = 1_000;
pub(crate) const PORTAL_BYTES_MAX: usize = MESSAGE_BYTES_MAX;

/// The result of Bind.
pub(crate) struct Portal {
    pub(crate) prepared: Arc<Prepared>,
    /// What Describe tells of the rows; none for a statement without rows.
    pub(crate) format: Option<Arc<RowFormat>>,
    pub(crate) result_codes: Vec<i16>,
    pub(crate) state: PortalState,
    /// What its parameters take, as they came.
    pub(crate) parameter_bytes: usize,
}

/// How far a portal has got.
pub(crate) enum PortalState {
    Bound(Vec<ScalarValue>),
    /// Rows are left, or may be.
    Open(OpenRows),
    /// All rows have been sent.
    Exhausted(CommandTag),
    /// A statement without rows has run.
    Done,
}

/// The rows that a suspended portal has still to give.
pub(crate) struct OpenRows {
    pub(crate) rows: Box<RowStream>,
    pub(crate) tag: CommandTag,
    /// Stands still between two Executes.
    pub(crate) running: Option<Arc<Running>>,
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
