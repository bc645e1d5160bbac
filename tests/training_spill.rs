//! Training on rows that exceed the memory limit: it goes through a file, learns as well, and leaves nothing behind.

mod support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use support::{Client, Server, connect, eventually};
use tokio_postgres::NoTls;

/// Images of 28 × 28 floats in the table: some 50 MB.
const ROWS: u32 = 16_000;

/// Less than the images take.
const LIMIT: &str = "24MiB";

/// How long a cancelled training may go on.
const AT_MOST: Duration = Duration::from_secs(2);

const NOTICE: &str = "training rows exceed the memory limit; spilling to disk";

fn limited(limit: &str) -> Server {
    Server::start_with(|command| {
        command.env("MEAD_MEMORY_LIMIT", limit);
    })
}

/// The images, in an order that depends on `turn`.
async fn images(client: &Client, turn: u32) {
    client
        .run(&format!(
            "DROP TABLE IF EXISTS images; \
             CREATE TABLE images AS SELECT IMAGE_RESIZE(ARRAY[a, b, (x % 3) / 3.0, (x % 5) / 5.0], 28, 28) AS image, \
             CASE WHEN a > b THEN 'left' ELSE 'right' END AS side, x % 2 AS half FROM \
             (SELECT x, (x * 7919 % 1009) / 1009.0 AS a, (x * 104729 % 997) / 997.0 AS b FROM \
             (SELECT (y + {turn}) % {ROWS} AS x FROM generate_series(1, {ROWS}) AS g(y)) s) t"
        ))
        .await;
}

fn training(name: &str, options: &str, rest: &str) -> String {
    format!(
        "CREATE OR REPLACE MODEL {name} AS SELECT TRAIN_CNN(image, side, layers => ARRAY['flatten', 'dense(8, relu)', \
         'dense(2, softmax)'], input_shape => ARRAY[28, 28, 1], seed => 3, {options}) FROM images {rest}"
    )
}

/// Files below the folder for temporary ones.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(leftovers(&path)) } else { found.push(path) }
    }
    found
}

async fn nothing_is_left(server: &Server) {
    let folder = server.data.join("tmp");
    eventually("the spill file goes", AT_MOST, async || leftovers(&folder).is_empty()).await;
}

#[tokio::test]
async fn it_learns_the_same_whatever_order_the_rows_have() {
    let sql = training("sides", "epochs => 6, validation_fraction => 0.1", "");
    let mut hashes = Vec::new();
    for (turn, threads, limit) in [(0, "1", LIMIT), (7_000, "3", "32MiB")] {
        let server = Server::start_with(|command| {
            command.env("MEAD_MEMORY_LIMIT", limit).env("MEAD_THREADS", threads);
        });
        let mut client = connect(server.address).await;
        images(&client, turn).await;
        client.take_notices();
        client.run(&sql).await;
        let notices = client.take_notices();
        assert_eq!(notices.iter().filter(|notice| *notice == NOTICE).count(), 1, "{notices:?}");
        hashes
            .push(client.value("SELECT hash FROM ml.model_versions WHERE name = 'sides' ORDER BY version DESC").await);
        nothing_is_left(&server).await;
        assert_eq!(client.value("SELECT spilled FROM ml.training_runs").await, "t");
        let history = "FROM ml.training_history WHERE epoch = 6";
        assert_eq!(client.value(&format!("SELECT rows {history}")).await, "14400");
        assert_eq!(client.value(&format!("SELECT validation_accuracy > 0.95 {history}")).await, "t");
        let right = "SELECT avg(CASE WHEN PREDICT('sides', image) = side THEN 1.0 ELSE 0.0 END) > 0.95 FROM images";
        assert_eq!(client.value(right).await, "t");
    }
    assert_eq!(hashes[0], hashes[1]);
}

#[tokio::test]
async fn with_enough_memory_nothing_is_spilled() {
    let server = limited("1GiB");
    let mut client = connect(server.address).await;
    images(&client, 0).await;
    client.run(&training("sides", "epochs => 1", "")).await;
    assert!(!client.take_notices().contains(&NOTICE.to_owned()));
    assert_eq!(client.value("SELECT spilled FROM ml.training_runs").await, "f");
}

