//! What runs can be stopped: by CancelRequest, by statement_timeout, by a client that goes away.

mod support;

use std::time::{Duration, Instant};

use support::{Client, Server, connect, eventually};
use tokio_postgres::NoTls;

/// Would take hours.
const HEAVY: &str =
    "SELECT sum(a.x * b.x % 7) FROM generate_series(1, 10000000) AS a(x), generate_series(1, 10000000) AS b(x)";

/// Sends rows for hours.
const ENDLESS: &str = "SELECT a.x, b.x FROM generate_series(1, 1000000) AS a(x), generate_series(1, 1000000) AS b(x)";

/// How long a cancelled statement may go on.
const AT_MOST: Duration = Duration::from_secs(2);

/// Would train for hours.
fn training(model: &str) -> String {
    format!("CREATE MODEL {model} AS SELECT TRAIN_CNN(image, label, epochs => 100000, seed => 1) FROM cancel_images")
}

async fn images(client: &Client) {
    client
        .run(
            "CREATE TABLE IF NOT EXISTS cancel_images AS SELECT IMAGE_RESIZE(ARRAY[x % 7, x % 5, x % 3, 1.0], 28, 28) AS image, \
             x % 2 AS label FROM generate_series(1, 300) AS g(x)",
        )
        .await;
}

/// Threads of the server that train.
fn training_threads(server: &Server) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).expect("the server runs");
    tasks
        .flatten()
        .filter(|task| {
            std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.starts_with("mead-train"))
        })
        .count()
}

/// The server has nothing to do any more.
async fn becomes_idle(server: &Server) {
    eventually("the server's processor time stands still", AT_MOST, async || {
        let before = server.processor_seconds();
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.processor_seconds() - before < 0.06
    })
    .await;
}

#[tokio::test]
async fn cancel_request_stops_a_query() {
    let server = Server::start();
    let client = connect(server.address).await;
    for sql in [
        HEAVY,
        ENDLESS,
        "SELECT count(*) FROM (SELECT DISTINCT x * 7 % 1000003 FROM generate_series(1, 5000000000) AS g(x)) d",
    ] {
        let token = client.cancel_token();
        let cancel = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            token.cancel_query(NoTls).await.unwrap();
            Instant::now()
        };
        let (outcome, asked) = tokio::join!(async { (client.batch_execute(sql).await, Instant::now()) }, cancel);
        let error = outcome.0.unwrap_err();
        assert_eq!(support::report(&error), "57014: canceling statement due to user request", "{sql}");
        assert!(outcome.1 - asked < AT_MOST, "{sql}: {:?} after the request", outcome.1 - asked);
        assert_eq!(client.value("SELECT 1").await, "1");
        becomes_idle(&server).await;
    }
}

/// A request that comes when nothing runs hits nothing that comes later.
#[tokio::test]
async fn a_late_cancel_request_hits_nothing() {
    let client = connect(Server::shared().address).await;
    client.cancel_token().cancel_query(NoTls).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(client.value("SELECT 1").await, "1");
}

#[tokio::test]
async fn cancel_request_stops_training() {
    let server = Server::start();
    let mut client = connect(server.address).await;
    images(&client).await;
    let token = client.cancel_token();
    let Client { inner, notices, .. } = &mut client;
    let cancel = async {
        let notice = notices.recv().await.expect("training reports its epochs");
        assert!(notice.message().contains("epoch 1/100000"), "{notice:?}");
        assert!(training_threads(&server) > 0, "training has threads of its own");
        token.cancel_query(NoTls).await.unwrap();
        Instant::now()
    };
    let sql = training("never");
    let (outcome, asked) = tokio::join!(async { (inner.batch_execute(&sql).await, Instant::now()) }, cancel);
    assert_eq!(support::report(&outcome.0.unwrap_err()), "57014: canceling statement due to user request");
    assert!(outcome.1 - asked < AT_MOST, "{:?} after the request", outcome.1 - asked);
    eventually("the training thread ends", AT_MOST, async || training_threads(&server) == 0).await;
    assert_eq!(client.value("SELECT status FROM ml.training_runs WHERE model = 'never'").await, "cancelled");
    assert_eq!(client.value("SELECT count(*) FROM ml.models").await, "0");
}

#[tokio::test]
async fn cancel_request_stops_predicting() {
    let server = Server::start();
    let client = connect(server.address).await;
    images(&client).await;
    client
        .run("CREATE MODEL scorer AS SELECT TRAIN_CNN(image, label, epochs => 1, seed => 1) FROM cancel_images")
        .await;
    let token = client.cancel_token();
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        token.cancel_query(NoTls).await.unwrap();
        Instant::now()
    };
    let sql = "SELECT count(PREDICT('scorer', image)) FROM cancel_images, generate_series(1, 10000000) AS g(x)";
    let (outcome, asked) = tokio::join!(async { (client.batch_execute(sql).await, Instant::now()) }, cancel);
    assert_eq!(support::report(&outcome.0.unwrap_err()), "57014: canceling statement due to user request");
    assert!(outcome.1 - asked < AT_MOST, "{:?} after the request", outcome.1 - asked);
    becomes_idle(&server).await;
}

#[tokio::test]
async fn statement_timeout_covers_the_whole_statement() {
    let server = Server::start();
    let client = connect(server.address).await;
    images(&client).await;
    client.run("SET statement_timeout = '400ms'").await;
    for sql in [HEAVY, ENDLESS, &training("late")] {
        let start = Instant::now();
        let error = client.batch_execute(sql).await.unwrap_err();
        assert_eq!(support::report(&error), "57014: canceling statement due to statement timeout", "{sql}");
        assert!(start.elapsed() >= Duration::from_millis(400), "{sql}: {:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_millis(2400), "{sql}: {:?}", start.elapsed());
    }
    assert_eq!(client.value("SELECT 1").await, "1");
    client.run("RESET statement_timeout").await;
    assert_eq!(client.value("SHOW statement_timeout").await, "0");
    eventually("the training thread ends", AT_MOST, async || training_threads(&server) == 0).await;
    becomes_idle(&server).await;
}

#[tokio::test]
async fn a_vanished_client_stops_its_query() {
    let server = Server::start();
    for sql in [HEAVY, ENDLESS] {
        let client = connect(server.address).await;
        let mut rows = Box::pin(client.inner.simple_query(sql));
        let waited = tokio::time::timeout(Duration::from_millis(500), &mut rows).await;
        assert!(waited.is_err(), "{sql} ended by itself");
        drop(rows);
        client.vanish();
        becomes_idle(&server).await;
    }
}

#[tokio::test]
async fn a_vanished_client_stops_its_training() {
    let server = Server::start();
    let watcher = connect(server.address).await;
    images(&watcher).await;
    let mut client = connect(server.address).await;
    let sql = training("orphan");
    {
        let Client { inner, notices, .. } = &mut client;
        tokio::select! {
            outcome = inner.batch_execute(&sql) => panic!("training ended: {outcome:?}"),
            notice = notices.recv() => assert!(notice.is_some()),
        }
    }
    assert_eq!(watcher.value("SELECT status FROM ml.training_runs WHERE model = 'orphan'").await, "running");
    client.vanish();
    eventually("the run is cancelled", AT_MOST, async || {
        watcher.value("SELECT status FROM ml.training_runs WHERE model = 'orphan'").await == "cancelled"
    })
    .await;
    assert_eq!(training_threads(&server), 0);
}
