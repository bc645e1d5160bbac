//! Runs `tests/sqllogic/**/*.slt` and `tests/bi/*.slt` through the wire: each file by the simple protocol, then by the
//! extended one.
//!
//! How files are written, beyond what sqllogictest says:
//! - columns: `B` boolean, `I` whole numbers, `R` other numbers, `T` all else, `?` not looked at;
//! - an error is compared as `SQLSTATE: message`, then lines `POSITION:`, `DETAIL:`, `HINT:` where the server sent them;
//! - a file drops what it makes; what it leaves behind is a failure;
//! - behind `control substitution on`, `$__TEST_DIR__` is a folder of the file's own and `$FIXTURES` is `tests/fixtures`;
//! - `skipif mead` stands before what PostgreSQL answers otherwise, with the reason above it;
//! - `skipif extended` stands before records with several statements, which only a simple query may hold;
//! - `MEAD_SLT=word` runs only the files whose path contains the word;
//! - files that begin with `pg_` must hold on a real PostgreSQL: `MEAD_SLT_POSTGRES=127.0.0.1:5432` runs them there, as a
//!   superuser `mead` without a password in a database `default`.

mod support;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sqllogictest::{ColumnType, DB, DBOutput, Record, Runner, TestError, strict_column_validator};
use support::Server;
use support::protocol::{Answer, Connection, Error};

/// How many failures of a file are told; what comes behind them is mostly their consequence.
const FAILURES_SHOWN: usize = 20;

static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[test]
fn by_the_simple_protocol() {
    run_all(Mode::Simple);
}

#[test]
fn by_the_extended_protocol() {
    run_all(Mode::Extended);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Simple,
    Extended,
}

