//! The SQLite database below the catalog: opening, locking, upgrading, clearing up.

use std::collections::HashSet;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{Error, FunctionEntry};

/// The version of the metastore's tables that this mead writes.
pub const SCHEMA_VERSION: i64 = 4;

/// Where OIDs of users' objects begin, as in PostgreSQL.
const FIRST_OID: i64 = 16_384;

/// What brings a metastore from each version to the next, beginning with the first.
const UPGRADES: [&str; 3] = [
    // Which training runs spilled rows was not kept, nor what their steps ran on.
    "ALTER TABLE training_runs ADD COLUMN spilled INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE training_runs ADD COLUMN kernels TEXT;",
    concat!(
        "ALTER TABLE schemas ADD COLUMN comment TEXT;
         ALTER TABLE schemas ADD COLUMN location TEXT;
         ALTER TABLE schemas ADD COLUMN properties TEXT NOT NULL DEFAULT '{}';
         ALTER TABLE relations ADD COLUMN properties TEXT NOT NULL DEFAULT '{}';
         ALTER TABLE relations ADD COLUMN storage TEXT;",
        include_str!("warehouse.sql")
    ),
    include_str!("routines.sql"),
];

/// One data directory's metastore. Shared by all sessions; every change is on disk when its call returns.
#[derive(Debug)]
pub struct Catalog {
    folder: PathBuf,
    connection: Mutex<Connection>,
    generation: AtomicU64,
    /// What functions there are, for `pg_proc`; the engine tells.
    pub(crate) functions: OnceLock<Vec<FunctionEntry>>,
    /// Held while a model's file is written and named, or unnamed and removed: versions share files of the same bytes.
    pub(crate) model_files: Mutex<()>,
    /// Holds the lock on the data directory.
    _lock: File,
}

impl Catalog {
    /// Opens the metastore of a data directory, and makes both where they are not there. What a killed server left half done
    /// is cleared up: runs that never ended, files that no entry names. Blocks.
    pub fn open(folder: &Path) -> Result<Arc<Self>, Error> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { path, source }
        };
        for part in ["", "models", "tables", "tmp"] {
            let path = folder.join(part);
            // Rows, models and password verifiers are nobody else's.
            DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(io(&path))?;
        }
        let folder = folder.canonicalize().map_err(io(folder))?;
        let lock = lock(&folder)?;
        let connection = Connection::open(folder.join("metastore.sqlite"))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        let mut catalog = Self {
            folder,
            connection: Mutex::new(connection),
            generation: AtomicU64::new(0),
            functions: OnceLock::new(),
            model_files: Mutex::new(()),
            _lock: lock,
        };
        catalog.upgrade()?;
        catalog.clear_up()?;
        Ok(Arc::new(catalog))
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Changes whenever anything in the metastore does.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Reads; sees what was committed last.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        read(&self.connection.lock())
    }

    /// Changes in one transaction, on disk when this returns.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = write(&transaction)?;
        transaction.commit()?;
        self.generation.fetch_add(1, Ordering::AcqRel);
        Ok(result)
    }

    /// Files in the folders of warehouse tables that no entry names: of an INSERT that did not end, or one that was replaced.
    fn clear_up_files(&self) -> Result<(), Error> {
        let tables: Vec<(i64, String)> = self.read(|db| {
            let mut statement = db.prepare(
                "SELECT oid, location FROM relations \
                 WHERE kind = 'managed' AND storage IS NOT NULL AND location IS NOT NULL",
            )?;
            Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
        })?;
        for (oid, location) in tables {
            let folder = self.folder.join(location);
            let named: HashSet<PathBuf> = self.read(|db| {
                let mut statement = db.prepare("SELECT path FROM files WHERE relation = ?1")?;
                let paths = statement.query_map([oid], |row| row.get::<_, String>(0))?;
                Ok(paths.map(|path| path.map(|path| folder.join(path))).collect::<Result<_, _>>()?)
            })?;
            if folder.is_dir() {
                remove_unnamed(&folder, &named)?;
            }
        }
        Ok(())
    }

    fn upgrade(&mut self) -> Result<(), Error> {
        let found: i64 = self.read(|db| Ok(db.pragma_query_value(None, "user_version", |row| row.get(0))?))?;
        match found {
            0 => self.write(|db| {
                db.execute_batch(include_str!("schema.sql"))?;
                db.execute_batch(include_str!("warehouse.sql"))?;
                db.execute_batch(include_str!("routines.sql"))?;
                db.execute("INSERT INTO oids (oid, kind) VALUES (?1, 'reserved')", [FIRST_OID - 1])?;
                let now = now_micros();
                let oid = new_oid(db, "schema")?;
                db.execute(
                    "INSERT INTO schemas (oid, name, owner, created_at) VALUES (?1, 'public', 'mead', ?2)",
                    rusqlite::params![oid, now],
                )?;
                let oid = new_oid(db, "role")?;
                db.execute("INSERT INTO roles VALUES (?1, 'mead', 1, 1, NULL)", [oid])?;
                db.pragma_update(None, "user_version", SCHEMA_VERSION)?;
                Ok(())
            }),
            older @ 1..SCHEMA_VERSION => self.write(|db| {
                for step in &UPGRADES[usize::try_from(older - 1).unwrap_or(0)..] {
                    db.execute_batch(step)?;
                }
                db.pragma_update(None, "user_version", SCHEMA_VERSION)?;
                Ok(())
            }),
            SCHEMA_VERSION => Ok(()),
            newer => Err(Error::Newer { folder: self.folder.clone(), found: newer }),
        }
    }

    /// What a killed server left behind.
    fn clear_up(&self) -> Result<(), Error> {
        self.write(|db| {
            db.execute(
                "UPDATE training_runs SET status = 'failed', error = 'the server stopped', ended_at = ?1 \
                 WHERE status = 'running'",
                [now_micros()],
            )?;
            Ok(())
        })?;
        self.drop_temporary_schemas()?;
        self.settle_moves()?;
        let hashes: Vec<String> = self.read(|db| {
            let mut statement = db.prepare("SELECT DISTINCT hash FROM model_versions")?;
            Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })?;
        let tables: Vec<String> = self.read(|db| {
            let mut statement = db.prepare("SELECT location FROM relations WHERE kind = 'managed'")?;
            Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })?;
        for path in entries(&self.folder.join("models"))? {
            let named = path.file_stem().is_some_and(|stem| hashes.iter().any(|hash| stem == hash.as_str()));
            if !named {
                remove(&path)?;
            }
        }
        for path in entries(&self.folder.join("tables"))? {
            if !tables.iter().any(|location| self.folder.join(location) == path) {
                remove(&path)?;
            }
        }
        self.clear_up_files()?;
        for path in entries(&self.folder.join("tmp"))? {
            remove(&path)?;
        }
        Ok(())
    }
}

