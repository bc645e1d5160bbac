//! A session's edges: transaction blocks and their letters, settings that go with them, prepared statements of both protocols,
//! cursors, timeouts, bounds.

mod support;

use std::time::{Duration, Instant};

use support::protocol::{Connection, Error};
use support::{Server, connect};

/// Would take hours.
const HEAVY: &str =
    "SELECT sum(a.x * b.x % 7) FROM generate_series(1, 10000000) AS a(x), generate_series(1, 10000000) AS b(x)";

fn open() -> Connection {
    Connection::open(Server::shared().address, "mead").expect("a connection")
}

/// The first value of the last statement.
fn value(connection: &mut Connection, sql: &str) -> String {
    let answer = connection.simple(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    answer.rows[0][0].clone().unwrap_or_else(|| "NULL".to_owned())
}

/// SQLSTATE and message.
fn failure<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("no error"),
        Err(Error::Server(report)) => format!("{}: {}", report.sqlstate, report.message),
        Err(lost) => panic!("{lost}"),
    }
}

fn notices(connection: &mut Connection, sql: &str) -> Vec<String> {
    let answer = connection.simple(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    answer.notices.iter().map(|notice| format!("{}: {}", notice.sqlstate, notice.message)).collect()
}

#[test]
fn blocks_have_their_letters() {
    for extended in [false, true] {
        let mut connection = open();
        let mut run = |sql: &str| {
            let result = if extended { connection.extended(sql) } else { connection.simple(sql) };
            let outcome = match result {
                Ok(answer) => answer.tag,
                Err(Error::Server(report)) => report.sqlstate,
                Err(lost) => panic!("{lost}"),
            };
            format!("{outcome} {}", connection.status)
        };
        let steps = [
            ("SELECT 1", "SELECT 1 I"),
            ("SELECT 1/0", "22012 I"),
            ("BEGIN", "BEGIN T"),
            ("SELECT 1", "SELECT 1 T"),
            ("SELEC", "42601 E"),
            ("SELECT 1", "25P02 E"),
            ("SELECT * FROM session_nowhere", "25P02 E"),
            ("SAVEPOINT s", "25P02 E"),
            ("SHOW TimeZone", "25P02 E"),
            ("COMMIT", "ROLLBACK I"),
            ("START TRANSACTION", "BEGIN T"),
            ("SELECT 1/0", "22012 E"),
            ("ROLLBACK", "ROLLBACK I"),
            ("BEGIN", "BEGIN T"),
            ("COMMIT AND CHAIN", "COMMIT T"),
            ("ROLLBACK AND CHAIN", "ROLLBACK T"),
            ("COMMIT AND NO CHAIN", "COMMIT I"),
            ("COMMIT AND CHAIN", "25P01 I"),
            ("BEGIN ISOLATION LEVEL SERIALIZABLE", "0A000 I"),
            ("SELECT 1", "SELECT 1 I"),
        ];
        for (sql, expected) in steps {
            assert_eq!(run(sql), expected, "{sql}, extended: {extended}");
        }
    }
}

#[test]
fn blocks_warn() {
    let mut connection = open();
    assert_eq!(notices(&mut connection, "COMMIT"), ["25P01: there is no transaction in progress"]);
    assert_eq!(notices(&mut connection, "ROLLBACK"), ["25P01: there is no transaction in progress"]);
    assert_eq!(notices(&mut connection, "BEGIN; BEGIN"), ["25001: there is already a transaction in progress"]);
    assert_eq!(notices(&mut connection, "ROLLBACK"), Vec::<String>::new());
    let warning = "25P01: SET LOCAL can only be used in transaction blocks";
    assert_eq!(notices(&mut connection, "SET LOCAL TimeZone = 'Asia/Tokyo'"), [warning]);
    assert_eq!(value(&mut connection, "SHOW TimeZone"), "UTC");
}

/// Several statements in one string are one transaction, as far as the session goes.
#[test]
fn a_string_is_one_transaction() {
    let mut connection = open();
    let mixed = connection.simple("SET TimeZone = 'Asia/Tokyo'; SELECT 1/0; SET TimeZone = 'Europe/Zurich'");
    assert!(failure(mixed).starts_with("22012"));
    assert_eq!(connection.status, 'I');
    assert_eq!(value(&mut connection, "SHOW TimeZone"), "UTC");
    assert_eq!(value(&mut connection, "SET LOCAL TimeZone = 'Asia/Tokyo'; SHOW TimeZone"), "Asia/Tokyo");
    assert_eq!(value(&mut connection, "SHOW TimeZone"), "UTC");
    let committed = connection.simple("SET TimeZone = 'Asia/Tokyo'; COMMIT; SET bytea_output = 'escape'; SELECT 1/0");
    assert!(failure(committed).starts_with("22012"));
    assert_eq!(value(&mut connection, "SHOW TimeZone"), "Asia/Tokyo");
    assert_eq!(value(&mut connection, "SHOW bytea_output"), "hex");
    let answer = connection.simple("DECLARE c CURSOR FOR SELECT 7 AS x; FETCH c").unwrap();
    assert_eq!(answer.rows, [[Some("7".to_owned())]]);
    assert!(failure(connection.simple("FETCH c")).starts_with("34000"));
    // What is sent up to Sync is one too.
    assert!(failure(connection.pipeline(&["SET TimeZone = 'UTC'", "SELECT 1/0"])).starts_with("22012"));
    assert_eq!(value(&mut connection, "SHOW TimeZone"), "Asia/Tokyo");
    connection.pipeline(&["SET TimeZone = 'UTC'", "SELECT 1"]).unwrap();
    assert_eq!(value(&mut connection, "SHOW TimeZone"), "UTC");
}

#[test]
fn both_protocols_prepare_in_one_namespace() {
    let mut connection = open();
    connection.parse("wire", "SELECT 41 + 1").unwrap();
    assert_eq!(value(&mut connection, "EXECUTE wire"), "42");
    assert_eq!(
        failure(connection.simple("PREPARE wire AS SELECT 1")),
        "42P05: prepared statement \"wire\" already exists"
    );
    connection.simple("PREPARE sql AS SELECT 'sql'").unwrap();
    assert_eq!(connection.run_named("sql").unwrap().rows, [[Some("sql".to_owned())]]);
    assert_eq!(failure(connection.parse("sql", "SELECT 1")), "42P05: prepared statement \"sql\" already exists");
    let listed = connection
        .simple("SELECT name, from_sql, statement, parameter_types FROM pg_prepared_statements ORDER BY name");
    let shown: Vec<String> =
        listed.unwrap().rows.iter().map(|row| row.iter().flatten().cloned().collect::<Vec<_>>().join("|")).collect();
    assert_eq!(shown, ["sql|t|PREPARE sql AS SELECT 'sql'|{}", "wire|f|SELECT 41 + 1|{}"]);
    connection.simple("DEALLOCATE wire").unwrap();
    assert_eq!(failure(connection.run_named("wire")), "26000: prepared statement \"wire\" does not exist");
    connection.close_named("sql").unwrap();
    assert_eq!(failure(connection.simple("EXECUTE sql")), "26000: prepared statement \"sql\" does not exist");
    for end in ["DEALLOCATE ALL", "DISCARD ALL"] {
        connection.parse("wire", "SELECT 1").unwrap();
        connection.simple(end).unwrap();
        assert!(failure(connection.run_named("wire")).starts_with("26000"), "{end}");
    }
}

/// A statement that runs another by its name could run itself.
#[test]
fn prepared_statements_do_not_run_each_other() {
    let mut connection = open();
    connection.simple("PREPARE b AS SELECT 1").unwrap();
    connection.parse("a", "EXECUTE b").unwrap();
    connection.simple("DEALLOCATE b").unwrap();
    connection.parse("b", "EXECUTE a").unwrap();
    assert!(failure(connection.simple("EXECUTE a")).starts_with("0A000"));
    assert!(failure(connection.simple("PREPARE c AS EXECUTE a")).starts_with("0A000"));
    assert_eq!(value(&mut connection, "SELECT 1"), "1");
}

#[test]
fn prepared_statements_and_savepoints_are_bounded() {
    let mut connection = open();
    for text in ["SELECT 1 AS \"", "SELECT '"] {
        let end = if text.ends_with('"') { '"' } else { '\'' };
        // Each is long, so that a few are too much.
        let sql = format!("{text}{}{end}", "x".repeat(20 << 20));
        let mut kept = 0;
        let refused = loop {
            match connection.parse(&format!("s{kept}"), &sql) {
                Ok(_) => kept += 1,
                refused => break failure(refused),
            }
        };
        assert!(refused.starts_with("54000: the prepared statements and cursors"), "{refused}");
        assert_eq!(kept, 3);
        connection.simple("DEALLOCATE ALL").unwrap();
    }
    connection.simple("BEGIN").unwrap();
    let savepoints = "SAVEPOINT s;".repeat(10_001);
    assert_eq!(failure(connection.simple(&savepoints)), "54000: too many savepoints in one session");
    assert_eq!(connection.status, 'E');
    connection.simple("ROLLBACK TO s").unwrap();
    connection.simple("ROLLBACK").unwrap();
    let cursors: String = (0..1_001).map(|n| format!("DECLARE c{n} CURSOR FOR SELECT 1;")).collect();
    connection.simple("BEGIN").unwrap();
    assert_eq!(failure(connection.simple(&cursors)), "54000: too many cursors in one session");
    connection.simple("ROLLBACK").unwrap();
    assert_eq!(value(&mut connection, "SELECT count(*) FROM pg_cursors"), "0");
}

/// The rows of a cursor WITH HOLD are computed at COMMIT: they are there when the table is not, beyond what memory may hold
/// too.
#[test]
fn a_cursor_with_hold_keeps_its_rows() {
    let mut connection = open();
    connection
        .simple("CREATE TABLE session_held AS SELECT x, repeat('y', 100) AS y FROM generate_series(1, 200000) AS g(x)")
        .unwrap();
    connection.simple("BEGIN; DECLARE held CURSOR WITH HOLD FOR SELECT * FROM session_held ORDER BY x").unwrap();
    assert_eq!(value(&mut connection, "FETCH held"), "1");
    connection.simple("COMMIT").unwrap();
    connection.simple("DROP TABLE session_held").unwrap();
    assert_eq!(value(&mut connection, "FETCH held"), "2");
    assert_eq!(value(&mut connection, "SELECT name || is_holdable::text FROM pg_cursors"), "heldtrue");
    let rest = connection.simple("FETCH ALL held").unwrap();
    assert_eq!(rest.rows.len(), 199_998);
    let ordered = rest.rows.iter().enumerate().all(|(index, row)| row[0] == Some((index + 3).to_string()));
    assert!(ordered);
    connection.simple("CLOSE held").unwrap();
    connection.simple("BEGIN; DECLARE gone CURSOR WITH HOLD FOR SELECT 1; ROLLBACK").unwrap();
    assert!(failure(connection.simple("FETCH gone")).starts_with("34000"));
    connection.simple("BEGIN; SAVEPOINT s; DECLARE gone CURSOR FOR SELECT 1; ROLLBACK TO s").unwrap();
    assert!(failure(connection.simple("FETCH gone")).starts_with("34000"));
    connection.simple("ROLLBACK").unwrap();
    // A query that fails does so at COMMIT.
    connection
        .simple(
            "BEGIN; DECLARE bad CURSOR WITH HOLD FOR SELECT 1 / (x - 100000) FROM generate_series(1, 200000) AS g(x)",
        )
        .unwrap();
    assert!(failure(connection.simple("COMMIT")).starts_with("22012"));
    assert_eq!(connection.status, 'I');
    assert!(failure(connection.simple("FETCH bad")).starts_with("34000"));
}

/// Each FETCH, and each Execute of a portal, has the time that statement_timeout gives.
#[tokio::test]
async fn each_portion_has_its_own_timeout() {
    let mut client = connect(Server::shared().address).await;
    client.run("SET statement_timeout = '600ms'").await;
    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute("DECLARE c CURSOR FOR SELECT x FROM generate_series(1, 50000000) AS g(x)").await.unwrap();
    let portal = transaction.bind("SELECT x FROM generate_series(1, 50000000) AS g(x)", &[]).await.unwrap();
    for step in 0..4_i64 {
        let rows = transaction.query_portal(&portal, 10).await.unwrap();
        assert_eq!(rows[0].get::<_, i64>(0), step * 10 + 1);
        let rows = transaction.query("FETCH 10 FROM c", &[]).await.unwrap();
        assert_eq!(rows[0].get::<_, i64>(0), step * 10 + 1);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // A request to cancel is for what runs, which is nothing.
    transaction.cancel_token().cancel_query(tokio_postgres::NoTls).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(transaction.query("FETCH 10 FROM c", &[]).await.unwrap().len(), 10);
    assert_eq!(transaction.query_portal(&portal, 10).await.unwrap().len(), 10);
    let started = Instant::now();
    transaction.batch_execute(&format!("DECLARE slow CURSOR FOR {HEAVY}")).await.unwrap();
    let error = transaction.query("FETCH slow", &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "57014");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn read_only_transactions_refuse_to_write() {
    let mut connection = open();
    let refused = "25006: cannot execute CREATE TABLE in a read-only transaction";
    let create = "CREATE TABLE session_read_only (x int)";
    for begin in [
        "BEGIN READ ONLY",
        "START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
        "BEGIN; SET TRANSACTION READ ONLY",
    ] {
        connection.simple(begin).unwrap();
        assert_eq!(value(&mut connection, "SHOW transaction_read_only"), "on");
        assert_eq!(failure(connection.simple(create)), refused, "{begin}");
        connection.simple("ROLLBACK").unwrap();
    }
    connection.simple("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").unwrap();
    assert_eq!(failure(connection.simple(create)), refused);
    connection.simple("PREPARE p AS CREATE TABLE session_read_only AS SELECT 1 AS x").unwrap();
    assert_eq!(failure(connection.simple("EXECUTE p")), refused);
    connection.simple("BEGIN READ WRITE").unwrap();
    connection.simple(create).unwrap();
    connection.simple("COMMIT; SET default_transaction_read_only = off").unwrap();
    connection.simple("DROP TABLE session_read_only").unwrap();
    connection.simple("BEGIN READ ONLY; SELECT 1").unwrap();
    let late = failure(connection.simple("SET TRANSACTION READ WRITE"));
    assert_eq!(late, "25001: transaction read-write mode must be set before any query");
}

#[test]
fn idle_clients_are_sent_away() {
    let mut connection = open();
    connection.simple("SET idle_session_timeout = '200ms'").unwrap();
    let report = connection.farewell().unwrap();
    assert_eq!(report.to_string(), "57P05: terminating connection due to idle-session timeout");
    let mut connection = open();
    connection.simple("SET idle_in_transaction_session_timeout = 200").unwrap();
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(value(&mut connection, "BEGIN; SELECT 1"), "1");
    let report = connection.farewell().unwrap();
    assert_eq!(report.to_string(), "25P03: terminating connection due to idle-in-transaction timeout");
}
