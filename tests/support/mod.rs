//! What the tests of the root package share: a server as a child process, and clients for it.
//!
//! Every test talks to the binary that was built, through a socket, as a user would. Nothing here links mead's crates.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code, unused_imports)]

pub mod client;
pub mod protocol;
pub mod random;
pub mod raw;
pub mod server;
pub mod tls;

pub use client::{Client, connect, connect_as};
pub use random::Random;
pub use raw::Raw;
pub use server::Server;

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A file under `tests/`.
pub fn tests_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Asks again and again until the answer is true; fails the test with `what` when `patience` is over.
pub async fn eventually(what: &str, patience: Duration, mut check: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !check().await {
        assert!(start.elapsed() < patience, "{what}: not within {patience:?}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// The message of a tokio-postgres error as the server sent it, with its SQLSTATE in front.
pub fn report(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(report) => format!("{}: {}", report.code().code(), report.message()),
        None => format!("no report of the server: {error}"),
    }
}
