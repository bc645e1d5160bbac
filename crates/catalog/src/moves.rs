//! Moves of files and folders that belong to one statement: all of them happen, or none, also where the server is killed.
//!
//! They are noted before the first, and what the statement publishes notes that they are for good. At the next start those
//! that were published are done with, the others are taken back.

use std::collections::BTreeSet;
use std::path::PathBuf;

use mead_storage::Move;
use rusqlite::{Transaction, params};

use crate::Error;
use crate::metastore::Catalog;

impl Catalog {
    /// Notes moves that are about to happen; gives the number of the statement.
    pub fn begin_moves(&self, moves: &[Move]) -> Result<i64, Error> {
        self.write(|db| {
            let statement: i64 =
                db.query_row("SELECT coalesce(max(statement), 0) + 1 FROM moves", [], |row| row.get(0))?;
            let mut insert =
                db.prepare_cached("INSERT INTO moves (statement, source, target, inode) VALUES (?1, ?2, ?3, ?4)")?;
            for one in moves {
                let text = |path: &PathBuf| path.to_str().map(str::to_owned).ok_or(Error::NotUnicode(path.clone()));
                // SQLite's numbers have a sign; the bits are what counts.
                insert.execute(params![statement, text(&one.source)?, text(&one.target)?, one.inode.cast_signed()])?;
            }
            Ok(statement)
        })
    }

    /// Forgets a statement's moves: they are done with, or taken back.
    pub fn end_moves(&self, statement: i64) -> Result<(), Error> {
        self.write(|db| Ok(db.execute("DELETE FROM moves WHERE statement = ?1", [statement]).map(|_| ())?))
    }

    /// Of statements that a killed server did not end.
    pub(crate) fn settle_moves(&self) -> Result<(), Error> {
        let mut left = BTreeSet::new();
        let moves: Vec<(i64, bool, Move)> = self.read(|db| {
            let mut query =
                db.prepare("SELECT statement, published, source, target, inode FROM moves ORDER BY rowid DESC")?;
            let moves = query.query_map([], |row| {
                let path = |text: String| PathBuf::from(text);
                let inode: i64 = row.get(4)?;
                let one = Move { source: path(row.get(2)?), target: path(row.get(3)?), inode: inode.cast_unsigned() };
                Ok((row.get(0)?, row.get(1)?, one))
            })?;
            Ok(moves.collect::<Result<_, _>>()?)
        })?;
        for (statement, published, one) in &moves {
            let settled = if *published { Ok(()) } else { one.undo() };
            if let Err(error) = settled.and_then(|()| one.discard()) {
                // A disk that is not there must not keep the server from starting; the note waits for it.
                tracing::error!(%error, "files of a statement that was cut off could not be put right");
                left.insert(*statement);
            }
        }
        for statement in moves.iter().map(|(statement, ..)| *statement).filter(|statement| !left.contains(statement)) {
            self.end_moves(statement)?;
        }
        Ok(())
    }
}

/// The statement's moves are for good once this transaction is.
pub(crate) fn publish_moves(db: &Transaction<'_>, statement: i64) -> Result<(), Error> {
    db.execute("UPDATE moves SET published = 1 WHERE statement = ?1", [statement])?;
    Ok(())
}
