//! Results are streamed: whatever their size and whoever reads them, the server's memory stays as it was.

mod support;

use futures::{StreamExt, TryStreamExt};
use std::time::Duration;
use support::{Server, connect};
use tokio_postgres::SimpleQueryMessage;

const ROWS: u64 = 2_000_000;

/// What two million rows may cost.
const GROWTH_BYTES: u64 = 100 << 20;

const SQL: &str =
    "SELECT x, 'this is row number ' || x AS name, x * 0.5 AS half FROM generate_series(1, 2000000) AS g(x)";

/// Resident memory after the first results have warmed the server up.
async fn base(server: &Server) -> u64 {
    let client = connect(server.address).await;
    client.query("SELECT x, x || '' FROM generate_series(1, 50000) AS g(x)", &[]).await.unwrap();
    server.resident_bytes()
}

#[tokio::test]
async fn by_the_simple_protocol() {
    let server = Server::start();
    let base = base(&server).await;
    let client = connect(server.address).await;
    let mut stream = Box::pin(client.simple_query_raw(SQL).await.unwrap());
    let (mut rows, mut sum, mut most) = (0_u64, 0_u64, base);
    while let Some(message) = stream.try_next().await.unwrap() {
        if let SimpleQueryMessage::Row(row) = message {
            rows += 1;
            sum += row.get(0).and_then(|text| text.parse::<u64>().ok()).expect("a number");
            if rows % 200_000 == 0 {
                most = most.max(server.resident_bytes());
            }
        }
    }
    assert_eq!((rows, sum), (ROWS, ROWS * (ROWS + 1) / 2));
    assert!(most < base + GROWTH_BYTES, "{} MiB, then {} MiB", base >> 20, most >> 20);
}

#[tokio::test]
async fn by_the_extended_protocol() {
    let server = Server::start();
    let base = base(&server).await;
    let client = connect(server.address).await;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 0] = [];
    let mut stream = Box::pin(client.query_raw(SQL, parameters).await.unwrap());
    let (mut rows, mut sum, mut most) = (0_u64, 0_u64, base);
    while let Some(row) = stream.try_next().await.unwrap() {
        rows += 1;
        sum += row.get::<_, i64>(0) as u64;
        if rows % 200_000 == 0 {
            most = most.max(server.resident_bytes());
        }
    }
    assert_eq!((rows, sum), (ROWS, ROWS * (ROWS + 1) / 2));
    assert!(most < base + GROWTH_BYTES, "{} MiB, then {} MiB", base >> 20, most >> 20);
}

/// A client that does not read holds nothing up but its own statement.
#[tokio::test]
async fn for_a_client_that_does_not_read() {
    use std::io::Write;
    let server = Server::start();
    let base = base(&server).await;
    // A raw socket that asks and never reads: tokio-postgres would read on its own.
    let mut socket = std::net::TcpStream::connect(server.address).unwrap();
    let mut body = 0x0003_0000_u32.to_be_bytes().to_vec();
    body.extend(b"user\0mead\0database\0default\0\0");
    socket.write_all(&(body.len() as u32 + 4).to_be_bytes()).unwrap();
    socket.write_all(&body).unwrap();
    socket.write_all(b"Q").unwrap();
    socket.write_all(&(SQL.len() as u32 + 5).to_be_bytes()).unwrap();
    socket.write_all(SQL.as_bytes()).unwrap();
    socket.write_all(b"\0").unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let grown = server.resident_bytes();
    assert!(grown < base + GROWTH_BYTES, "{} MiB, then {} MiB", base >> 20, grown >> 20);
    let other = connect(server.address).await;
    assert_eq!(other.value("SELECT count(*) FROM generate_series(1, 1000)").await, "1000");
}

/// One row at a time, by a portal.
#[tokio::test]
async fn by_a_portal() {
    let server = Server::start();
    let base = base(&server).await;
    let mut client = connect(server.address).await;
    let transaction = client.transaction().await.unwrap();
    let portal = transaction.bind(SQL, &[]).await.unwrap();
    let mut rows = 0;
    for _ in 0..20 {
        let stream = transaction.query_portal_raw(&portal, 50_000).await.unwrap();
        rows += Box::pin(stream).fold(0_u64, async |count, row| count + u64::from(row.is_ok())).await;
    }
    assert_eq!(rows, 1_000_000);
    let most = server.resident_bytes();
    assert!(most < base + GROWTH_BYTES, "{} MiB, then {} MiB", base >> 20, most >> 20);
}
