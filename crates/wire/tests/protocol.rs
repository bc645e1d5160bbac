//! Raw message scripts. Where the answers are PostgreSQL's to define, they are those of a PostgreSQL 15 to the same bytes.

mod support;

use std::time::Duration;

use mead_common::Diagnostic;
use mead_wire::{Server, TlsConfig};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ENDLESS: &str = "SELECT value FROM generate_series(1, 100000000000) AS g (value)";

#[tokio::test]
async fn a_connection_starts() {
    let server = Running::start().await;
    let client = server.client().await;
    let kinds: Vec<u8> = client.start.iter().map(|(kind, _)| *kind).filter(|&kind| kind != b'S').collect();
    assert_eq!(kinds, b"RKZ");
    assert_eq!(client.key().len(), 8);
    let settings: Vec<String> = client
        .start
        .iter()
        .filter(|(kind, _)| *kind == b'S')
        .map(|(_, body)| String::from_utf8_lossy(body).into())
        .collect();
    for expected in
        ["client_encoding\0UTF8\0", "standard_conforming_strings\0on\0", "integer_datetimes\0on\0", "TimeZone\0UTC\0"]
    {
        assert!(settings.iter().any(|setting| setting == expected), "{expected} in {settings:?}");
    }
    // 3.2 has long keys; a newer version and unknown options are negotiated down.
    let client = server.client_with(2, &[("user", "mead"), ("database", "default")]).await;
    assert_eq!(client.key().len(), 4 + 32);
    let wishes = [
        ("user", "mead"),
        ("database", "default"),
        ("_pq_.command_compression", "1"),
        ("options", "-c TimeZone=Asia/Tokyo"),
    ];
    let client = server.client_with(9, &wishes).await;
    assert_eq!(client.start[0], (b'v', b"\0\x03\0\x02\0\0\0\x01_pq_.command_compression\0".to_vec()));
    assert!(client.start.contains(&(b'S', b"TimeZone\0Asia/Tokyo\0".to_vec())));
    server.stop().await;
}

#[tokio::test]
async fn strangers_are_sent_away() {
    let server = Running::start_with(|config| config.authentication_timeout = Duration::from_millis(300)).await;
    for (packet, code) in [
        (&b"\0\0\0\x08\0\x02\0\0"[..], "0A000"),
        (b"\0\0\0\x07", "08P01"),
        (b"\xff\xff\xff\xff", "08P01"),
        (b"GET / HTTP/1.1\r\n\r\n", "08P01"),
        (b"\0\0\0\x09\0\x03\0\0\0", "28000"),
        (b"\0\0\0\x08\x04\xd2\x16\x2fSELECT 1", "08P01"),
    ] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(packet).await.unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        assert_eq!(answer[0], b'E');
        assert_eq!((field(&answer[5..], b'V'), field(&answer[5..], b'C')), ("FATAL".to_owned(), code.to_owned()));
    }
    for code in [80_877_103_u32, 80_877_104] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(&[8_u32.to_be_bytes(), code.to_be_bytes()].concat()).await.unwrap();
        assert_eq!(socket.read_u8().await.unwrap(), b'N');
    }
    let refused = server.client_with(0, &[("user", "mead"), ("database", "nosuch")]).await;
    assert_eq!(transcript(&refused.start), "R E(3D000) end");
    // Who says nothing is dropped.
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let dropped = tokio::time::timeout(Duration::from_secs(5), silent.read(&mut [0])).await;
    assert_eq!(dropped.unwrap().unwrap(), 0);
    server.stop().await;
}

