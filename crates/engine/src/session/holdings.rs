//! What a session keeps by name, as it and its catalog (`pg_prepared_statements`, `pg_cursors`) see it; and the bounds on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use mead_catalog::pg_type::PgType;
use mead_common::{Diagnostic, sqlstate};

use super::Prepared;

/// Bounds on what one session may keep; the settings of these names show them.
pub(crate) const PREPARED_STATEMENTS_MAX: usize = 10_000;
pub(crate) const CURSORS_MAX: usize = 1_000;
pub(crate) const KEPT_STATEMENT_BYTES_MAX: usize = 64 << 20;

/// What a node of a syntax tree takes, about.
const NODE_BYTES: usize = 256;

/// A prepared statement that has a name, and what its client says of its parameters. SQL's PREPARE and the protocol's Parse
/// make them in one namespace.
#[derive(Debug)]
pub struct KeptStatement {
    pub prepared: Arc<Prepared>,
    /// The types that the parameters are sent as.
    pub parameter_types: Vec<PgType>,
    pub(crate) prepared_at: DateTime<Utc>,
    pub(crate) from_sql: bool,
}

impl KeptStatement {
    pub fn new(prepared: Arc<Prepared>, parameter_types: Vec<PgType>) -> Self {
        Self { prepared, parameter_types, prepared_at: Utc::now(), from_sql: false }
    }

    /// By PREPARE: parameters are sent as what they are.
    pub(crate) fn from_sql(prepared: Arc<Prepared>) -> Self {
        let parameter_types = prepared.parameter_types().iter().map(|field| PgType::of_parameter(field)).collect();
        Self { prepared, parameter_types, prepared_at: Utc::now(), from_sql: true }
    }
}

/// What `pg_cursors` tells of an open cursor.
#[derive(Debug)]
pub(crate) struct CursorListing {
    pub statement: String,
    pub hold: bool,
    pub declared_at: DateTime<Utc>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    statements: BTreeMap<String, (Arc<KeptStatement>, Room)>,
    cursors: BTreeMap<String, (CursorListing, Room)>,
}

/// What a kept statement takes: bytes of text, counted against the session's bound, and memory for its syntax tree, out of the
/// pool that queries share.
#[derive(Debug)]
struct Room {
    text_bytes: usize,
    _memory: MemoryReservation,
}

impl Holdings {
    pub(crate) fn statement(&self, name: &str) -> Result<Arc<KeptStatement>, Diagnostic> {
        self.statements.get(name).map(|(kept, _)| Arc::clone(kept)).ok_or_else(|| {
            let message = format!("prepared statement \"{name}\" does not exist");
            Diagnostic::new(sqlstate::INVALID_SQL_STATEMENT_NAME, message)
        })
    }

    /// 42P05 if there is a statement of this name, 54000 if there are too many.
    pub(crate) fn check_statement_name(&self, name: &str) -> Result<(), Diagnostic> {
        if self.statements.contains_key(name) {
            return Err(Diagnostic::new(
                sqlstate::DUPLICATE_PREPARED_STATEMENT,
                format!("prepared statement \"{name}\" already exists"),
            ));
        }
        check_count(self.statements.len(), PREPARED_STATEMENTS_MAX, "prepared statements", "DEALLOCATE")
    }

    /// 54000 if there is no room for its text, 53200 if there is none for its tree; else as [`Self::check_statement_name`].
    pub(crate) fn keep_statement(
        &mut self,
        name: &str,
        kept: KeptStatement,
        pool: &Arc<dyn MemoryPool>,
    ) -> Result<(), Diagnostic> {
        self.check_statement_name(name)?;
        let source = &kept.prepared.source;
        let room = self.room(name, &source.text, source.whole.len(), pool)?;
        self.statements.insert(name.to_owned(), (Arc::new(kept), room));
        Ok(())
    }

    /// False if there was none of this name.
    pub(crate) fn forget_statement(&mut self, name: &str) -> bool {
        self.statements.remove(name).is_some()
    }

    pub(crate) fn forget_statements(&mut self) {
        self.statements.clear();
    }