fn run_all(mode: Mode) {
    let mut files = files();
    let postgres = std::env::var("MEAD_SLT_POSTGRES").ok();
    let mut failures = Vec::new();
    if let Some(address) = &postgres {
        // The two tests share that one server.
        let _one_at_a_time = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let address = address.parse().expect("MEAD_SLT_POSTGRES is host:port");
        files.retain(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pg_")));
        files.iter().for_each(|file| failures.extend(run_file(address, mode, file)));
    } else {
        let server = Server::start();
        for file in &files {
            failures.extend(run_file(server.address, mode, file));
            failures.extend(clear(&server, file));
        }
    }
    assert!(!files.is_empty(), "no .slt files were found");
    println!("{} files, {} failures", files.len(), failures.len());
    assert!(failures.is_empty(), "by the {mode:?} protocol:\n\n{}", failures.join("\n\n"));
}

/// All files, or those that `MEAD_SLT` chooses.
fn files() -> Vec<PathBuf> {
    let chosen = std::env::var("MEAD_SLT").unwrap_or_default();
    let mut files = Vec::new();
    let mut folders = vec![support::tests_folder().join("sqllogic"), support::tests_folder().join("bi")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a folder that can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "slt")
                && path.to_string_lossy().contains(&chosen)
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn name_of(file: &Path) -> String {
    file.strip_prefix(support::tests_folder()).unwrap_or(file).display().to_string()
}

/// The failures of one file, each with its line.
fn run_file(address: SocketAddr, mode: Mode, file: &Path) -> Vec<String> {
    let readable = |error: TestError| error.to_string().replace(&*file.to_string_lossy(), &name_of(file));
    let records = match sqllogictest::parse_file::<Kind>(file) {
        Ok(records) => records,
        Err(error) => return vec![format!("{}: {error}", name_of(file))],
    };
    let mut runner = Runner::new(|| async move { Session::open(address, mode) });
    runner.add_label(match mode {
        Mode::Simple => "simple",
        Mode::Extended => "extended",
    });
    runner.with_column_validator(strict_column_validator);
    runner.set_var("FIXTURES".to_owned(), support::tests_folder().join("fixtures").display().to_string());
    let mut failures = Vec::new();
    for record in records {
        if matches!(record, Record::Halt { .. }) || failures.len() == FAILURES_SHOWN {
            break;
        }
        if let Err(error) = runner.run(record) {
            failures.push(readable(error));
        }
    }
    runner.shutdown();
    failures
}

/// Drops what a file left, so that the next one does not meet it, and tells what it was.
fn clear(server: &Server, file: &Path) -> Option<String> {
    match leftovers(server) {
        Ok(left) if left.is_empty() => None,
        Ok(left) => Some(format!("{}: leaves behind {}", name_of(file), left.join(", "))),
        Err(error) => Some(format!("{}: the server cannot be asked any more: {error}", name_of(file))),
    }
}

fn leftovers(server: &Server) -> Result<Vec<String>, Error> {
    let mut session = Connection::open(server.address, "mead")?;
    let version = session.simple("SELECT version()")?;
    assert!(version.rows[0][0].as_deref().is_some_and(|text| text.contains("mead")), "not mead: {version:?}");
    let mut left = Vec::new();
    let kinds = [
        ("VIEW", "SELECT schema_name, name FROM mead_catalog.classes WHERE kind = 'v' AND oid >= 16384"),
        ("TABLE", "SELECT schema_name, name FROM mead_catalog.classes WHERE kind = 'r' AND oid >= 16384"),
        ("MODEL", "SELECT schema_name, name FROM mead_catalog.model_versions WHERE is_default"),
        ("SCHEMA", "SELECT NULL, name FROM mead_catalog.schemas WHERE oid >= 16384 AND name <> 'public'"),
        ("ROLE", "SELECT NULL, name FROM mead_catalog.roles WHERE name <> 'mead'"),
    ];
    for (kind, query) in kinds {
        for row in session.simple(query)?.rows {
            let parts = row.iter().flatten().map(|part| format!("\"{}\"", part.replace('"', "\"\"")));
            let name = parts.collect::<Vec<_>>().join(".");
            session.simple(&format!("DROP {kind} {name}"))?;
            left.push(format!("{} {name}", kind.to_lowercase()));
        }
    }
    Ok(left)
}

/// A connection of a file.
struct Session {
    connection: Connection,
    mode: Mode,
}

impl Session {
    fn open(address: SocketAddr, mode: Mode) -> Result<Self, Error> {
        Ok(Self { connection: Connection::open(address, "mead")?, mode })
    }
}

impl DB for Session {
    type Error = Error;
    type ColumnType = Kind;

    fn run(&mut self, sql: &str) -> Result<DBOutput<Kind>, Error> {
        let Answer { columns, has_rows, rows, tag, .. } = match self.mode {
            Mode::Simple => self.connection.simple(sql)?,
            Mode::Extended => self.connection.extended(sql)?,
        };
        if !has_rows {
            // The count stands last in a tag: INSERT 0 3, COPY 3.
            let count = tag.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
            return Ok(DBOutput::StatementComplete(count));
        }
        let text = |value: Option<String>| match value {
            None => "NULL".to_owned(),
            Some(text) if text.is_empty() => "(empty)".to_owned(),
            Some(text) => text,
        };
        Ok(DBOutput::Rows {
            types: columns.iter().map(|(_, oid)| Kind::of(*oid)).collect(),
            rows: rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect(),
        })
    }

    fn engine_name(&self) -> &str {
        if std::env::var_os("MEAD_SLT_POSTGRES").is_some() { "postgres" } else { "mead" }
    }

    fn error_sql_state(error: &Error) -> Option<String> {
        match error {
            Error::Server(report) => Some(report.sqlstate.clone()),
            Error::Lost(_) => None,
        }
    }
}

/// What the letters of a `query` line mean.
#[derive(Debug, Clone)]
enum Kind {
    Boolean,
    Integer,
    Real,
    Text,
    Any,
}

impl Kind {
    /// By the OIDs of pg_type.
    fn of(oid: u32) -> Self {
        match oid {
            16 => Kind::Boolean,
            20 | 21 | 23 | 26 => Kind::Integer,
            700 | 701 | 1700 => Kind::Real,
            _ => Kind::Text,
        }
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        let any = |kind: &Kind| matches!(kind, Kind::Any);
        any(self) || any(other) || self.to_char() == other.to_char()
    }
}

impl Eq for Kind {}

impl ColumnType for Kind {
    fn from_char(letter: char) -> Option<Self> {
        Some(match letter {
            'B' => Kind::Boolean,
            'I' => Kind::Integer,
            'R' => Kind::Real,
            'T' => Kind::Text,
            '?' => Kind::Any,
            _ => return None,
        })
    }

    fn to_char(&self) -> char {
        match self {
            Kind::Boolean => 'B',
            Kind::Integer => 'I',
            Kind::Real => 'R',
            Kind::Text => 'T',
            Kind::Any => '?',
        }
    }
}