#[tokio::test]
async fn simple_queries() {
    let server = Running::start().await;
    let mut client = server.client().await;
    assert_eq!(client.query("").await, "I ZI");
    assert_eq!(client.query(" ; ; ").await, "I ZI");
    assert_eq!(client.query("SELECT 1, NULL, 'x'").await, "T D(1,-,x) C(SELECT 1) ZI");
    assert_eq!(client.query("SELECT 1; SELECT 2;").await, "T D(1) C(SELECT 1) T D(2) C(SELECT 1) ZI");
    assert_eq!(client.query("SELECT 1; SELECT 1/0; SELECT 3").await, "T D(1) C(SELECT 1) T E(22012) ZI");
    assert_eq!(client.query("SELECT 1; SELEC 2").await, "E(42601) ZI");
    assert_eq!(client.query("BEGIN").await, "C(BEGIN) ZT");
    assert_eq!(client.query("SELECT nosuch").await, "E(42703) ZE");
    assert_eq!(client.query("SELECT 1").await, "E(25P02) ZE");
    assert_eq!(client.query("ROLLBACK").await, "C(ROLLBACK) ZI");
    assert_eq!(client.ask(&[message(b'Q', b"SELECT '\xff'\0")]).await, "E(22021) ZI");
    assert_eq!(client.ask(&[message(b'Q', b"SELECT 1")]).await, "E(08P01) ZI");
    client.send(&[query("SET application_name = 'a test'")]).await;
    let answers = client.until(b'Z').await;
    assert!(answers.contains(&(b'S', b"application_name\0a test\0".to_vec())));
    server.stop().await;
}

#[tokio::test]
async fn extended_queries() {
    let server = Running::start().await;
    let mut client = server.client().await;
    let whole = [
        parse("a", "SELECT $1::int4", &[23]),
        bind("p", "a", &[], &[Some(b"5")], &[]),
        describe(b'P', "p"),
        execute("p", 0),
    ];
    assert_eq!(client.ask(&[whole.concat(), execute("p", 0), sync()]).await, "1 2 T D(5) C(SELECT 1) C(SELECT 0) ZI");
    assert_eq!(client.ask(&[describe(b'S', "a"), sync()]).await, "t T ZI");
    assert_eq!(
        client.ask(&[bind("", "a", &[1], &[Some(&[0, 0, 0, 5])], &[1]), execute("", 0), sync()]).await,
        "2 D(\0\0\0\u{5}) C(SELECT 1) ZI"
    );
    assert_eq!(client.ask(&[bind("", "a", &[], &[None], &[]), execute("", 0), sync()]).await, "2 D(-) C(SELECT 1) ZI");
    // Errors, each followed by what is skipped.
    for (bad, code) in [
        (parse("a", "SELECT 1", &[]), "42P05"),
        (parse("", "SELECT 1; SELECT 2", &[]), "42601"),
        (bind("", "nope", &[], &[], &[]), "26000"),
        (bind("", "a", &[], &[], &[]), "08P01"),
        (bind("", "a", &[0, 0], &[Some(b"1")], &[]), "08P01"),
        (bind("", "a", &[], &[Some(b"1")], &[0, 0]), "08P01"),
        (bind("", "a", &[9], &[Some(b"1")], &[]), "22023"),
        (bind("", "a", &[], &[Some(b"abc")], &[]), "22P02"),
        (bind("", "a", &[], &[Some(b"9999999999")], &[]), "22003"),
        (bind("", "a", &[1], &[Some(&[0, 0])], &[]), "08P01"),
        (bind("", "a", &[1], &[Some(&[0; 5])], &[]), "22P03"),
        (describe(b'S', "nope"), "26000"),
        (describe(b'P', "nope"), "34000"),
        (describe(b'Q', "a"), "08P01"),
        (execute("nope", 0), "34000"),
        (close(b'Q', "a"), "08P01"),
        (message(b'B', b"\0"), "08P01"),
        (message(b'E', b"\0\0\0\0\0junk"), "08P01"),
    ] {
        let answer = client.ask(&[bad, execute("", 0), query("SELECT 'skipped'"), sync()]).await;
        assert_eq!(answer, format!("E({code}) ZI"));
    }
    assert_eq!(client.ask(&[close(b'S', "nope"), close(b'P', "nope"), sync()]).await, "3 3 ZI");
    assert_eq!(
        client
            .ask(&[parse("", "", &[]), bind("", "", &[], &[], &[]), describe(b'P', ""), execute("", 0), sync()])
            .await,
        "1 2 n I ZI"
    );
    let utility =
        [parse("", "SET application_name = 'x'", &[]), bind("", "", &[], &[], &[]), describe(b'P', ""), execute("", 0)];
    assert_eq!(client.ask(&[utility.concat(), execute("", 0), sync()]).await, "1 2 n C(SET) E(55000) ZI");
    assert_eq!(client.ask(&[sync(), sync()]).await, "ZI");
    assert_eq!(transcript(&client.until(b'Z').await), "ZI");
    assert_eq!(client.ask(&[message(b'd', b"x"), message(b'c', b""), sync()]).await, "ZI");
    // Flush sends what there is, without Sync.
    client.send(&[parse("f", "SELECT 1", &[]), message(b'H', b"")]).await;
    assert_eq!(client.read().await.0, b'1');
    assert_eq!(client.ask(&[message(b'?', b"")]).await, "E(08P01) end");
    server.stop().await;
}

