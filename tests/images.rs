//! Images of any number and size are made in bounded memory.

mod support;

use std::time::{Duration, Instant};

use support::{Client, Server, connect};
use tokio_postgres::NoTls;

/// A grey PNG of 4×2 pixels.
const PNG: &str = "\\x89504e470d0a1a0a0000000d49484452000000040000000208000000005ac322bf000000124944415478da636060646266e0e2e6e1050000a00035a143ca730000000049454e44ae426082";

/// As images of 224×224×3 they take 3.6 GB.
const ROWS: usize = 6000;

const GROWTH_BYTES: u64 = 400 << 20;

const IMAGE: &str = "IMAGE_RESIZE(IMAGE_DECODE(png, channels => 3), 224, 224)";

async fn photos(client: &Client, rows: usize) {
    let sql = format!(
        "CREATE TABLE photos AS SELECT x AS id, '{PNG}'::bytea AS png, CASE WHEN x % 2 = 0 THEN 'even' ELSE 'odd' END AS parity \
         FROM generate_series(1, {rows}) AS g(x)"
    );
    client.run(&sql).await;
}

fn server(limit: &str) -> Server {
    Server::start_with(|command| {
        command.arg("--memory-limit").arg(limit);
    })
}

/// Runs `work`, and tells by how much the server's memory grew at most.
async fn growth<T>(server: &Server, work: impl Future<Output = T>) -> (T, u64) {
    let base = server.resident_bytes();
    let mut most = base;
    let mut work = Box::pin(work);
    loop {
        match tokio::time::timeout(Duration::from_millis(50), &mut work).await {
            Ok(result) => return (result, most - base),
            Err(_) => most = most.max(server.resident_bytes()),
        }
    }
}

#[tokio::test]
async fn many_large_images_in_little_memory() {
    let server = server("1GiB");
    let client = connect(server.address).await;
    photos(&client, ROWS).await;
    for (sql, expected) in [
        (format!("SELECT count({IMAGE}) FROM photos"), ROWS.to_string()),
        (format!("SELECT count(*) FROM photos WHERE ({IMAGE})[1] >= 0"), ROWS.to_string()),
        (
            format!(
                "SELECT (sum(cardinality(i)) / {ROWS})::bigint FROM (SELECT NORMALIZE({IMAGE}) AS i, id FROM photos) p WHERE id > 0"
            ),
            "150528".to_owned(),
        ),
        (
            "SELECT count(d) FROM (SELECT IMAGE_CROP(IMAGE_DECODE(png, channels => 3), 0, 0, 1, 1) AS d FROM photos) p"
                .to_owned(),
            ROWS.to_string(),
        ),
    ] {
        let (found, grown) = growth(&server, client.value(&sql)).await;
        assert_eq!(found, expected, "{sql}");
        assert!(grown < GROWTH_BYTES, "{sql}: {} MiB", grown >> 20);
    }
}

#[tokio::test]
async fn a_table_of_large_images() {
    let server = server("1GiB");
    let client = connect(server.address).await;
    photos(&client, 1500).await;
    // 900 MB of images, written, read and sorted by another column.
    let (_, grown) =
        growth(&server, client.run(&format!("CREATE TABLE large AS SELECT id, {IMAGE} AS image FROM photos"))).await;
    assert!(grown < 2 * GROWTH_BYTES, "{} MiB", grown >> 20);
    let (sum, grown) = growth(&server, client.value("SELECT sum(cardinality(image)) FROM large")).await;
    assert_eq!(sum, (1500 * 224 * 224 * 3).to_string());
    assert!(grown < GROWTH_BYTES, "{} MiB", grown >> 20);
}

#[tokio::test]
async fn a_model_trains_on_large_images_and_predicts_them() {
    let server = server("2GiB");
    let client = connect(server.address).await;
    photos(&client, 4000).await;
    let train = format!(
        "CREATE MODEL large AS SELECT TRAIN_CNN({IMAGE}, parity, layers => ARRAY['maxpool(32x32)', 'flatten', 'dense(2, softmax)'], input_shape => ARRAY[224, 224, 3], epochs => 1, seed => 1) \
         FROM photos WHERE id <= 300"
    );
    let (_, grown) = growth(&server, client.run(&train)).await;
    // Training holds its 180 MB of images.
    assert!(grown < 2 * GROWTH_BYTES, "{} MiB", grown >> 20);
    let sql = format!("SELECT count(PREDICT('large', {IMAGE})) FROM photos");
    let (found, grown) = growth(&server, client.value(&sql)).await;
    assert_eq!(found, "4000");
    assert!(grown < GROWTH_BYTES, "{} MiB", grown >> 20);
}

#[tokio::test]
async fn one_image_that_is_too_large() {
    let server = server("64MiB");
    let client = connect(server.address).await;
    photos(&client, 10).await;
    let error = client.failure("SELECT count(IMAGE_RESIZE(png, 8000, 8000, channels => 3)) FROM photos").await;
    assert_eq!(
        (error.code().code(), error.message()),
        ("53200", "out of memory: the images of one row take 768000000 bytes")
    );
    assert_eq!(error.hint(), Some("make smaller images, or raise the server's memory limit"));
    assert_eq!(client.value("SELECT 1").await, "1");
}

#[tokio::test]
async fn large_images_can_be_cancelled() {
    let server = server("1GiB");
    let client = connect(server.address).await;
    photos(&client, 20_000).await;
    let token = client.cancel_token();
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        token.cancel_query(NoTls).await.unwrap();
        Instant::now()
    };
    let sql = format!("SELECT count({IMAGE}) FROM photos");
    let (outcome, asked) = tokio::join!(async { (client.batch_execute(&sql).await, Instant::now()) }, cancel);
    assert_eq!(support::report(&outcome.0.unwrap_err()), "57014: canceling statement due to user request");
    assert!(outcome.1 - asked < Duration::from_secs(2), "{:?}", outcome.1 - asked);
}
