//! What a statement has begun and does not end leaves nothing behind, and what is dropped stays for those who still read it.

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::TryStreamExt;
use support::{Client, Server, connect, eventually};
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// How long it may take until what is unfinished is gone.
const AT_MOST: Duration = Duration::from_secs(5);

/// Gives rows for hours, which cannot be compressed.
const ENDLESS: &str = "SELECT a.x * 1000003 % 998244353 AS p, random() AS q, random() AS r FROM generate_series(1, 1000000) AS a(x), \
                       generate_series(1, 1000000) AS b(x)";

/// Gives millions of rows, then fails.
const FAILING: &str = "SELECT x * 1000003 % 998244353 AS p, random() AS q, 1.0 / (3000000 - x) AS r FROM generate_series(1, 3000000) AS a(x)";

fn data(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("data")
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

fn parquet_files(data: &Path) -> usize {
    // A file that is being written has a number behind its name.
    files(&data.join("tables")).iter().filter(|path| path.to_string_lossy().contains(".parquet")).count()
}

/// Runs a statement that takes hours, and cancels it once `has_begun`.
async fn cancelled(client: &Client, sql: &str, mut has_begun: impl AsyncFnMut() -> bool) {
    let token = client.cancel_token();
    let cancel = async {
        eventually("the statement writes", Duration::from_secs(30), &mut has_begun).await;
        token.cancel_query(NoTls).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(client.batch_execute(sql), cancel);
    assert_eq!(support::report(&outcome.unwrap_err()), "57014: canceling statement due to user request", "{sql}");
}

#[tokio::test]
async fn create_table_as() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::open(&data(&folder));
    let client = connect(server.address).await;
    let tables = data(&folder).join("tables");
    let sql = format!("CREATE TABLE unfinished AS {ENDLESS}");
    for _ in 0..3 {
        cancelled(&client, &sql, async || parquet_files(&data(&folder)) > 0).await;
        eventually("the cancelled table's folder goes", AT_MOST, async || entries(&tables) == 0).await;
    }
    let error = client.failure(&format!("CREATE TABLE unfinished AS {FAILING}")).await;
    assert_eq!(error.code().code(), "22012");
    eventually("the failed table's folder goes", AT_MOST, async || entries(&tables) == 0).await;
    client.run("CREATE TABLE unfinished AS SELECT 1 AS x").await;
    assert_eq!((client.value("SELECT x FROM unfinished").await.as_str(), entries(&tables)), ("1", 1));
}

#[tokio::test]
async fn insert() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::open(&data(&folder));
    let client = connect(server.address).await;
    client.run("CREATE TABLE numbers (p bigint, q double precision, r double precision)").await;
    client.run("INSERT INTO numbers VALUES (1, 2, 3)").await;
    let before = files(&data(&folder).join("tables"));
    let sql = format!("INSERT INTO numbers {ENDLESS}");
    for _ in 0..3 {
        cancelled(&client, &sql, async || parquet_files(&data(&folder)) > 1).await;
        eventually("the cancelled insert's files go", AT_MOST, async || parquet_files(&data(&folder)) == 1).await;
    }
    let error = client.failure(&format!("INSERT INTO numbers {FAILING}")).await;
    assert_eq!(error.code().code(), "22012");
    eventually("the failed insert's files go", AT_MOST, async || parquet_files(&data(&folder)) == 1).await;
    assert_eq!(files(&data(&folder).join("tables")), before);
    assert_eq!(client.value("SELECT count(*) FROM numbers").await, "1");
    client.run("INSERT INTO numbers SELECT x, x * 2, x * 3 FROM generate_series(1, 1000) AS g(x)").await;
    assert_eq!(client.value("SELECT count(*) FROM numbers").await, "1001");
}

#[tokio::test]
async fn copy() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out");
    std::fs::create_dir(&target).unwrap();
    let server = Server::open(&data(&folder));
    let client = connect(server.address).await;
    let begun = async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        true
    };
    for format in ["csv", "parquet", "json"] {
        let file = target.join(format!("rows.{format}"));
        cancelled(&client, &format!("COPY ({ENDLESS}) TO '{}'", file.display()), begun).await;
        eventually("nothing is left of a cancelled COPY", AT_MOST, async || entries(&target) == 0).await;
        client.failure(&format!("COPY ({FAILING}) TO '{}'", file.display())).await;
        eventually("nothing is left of a failed COPY", AT_MOST, async || entries(&target) == 0).await;
    }
    let directory =
        format!("INSERT OVERWRITE DIRECTORY '{}' STORED AS PARQUET {ENDLESS}", target.join("rows").display());
    cancelled(&client, &directory, begun).await;
    eventually("nothing is left of a cancelled directory", AT_MOST, async || entries(&target) == 0).await;
    // Nor of statements whose server is killed.
    for sql in [format!("COPY ({ENDLESS}) TO '{}'", target.join("rows.csv").display()), directory] {
        let server = Server::open(&folder.path().join("killed"));
        let client = connect(server.address).await;
        let kill = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            tokio::task::spawn_blocking(|| server.kill()).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(client.batch_execute(&sql), kill);
        assert!(outcome.unwrap_err().as_db_error().is_none());
        assert_eq!(entries(&target), 0, "{sql}");
    }
    client.run(&format!("COPY (SELECT 1 AS x) TO '{}'", target.join("one.csv").display())).await;
    assert_eq!(std::fs::read_to_string(target.join("one.csv")).unwrap(), "1\n");
}

#[tokio::test]
async fn a_dropped_table_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::open(&data(&folder));
    let client = connect(server.address).await;
    let tables = data(&folder).join("tables");
    // Several files, so that some are opened after the drop.
    client.run("CREATE TABLE dropped (x bigint, name text)").await;
    for part in 0..4 {
        let first = part * 200_000;
        client
            .run(&format!(
                "INSERT INTO dropped SELECT {first} + x, 'row ' || x FROM generate_series(1, 200000) AS g(x)"
            ))
            .await;
    }
    let reader = connect(server.address).await;
    let mut stream = Box::pin(reader.simple_query_raw("SELECT x, name FROM dropped").await.unwrap());
    let mut rows = 0_u64;
    while rows < 1000 {
        rows += u64::from(matches!(stream.try_next().await.unwrap(), Some(SimpleQueryMessage::Row(_))));
    }
    client.run("DROP TABLE dropped").await;
    let error = client.failure("SELECT count(*) FROM dropped").await;
    assert_eq!(error.code().code(), "42P01");
    // The name is free, for a table of other files.
    client.run("CREATE TABLE dropped AS SELECT 1 AS x").await;
    assert_eq!(entries(&tables), 2);
    while let Some(message) = stream.try_next().await.unwrap() {
        rows += u64::from(matches!(message, SimpleQueryMessage::Row(_)));
    }
    assert_eq!(rows, 800_000);
    eventually("the dropped table's folder goes", AT_MOST, async || entries(&tables) == 1).await;
    assert_eq!(client.value("SELECT count(*) FROM dropped").await, "1");
    client.run("DROP TABLE dropped").await;
    eventually("a table that nobody reads goes at once", AT_MOST, async || entries(&tables) == 0).await;
}
