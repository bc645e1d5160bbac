//! Errors as a driver sees them: SQLSTATE, message, hint and position, and a connection that goes on.
//!
//! The full texts of all of them are in `tests/sqllogic/error`; here is what tokio-postgres makes of them.

mod support;

use support::{Server, connect};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::ErrorPosition;

/// SQL, SQLSTATE, a part of the message, a part of the hint, the position (0 where there is none).
type Case = (&'static str, &'static str, &'static str, &'static str, u32);

const CASES: &[Case] = &[
    ("SELEC 1", "42601", "syntax error at or near \"SELEC\"", "", 1),
    ("SELECT 1 +", "42601", "syntax error at end of input", "", 11),
    ("SELECT * FROM nowhere", "42P01", "relation \"nowhere\" does not exist", "", 15),
    ("SELECT 'ä', * FROM nowhere", "42P01", "relation \"nowhere\" does not exist", "", 20),
    ("SELECT nmae FROM people", "42703", "column \"nmae\" does not exist", "name", 8),
    ("SELECT uppper(name) FROM people", "42883", "function uppper", "upper", 8),
    ("SELECT 1 / 0", "22012", "division by zero", "", 0),
    ("SELECT 'x'::integer", "22P02", "invalid input syntax for type integer: \"x\"", "", 8),
    ("INSERT INTO people VALUES ('x', 'y', 'z')", "42601", "", "", 0),
    ("CREATE TABLE people (x int)", "42P07", "relation \"people\" already exists", "", 14),
    ("DROP VIEW people", "42809", "\"people\" is not a view", "DROP TABLE", 11),
    ("USE nowhere", "3F000", "schema \"nowhere\" does not exist", "", 0),
    ("SET nothing = 1", "42704", "unrecognized configuration parameter \"nothing\"", "", 5),
    ("GRANT SELECT ON people TO mead", "0A000", "GRANT is not supported", "", 1),
    ("SELECT PREDICT('nobody', 1.0)", "42704", "model \"nobody\" does not exist", "SHOW MODELS", 0),
    ("DROP MODEL nobody", "42704", "model \"nobody\" does not exist", "", 12),
    ("CREATE MODEL m FROM '/no/such/file.onnx'", "58P01", "file \"/no/such/file.onnx\" does not exist", "", 0),
    (
        "CREATE MODEL m AS SELECT TRAIN_CNN(image, name) FROM people WHERE false",
        "22023",
        "no rows to train on",
        "rows",
        0,
    ),
    (
        "CREATE MODEL m AS SELECT TRAIN_CNN(image, name, wings => 2) FROM people",
        "22023",
        "unknown option \"wings\"",
        "",
        0,
    ),
    (
        "CREATE MODEL m AS SELECT TRAIN_CNN(image, name, input_shape => ARRAY[28, 28, 1]) FROM people",
        "22023",
        "image has 4 values, input_shape 28×28×1 needs 784",
        "IMAGE_RESIZE",
        0,
    ),
    (
        "CREATE MODEL m AS SELECT TRAIN_CNN(image, name, layers => ARRAY['conv3d(8)']) FROM people",
        "22023",
        "unknown layer \"conv3d\"",
        "known layers: ",
        0,
    ),
    ("CREATE MODEL m AS SELECT TRAIN_CNN(image, 'one') FROM people", "22023", "have the same label", "two classes", 0),
    ("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/no/such.csv'", "58P01", "/no/such.csv", "", 0),
    ("COPY people TO 'relative.csv'", "22023", "it is not absolute", "absolute path", 0),
];

