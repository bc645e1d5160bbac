//! The moves of one statement on their way: taken back when this goes, unless they were published.

use std::path::PathBuf;
use std::sync::Arc;

use mead_catalog::Catalog;
use mead_common::Diagnostic;
use mead_storage::Move;

/// See the module's documentation.
pub(super) struct Moves {
    moves: Vec<Move>,
    /// How many have been begun.
    begun: usize,
    noted: Option<(Arc<Catalog>, i64)>,
}

impl Moves {
    pub(super) fn new(moves: Vec<Move>) -> Self {
        Self { moves, begun: 0, noted: None }
    }

    /// A folder that is removed when this goes, or at the next start.
    pub(super) fn folder(catalog: &Arc<Catalog>, folder: PathBuf) -> Result<Self, Diagnostic> {
        // No file has this inode: nothing is ever taken back.
        let moves = vec![Move { source: folder.clone(), target: folder, inode: 0 }];
        let number = catalog.begin_moves(&moves)?;
        Ok(Self { moves, begun: 0, noted: Some((Arc::clone(catalog), number)) })
    }

    /// The number that the metastore knows them by, if there are any.
    pub(super) fn number(&self) -> Option<i64> {
        self.noted.as_ref().map(|(_, number)| *number)
    }

    pub(super) fn run(&mut self, catalog: &Arc<Catalog>) -> Result<(), Diagnostic> {
        if self.moves.is_empty() {
            return Ok(());
        }
        self.noted = Some((Arc::clone(catalog), catalog.begin_moves(&self.moves)?));
        for one in &self.moves {
            self.begun += 1;
            one.run()?;
        }
        Ok(())
    }

    /// They have been published: what they replaced goes.
    pub(super) fn keep(mut self) {
        self.begun = 0;
        self.end();
    }

    fn end(&mut self) {
        for one in self.moves.drain(..) {
            if let Err(error) = one.discard() {
                tracing::warn!(%error, "what was replaced stays until the next start");
                // The metastore's note is what the next start goes by.
                self.noted = None;
            }
        }
        if let Some((catalog, number)) = self.noted.take()
            && let Err(error) = catalog.end_moves(number)
        {
            tracing::warn!(%error, "moves that have ended are looked at again at the next start");
        }
    }
}

impl Drop for Moves {
    fn drop(&mut self) {
        for one in self.moves.iter().take(self.begun).rev() {
            if let Err(error) = one.undo() {
                tracing::error!(%error, "a failed statement's files stay until the next start");
                self.noted = None;
                self.moves.clear();
                return;
            }
        }
        self.end();
    }
}