#[tokio::test]
async fn groups_are_spilled_each() {
    let server = limited(LIMIT);
    let client = connect(server.address).await;
    images(&client, 0).await;
    let sql = "CREATE TABLE halves AS SELECT half, TRAIN_CNN(image, side, layers => ARRAY['flatten', 'dense(8)', 'batchnorm', \
               'relu', 'dense(2, softmax)'], input_shape => ARRAY[28, 28, 1], seed => 3, epochs => 4) AS model \
               FROM images GROUP BY half";
    client.run(sql).await;
    assert_eq!(client.value("SELECT count(*) FROM ml.training_runs WHERE spilled AND status = 'finished'").await, "2");
    let right = "SELECT min(accuracy) > 0.9 FROM ml.training_history WHERE epoch = 4";
    assert_eq!(client.value(right).await, "t");
    nothing_is_left(&server).await;
}

#[tokio::test]
async fn one_batch_over_all_rows_goes_through_the_file() {
    let server = limited(LIMIT);
    let client = connect(server.address).await;
    images(&client, 0).await;
    client.run(&training("sides", "optimizer => 'gradient_descent', learning_rate => 0.5, epochs => 3", "")).await;
    let history = "SELECT last_value(loss ORDER BY epoch) < first_value(loss ORDER BY epoch) FROM ml.training_history";
    assert_eq!(client.value(history).await, "t");
    let sql = "SELECT TRAIN_CNN(image, side, layers => ARRAY['flatten', 'batchnorm', 'dense(2, softmax)'], \
               input_shape => ARRAY[28, 28, 1], optimizer => 'gradient_descent') FROM images";
    let report = client.failure(sql).await;
    assert_eq!(report.code().code(), "22023");
    assert!(report.message().contains("gradient_descent through batchnorm"), "{report:?}");
    nothing_is_left(&server).await;
}

#[tokio::test]
async fn cancelled_training_leaves_nothing() {
    let server = limited(LIMIT);
    let mut client = connect(server.address).await;
    images(&client, 0).await;
    // Once while rows are gathered, once while they are learned from.
    for until in [NOTICE, "epoch 1/100000"] {
        let token = client.cancel_token();
        let Client { inner, notices, .. } = &mut client;
        let cancel = async {
            while !notices.recv().await.expect("training reports what it does").message().contains(until) {}
            token.cancel_query(NoTls).await.unwrap();
            Instant::now()
        };
        let sql = training("never", "epochs => 100000", "");
        let (outcome, asked) = tokio::join!(async { (inner.batch_execute(&sql).await, Instant::now()) }, cancel);
        assert_eq!(support::report(&outcome.0.unwrap_err()), "57014: canceling statement due to user request");
        assert!(outcome.1 - asked < AT_MOST, "{until}: {:?} after the request", outcome.1 - asked);
        nothing_is_left(&server).await;
    }
    assert_eq!(client.value("SELECT count(*) FROM ml.models").await, "0");
}

#[tokio::test]
async fn a_killed_server_clears_up_when_it_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::open_with(&data, |command| {
        command.env("MEAD_MEMORY_LIMIT", LIMIT);
    });
    let mut client = connect(server.address).await;
    images(&client, 0).await;
    let Client { inner, notices, .. } = &mut client;
    let kill = async {
        while !notices.recv().await.expect("training reports its epochs").message().contains("epoch 1/100000") {}
        assert!(!leftovers(&data.join("tmp")).is_empty(), "there is a spill file");
        tokio::task::spawn_blocking(|| server.kill()).await.unwrap();
    };
    let sql = training("never", "epochs => 100000", "");
    let (outcome, ()) = tokio::join!(inner.batch_execute(&sql), kill);
    assert!(outcome.is_err());
    let server = Server::open(&data);
    assert_eq!(leftovers(&data.join("tmp")), Vec::<PathBuf>::new());
    let client = connect(server.address).await;
    assert_eq!(client.value("SELECT status FROM ml.training_runs").await, "failed");
}