#[tokio::test]
async fn every_mistake_has_its_report() {
    let server = Server::shared();
    let client = connect(server.address).await;
    client.run("CREATE TABLE people AS SELECT 'name' || x AS name, ARRAY[x, 1.5, 2.5, 3.5] AS image FROM generate_series(1, 4) AS g(x)").await;
    let mut wrong = Vec::new();
    for &(sql, sqlstate, message, hint, position) in CASES {
        let report = client.failure(sql).await;
        let found = match report.position() {
            Some(ErrorPosition::Original(position)) => *position,
            _ => 0,
        };
        let fits = report.code().code() == sqlstate
            && report.message().contains(message)
            && report.hint().unwrap_or_default().contains(hint)
            && found == position;
        if !fits {
            wrong.push(format!("{sql}\n  expected {sqlstate}: {message} / {hint} / {position}\n  got {report:?}"));
        }
        assert!(!report.message().contains("DataFusion"), "{sql}: {report:?}");
        assert_eq!(client.value("SELECT 1").await, "1", "after {sql}");
    }
    client.run("DROP TABLE people").await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What came before an error in one query string has been done and answered.
#[tokio::test]
async fn a_batch_keeps_what_came_before_its_error() {
    let client = connect(Server::shared().address).await;
    let error = client.simple_query("SELECT 1; SELECT 1 / 0; CREATE TABLE never (x int)").await.unwrap_err();
    assert_eq!(support::report(&error), "22012: division by zero");
    assert_eq!(client.failure("SELECT * FROM never").await.code().code(), "42P01");
    // A mistake of grammar anywhere fails the whole string before anything runs.
    let error = client.simple_query("CREATE TABLE never (x int); SELEC 2").await.unwrap_err();
    assert_eq!(support::report(&error), "42601: syntax error at or near \"SELEC\"");
    assert_eq!(client.failure("SELECT * FROM never").await.code().code(), "42P01");
}

#[tokio::test]
async fn a_failed_block_refuses_until_its_end() {
    let client = connect(Server::shared().address).await;
    client.run("BEGIN").await;
    assert_eq!(client.failure("SELECT 1 / 0").await.code().code(), "22012");
    assert_eq!(client.failure("SELECT 1").await.code().code(), "25P02");
    let messages = client.simple_query("COMMIT").await.unwrap();
    assert!(matches!(messages.last(), Some(SimpleQueryMessage::CommandComplete(_))));
    assert_eq!(client.value("SELECT 1").await, "1");
}

/// Nothing a client sends ends the server: random bytes of SQL, by both protocols.
#[tokio::test]
async fn scrambled_statements_only_fail() {
    let server = Server::shared();
    let client = connect(server.address).await;
    let mut random = support::Random::new(7);
    let seeds = [
        "SELECT a.x, count(*) FROM generate_series(1, 3) AS a(x) WHERE x IN (1, 2) GROUP BY 1 ORDER BY 2 DESC LIMIT 5",
        "CREATE MODEL m AS SELECT TRAIN_CNN(image, label, layers => ARRAY['conv2d(4, 3x3)'], epochs => 1) FROM t",
        "CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (b text) STORED AS CSV LOCATION '/no' OPTIONS ('a' 'b')",
        "SELECT CASE WHEN true THEN 1.5::numeric(4, 1) ELSE -2 END, ARRAY[1, 2][1], '2026-01-01'::date + 1, E'\\n'",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r, LATERAL (SELECT n) s",
        "PREPARE p (int) AS SELECT $1; SET x TO 'y'; SHOW TABLES; COPY (SELECT 1) TO '/no/x.csv' (FORMAT csv)",
    ];
    client.run("SET statement_timeout = '5s'").await;
    for round in 0..400 {
        let text = seeds[random.between(0, seeds.len() as u64) as usize];
        let mut letters: Vec<char> = text.chars().collect();
        for _ in 0..random.between(1, 6) {
            let at = random.between(0, letters.len() as u64) as usize;
            match random.between(0, 4) {
                0 => drop(letters.remove(at)),
                1 => letters.insert(at, char::from(random.between(32, 127) as u8)),
                2 => {
                    let other = random.between(0, letters.len() as u64) as usize;
                    letters.swap(at, other);
                }
                _ => letters.truncate(at.max(1)),
            }
        }
        let sql: String = letters.into_iter().collect();
        let failed = match round % 2 {
            0 => client.simple_query(&sql).await.err(),
            _ => client.query(&sql, &[]).await.err(),
        };
        if let Some(error) = failed {
            let report = error.as_db_error();
            let lost = client.is_closed();
            assert!(!lost, "the connection was lost by {sql:?}: {error}");
            assert_ne!(report.map(|report| report.code().code()), Some("XX000"), "{sql:?}: {report:?}");
        }
        // A statement that happened to be BEGIN or SET must not change what follows.
        client.run("ROLLBACK; RESET ALL; SET statement_timeout = '5s'").await;
    }
    assert_eq!(client.value("SELECT 1").await, "1");
}