#[tokio::test]
async fn portals_suspend_resume_and_interleave() {
    let server = Running::start().await;
    let mut client = server.client().await;
    let series = parse("", "SELECT value FROM generate_series(1, 3) AS g (value)", &[]);
    let open = |name| bind(name, "", &[], &[], &[]);
    let answer =
        client.ask(&[series.clone(), open("p"), execute("p", 3), execute("p", 2), execute("p", 0), sync()]).await;
    assert_eq!(answer, "1 2 D(1) D(2) D(3) s C(SELECT 0) C(SELECT 0) ZI");
    assert_eq!(client.ask(&[execute("p", 0), sync()]).await, "E(34000) ZI");
    assert_eq!(client.query("BEGIN").await, "C(BEGIN) ZT");
    let answer = client.ask(&[series, open("a"), open("b"), execute("a", 2), execute("b", 1), sync()]).await;
    assert_eq!(answer, "1 2 2 D(1) D(2) s D(1) s ZT");
    assert_eq!(client.ask(&[execute("a", 2), execute("b", 1), sync()]).await, "D(3) C(SELECT 1) D(2) s ZT");
    assert_eq!(client.ask(&[bind("b", "", &[], &[], &[]), sync()]).await, "E(42P03) ZE");
    assert_eq!(client.ask(&[execute("b", 1), sync()]).await, "E(25P02) ZE");
    assert_eq!(client.query("ROLLBACK").await, "C(ROLLBACK) ZI");
    assert_eq!(client.ask(&[execute("b", 1), sync()]).await, "E(34000) ZI");
    server.stop().await;
}

#[tokio::test]
async fn a_request_can_be_cancelled() {
    let server = Running::start().await;
    for minor in [0, 2] {
        let mut client = server.client_with(minor, &[("user", "mead"), ("database", "default")]).await;
        client.send(&[query(ENDLESS)]).await;
        assert_eq!(client.read().await.0, b'T');
        let mut wrong = client.key();
        *wrong.last_mut().unwrap() ^= 1;
        cancel(server.address, &wrong).await;
        for _ in 0..100_000 {
            assert_eq!(client.read().await.0, b'D', "a wrong key changes nothing");
        }
        cancel(server.address, &client.key()).await;
        let answers = client.until(b'Z').await;
        assert!(transcript(&answers).ends_with("E(57014) ZI"));
        assert_eq!(client.query("SELECT 1").await, "T D(1) C(SELECT 1) ZI");
    }
    server.stop().await;
}