    /// 54000 if there are too many cursors, or no room for the text; 53200 if there is none for the tree.
    pub(crate) fn keep_cursor(
        &mut self,
        name: &str,
        listing: CursorListing,
        pool: &Arc<dyn MemoryPool>,
    ) -> Result<(), Diagnostic> {
        check_count(self.cursors.len(), CURSORS_MAX, "cursors", "CLOSE")?;
        let room = self.room(name, &listing.statement, listing.statement.len(), pool)?;
        self.cursors.insert(name.to_owned(), (listing, room));
        Ok(())
    }

    pub(crate) fn forget_cursor(&mut self, name: &str) {
        self.cursors.remove(name);
    }

    pub(crate) fn statements(&self) -> impl Iterator<Item = (&String, &KeptStatement)> {
        self.statements.iter().map(|(name, (kept, _))| (name, kept.as_ref()))
    }

    pub(crate) fn cursors(&self) -> impl Iterator<Item = (&String, &CursorListing)> {
        self.cursors.iter().map(|(name, (listing, _))| (name, listing))
    }

    /// `whole_bytes`: of the string that the statement came in, which it keeps for the positions of errors.
    fn room(&self, name: &str, text: &str, whole_bytes: usize, pool: &Arc<dyn MemoryPool>) -> Result<Room, Diagnostic> {
        let text_bytes = name.len() + whole_bytes;
        let rooms = self.statements.values().map(|(_, room)| room).chain(self.cursors.values().map(|(_, room)| room));
        if rooms.map(|room| room.text_bytes).sum::<usize>() + text_bytes > KEPT_STATEMENT_BYTES_MAX {
            return Err(Diagnostic::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                "the prepared statements and cursors of this session have too much text",
            )
            .with_detail(format!("the limit is {} MB together", KEPT_STATEMENT_BYTES_MAX >> 20))
            .with_hint("DEALLOCATE or CLOSE what is not used, or send the statement without preparing it"));
        }
        let memory = MemoryConsumer::new("a kept statement").register(pool);
        memory.try_grow(text_bytes + tree_bytes(text)).map_err(|error| {
            Diagnostic::new(sqlstate::OUT_OF_MEMORY, "out of memory to keep a prepared statement or cursor")
                .with_detail(error.to_string())
                .with_hint("DEALLOCATE or CLOSE what is not used, or raise the server's memory limit")
        })?;
        Ok(Room { text_bytes, _memory: memory })
    }
}

pub(crate) fn check_count(kept: usize, most: usize, what: &str, remedy: &str) -> Result<(), Diagnostic> {
    if kept < most {
        return Ok(());
    }
    Err(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, format!("too many {what} in one session"))
        .with_hint(format!("at most {most} can be kept: {remedy} those that are not used")))
}

/// What the tree of a statement takes, about: a node for each sign outside of quotes, and for each word beside it.
fn tree_bytes(text: &str) -> usize {
    let mut quoted = false;
    let mut nodes = 1;
    let mut in_word = false;
    for byte in text.bytes() {
        let word = byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
        if byte == b'\'' {
            quoted = !quoted;
        } else if !quoted && (!word && !byte.is_ascii_whitespace() || word && !in_word) {
            nodes += 1;
        }
        in_word = word;
    }
    nodes * NODE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::settings::Settings;

    #[test]
    fn settings_show_the_bounds() {
        let settings = Settings::new();
        let shown = |name: &str| settings.get(name).unwrap().to_owned();
        assert_eq!(shown("max_prepared_statements"), PREPARED_STATEMENTS_MAX.to_string());
        assert_eq!(shown("max_cursors"), CURSORS_MAX.to_string());
        assert_eq!(shown("max_savepoints"), crate::session::transaction::SAVEPOINTS_MAX.to_string());
        assert_eq!(shown("max_kept_statement_size"), format!("{}MB", KEPT_STATEMENT_BYTES_MAX >> 20));
    }

    #[test]
    fn a_long_literal_is_one_node() {
        assert_eq!(tree_bytes(&format!("'{}'", "(1),".repeat(1000))), NODE_BYTES);
        assert_eq!(tree_bytes("SELECT a, 1"), 5 * NODE_BYTES);
    }
}