/// The next OID, and a note of what took it.
pub(crate) fn new_oid(db: &Transaction<'_>, kind: &str) -> Result<i64, Error> {
    db.execute("INSERT INTO oids (kind) VALUES (?1)", [kind])?;
    Ok(db.last_insert_rowid())
}

/// Microseconds since 1970, as the metastore keeps times.
pub(crate) fn now_micros() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| Error::Io { path: path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse(folder.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(Error::Io { path, source }),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    read().map_err(|source| Error::Io { path: folder.to_owned(), source })
}

fn remove_unnamed(folder: &Path, named: &HashSet<PathBuf>) -> Result<(), Error> {
    for path in entries(folder)? {
        if path.is_dir() {
            remove_unnamed(&path, named)?;
        } else if !named.contains(&path) {
            remove(&path)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), Error> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    removed.map_err(|source| Error::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metastore_of_the_first_version_is_brought_up() {
        let folder = std::env::temp_dir().join(format!("mead-metastore-{}", std::process::id()));
        drop(Catalog::open(&folder).unwrap());
        let db = Connection::open(folder.join("metastore.sqlite")).unwrap();
        db.execute_batch(
            "ALTER TABLE training_runs DROP COLUMN spilled; ALTER TABLE training_runs DROP COLUMN kernels; \
             DROP TABLE routines; DROP TABLE role_settings; DROP TABLE files; DROP TABLE moves; \
             DROP TABLE partition_values; DROP TABLE partitions; \
             ALTER TABLE schemas DROP COLUMN comment; ALTER TABLE schemas DROP COLUMN location; \
             ALTER TABLE schemas DROP COLUMN properties; ALTER TABLE relations DROP COLUMN properties; \
             ALTER TABLE relations DROP COLUMN storage; \
             PRAGMA user_version = 1; \
             INSERT INTO training_runs VALUES (7, 'm', NULL, 'train_cnn', NULL, 'SELECT', 'finished', NULL, 1, 2)",
        )
        .unwrap();
        drop(db);
        for _ in 0..2 {
            let catalog = Catalog::open(&folder).unwrap();
            let spilled = catalog.read(|db| {
                Ok(db.query_row("SELECT spilled FROM training_runs WHERE id = 7", [], |row| row.get::<_, bool>(0))?)
            });
            assert!(!spilled.unwrap());
            catalog.note_spilled(7).unwrap();
            let spilled = catalog.read(|db| {
                Ok(db.query_row("SELECT spilled FROM training_runs WHERE id = 7", [], |row| row.get::<_, bool>(0))?)
            });
            assert!(spilled.unwrap());
            catalog.write(|db| Ok(db.execute("UPDATE training_runs SET spilled = 0", [])?)).unwrap();
            let tables = catalog.read(|db| {
                Ok(db.query_row(
                    "SELECT (SELECT count(*) FROM partitions) + (SELECT count(*) FROM files) + count(properties) \
                     FROM schemas",
                    [],
                    |row| row.get::<_, i64>(0),
                )?)
            });
            assert_eq!(tables.unwrap(), 1);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