/// Requests are read while answers wait to be taken: neither side waits for the other.
#[tokio::test]
async fn a_client_may_send_much_before_it_reads() {
    let server = Running::start().await;
    let mut client = server.client().await;
    let requests = 200;
    let request = query("SELECT repeat('x', 10000) FROM generate_series(1, 50) AS g (value)");
    let (mut reading, mut writing) = client.socket.split();
    let write = async { writing.write_all(&request.repeat(requests)).await.unwrap() };
    let read = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (mut ready, mut bytes, mut buffer) = (0, 0, vec![0; 1 << 20]);
        let one = b"SELECT 50\0Z\0\0\0\x05I";
        let mut tail = Vec::new();
        while ready < requests {
            let read = reading.read(&mut buffer).await.unwrap();
            assert!(read > 0);
            bytes += read;
            tail.extend_from_slice(&buffer[..read]);
            ready += tail.windows(one.len()).filter(|window| *window == one).count();
            let keep = tail.len().saturating_sub(one.len() - 1);
            tail.drain(..keep);
        }
        bytes
    };
    let (_, bytes) = tokio::join!(write, read);
    assert!(bytes > requests * 50 * 10_000);
    server.stop().await;
}

#[tokio::test]
async fn there_is_a_limit_to_connections() {
    let server = Running::start_with(|config| config.max_connections = 2).await;
    let (first, _second) = (server.client().await, server.client().await);
    let third = server.client().await;
    assert_eq!(transcript(&third.start), "R E(53300) end");
    drop(first);
    for attempt in 0.. {
        let client = server.client().await;
        if client.start.last().is_some_and(|(kind, _)| *kind == b'Z') {
            break;
        }
        assert!(attempt < 100, "the place of a client who left is free");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_stopping_server_says_so() {
    let server = Running::start().await;
    let mut idle = server.client().await;
    let mut busy = server.client().await;
    busy.send(&[query(ENDLESS)]).await;
    assert_eq!(busy.read().await.0, b'T');
    let ending = tokio::spawn(server.stop());
    assert_eq!(transcript(&idle.until(0).await), "E(57P01) end");
    assert!(transcript(&busy.until(0).await).ends_with("E(57P01) end"));
    tokio::time::timeout(Duration::from_secs(5), ending).await.unwrap().unwrap();
}

fn tls(key: &str) -> Option<TlsConfig> {
    let fixture = |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    Some(TlsConfig { certificate_file: fixture("server.crt"), key_file: fixture(key) })
}

#[tokio::test]
async fn an_unsafe_server_does_not_start() {
    let (engine, _data) = engine().await;
    let mut everywhere = config();
    everywhere.listen = "0.0.0.0:0".to_owned();
    let mut everywhere_with_tls = everywhere.clone();
    everywhere_with_tls.tls = tls("server.key");
    let mut wrong_key = config();
    wrong_key.tls = tls("other.key");
    let mut no_key = config();
    no_key.tls = tls("server.crt");
    let mut no_file = config();
    no_file.tls = tls("nosuch.key");
    let mut required = config();
    required.require_tls = true;
    for (config, message) in [
        (everywhere, "without TLS: it is not a loopback address"),
        (everywhere_with_tls, "without passwords: it is not a loopback address"),
        (wrong_key, "the certificate and the private key cannot be used"),
        (no_key, "no private key in"),
        (no_file, "No such file or directory"),
        (required, "TLS is required but has no certificate and key"),
    ] {
        let Err(error) = Server::bind(config, engine.clone()).await else { panic!("{message}") };
        let report = Diagnostic::from(error);
        assert!(report.message.contains(message), "{report}");
        assert_eq!(report.sqlstate.code(), "F0000");
    }
}

#[tokio::test]
async fn plain_text_is_refused_where_tls_is_required() {
    let server = Running::start_with(|config| {
        config.tls = tls("server.key");
        config.require_tls = true;
    })
    .await;
    let refused = server.client().await;
    assert_eq!(transcript(&refused.start), "E(28000) end");
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(b"\0\0\0\x08\x04\xd2\x16\x2f").await.unwrap();
    assert_eq!(socket.read_u8().await.unwrap(), b'S');
    server.stop().await;
}
