//! The command itself: start, stop, configuration, and `mead sql`.

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use support::server::mead;
use support::{Client, Server, connect};

#[tokio::test]
async fn sigterm_ends_an_idle_server_at_once() {
    let server = Server::start();
    let client = connect(server.address).await;
    let (status, took) = server.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(client.simple_query("SELECT 1").await.is_err());
}

#[tokio::test]
async fn sigterm_cancels_what_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::open(&data);
    let mut client = connect(server.address).await;
    let other = connect(server.address).await;
    let heavy = tokio::spawn(async move {
        let sql =
            "SELECT sum(a.x * b.x % 7) FROM generate_series(1, 10000000) AS a(x), generate_series(1, 10000000) AS b(x)";
        other.batch_execute(sql).await
    });
    client
        .run(
            "CREATE TABLE images AS SELECT IMAGE_RESIZE(ARRAY[x % 7, x % 5, x % 3, 1.0], 28, 28) AS image, x % 2 AS label \
             FROM generate_series(1, 300) AS g(x)",
        )
        .await;
    let Client { inner, notices, .. } = &mut client;
    let training =
        inner.batch_execute("CREATE MODEL m AS SELECT TRAIN_CNN(image, label, epochs => 100000) FROM images");
    let stop = async {
        notices.recv().await.expect("training runs");
        let (status, took) = tokio::task::spawn_blocking(|| server.terminate()).await.unwrap();
        assert_eq!(status.code(), Some(0));
        assert!(took < Duration::from_secs(10), "{took:?}");
    };
    let (trained, ()) = tokio::join!(training, stop);
    for (what, outcome) in [("training", trained), ("a query", heavy.await.unwrap())] {
        let error = outcome.err().unwrap_or_else(|| panic!("{what} went well"));
        let code = error.code().map(|code| code.code().to_owned());
        assert_eq!(code.as_deref(), Some("57P01"), "{what}: {error}");
    }
    let again = Server::open(&data);
    let client = connect(again.address).await;
    assert_eq!(client.value("SELECT status FROM ml.training_runs").await, "cancelled");
    assert_eq!(client.value("SELECT count(*) FROM ml.models").await, "0");
    assert_eq!(client.value("SELECT count(*) FROM images").await, "300");
}

#[tokio::test]
async fn what_was_made_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::open(&data);
    let client = connect(server.address).await;
    client.run("CREATE TABLE t AS SELECT x, 'n' || x AS name FROM generate_series(1, 1000) AS g(x); CREATE VIEW v AS SELECT max(x) AS m FROM t").await;
    client.run("CREATE SCHEMA s; CREATE TABLE s.u (y int); INSERT INTO s.u VALUES (7)").await;
    client.run("CREATE MODEL m AS SELECT TRAIN_CNN(ARRAY[x % 3, x % 5], x % 2, layers => ARRAY['dense(2, softmax)'], input_shape => ARRAY[2], epochs => 2, seed => 1) FROM t").await;
    let before = client.value("SELECT md5(string_agg(array_to_string(p, ' '), ';' ORDER BY x)) FROM (SELECT x, PREDICT_PROBA('m', ARRAY[x % 3, x % 5]) AS p FROM t) s").await;
    let oids = "SELECT string_agg(relname || oid::text, ',' ORDER BY relname) FROM pg_class WHERE oid >= 16384";
    let oids_before = client.value(oids).await;
    assert_eq!(server.terminate().0.code(), Some(0));
    let server = Server::open(&data);
    let client = connect(server.address).await;
    assert_eq!(client.value("SELECT count(*) || ' ' || max(name) FROM t").await, "1000 n999");
    assert_eq!(client.value("SELECT m FROM v").await, "1000");
    assert_eq!(client.value("SELECT y FROM s.u").await, "7");
    let after = client.value("SELECT md5(string_agg(array_to_string(p, ' '), ';' ORDER BY x)) FROM (SELECT x, PREDICT_PROBA('m', ARRAY[x % 3, x % 5]) AS p FROM t) s").await;
    assert_eq!(after, before);
    assert_eq!(client.value(oids).await, oids_before);
    assert_eq!(client.value("SELECT count(*) FROM ml.training_history").await, "2");
}

#[tokio::test]
async fn arguments_count_over_variables_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let file = path("mead.toml");
    std::fs::write(&file, format!("data_dir = '{}'\nlisten = '127.0.0.1:0'\nthreads = 1\n", path("by-file").display()))
        .unwrap();
    let started = |change: &dyn Fn(&mut std::process::Command)| {
        let mut command = mead();
        command.arg("serve").env("MEAD_CONFIG", &file);
        change(&mut command);
        Server::launch(command, &path("log"), None).unwrap_or_else(|refusal| panic!("{}", refusal.stderr))
    };
    let threads = async |server: &Server| {
        let client = connect(server.address).await;
        client.run("CREATE TABLE IF NOT EXISTS t AS SELECT ARRAY[1.0, x] AS i, x % 2 AS l FROM generate_series(1, 4) AS g(x)").await;
        let rows = client
            .simple_query("EXPLAIN SELECT TRAIN_CNN(i, l, layers => ARRAY['dense(2)'], input_shape => ARRAY[2]) FROM t")
            .await
            .unwrap();
        let text = rows.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => {
                row.get(0).filter(|line| line.contains("threads=")).map(str::to_owned)
            }
            _ => None,
        });
        text.and_then(|line| line.rsplit("threads=").next().map(str::to_owned)).expect("the plan tells its threads")
    };

    let server = started(&|_| {});
    assert!(path("by-file").join("metastore.sqlite").exists());
    assert_eq!(threads(&server).await, "1");
    drop(server);

    let server = started(&|command| {
        command.env("MEAD_DATA_DIR", path("by-variable")).env("MEAD_THREADS", "2");
    });
    assert!(path("by-variable").join("metastore.sqlite").exists());
    assert_eq!(threads(&server).await, "2");
    drop(server);

    let server = started(&|command| {
        command.env("MEAD_DATA_DIR", path("by-variable-too")).env("MEAD_THREADS", "2");
        command.arg("--data-dir").arg(path("by-argument")).args(["--threads", "3"]);
    });
    assert!(path("by-argument").join("metastore.sqlite").exists() && !path("by-variable-too").exists());
    assert_eq!(threads(&server).await, "3");
    drop(server);

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let server = started(&|command| {
        command.env("MEAD_LISTEN", format!("127.0.0.1:{port}"));
    });
    assert_eq!(server.port(), port);
}

#[test]
fn a_wrong_configuration_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mead.toml");
    let cases = [
        ("listn = '127.0.0.1:0'", "listn"),
        ("threads = 'many'", "threads"),
        ("memory_limit = 'lots'", "lots"),
        ("[[users]]\nname = 'ada'", "needs either password or verifier"),
        ("allow_paths = ['/no/such/folder']", "/no/such/folder"),
    ];
    for (text, expected) in cases {
        std::fs::write(&file, text).unwrap();
        let refusal = Server::try_start(&folder.path().join("data"), None, |command| {
            command.arg("--config").arg(&file);
        });
        let refusal = refusal.err().unwrap_or_else(|| panic!("{text}: it started"));
        assert_eq!(refusal.status.code(), Some(2), "{text}");
        assert!(refusal.stderr.contains(expected), "{text}: {}", refusal.stderr);
    }
}

#[tokio::test]
async fn memory_is_limited() {
    let server = Server::start_with(|command| {
        command.env("MEAD_MEMORY_LIMIT", "32MiB");
    });
    let client = connect(server.address).await;
    let sql = "SELECT array_length(array_agg(x), 1) FROM generate_series(1, 20000000) AS g(x)";
    let report = client.failure(sql).await;
    assert_eq!(report.code().code(), "53200", "{report:?}");
    assert!(report.hint().is_some_and(|hint| hint.contains("memory limit")), "{report:?}");
    let images = "CREATE TABLE images AS SELECT IMAGE_RESIZE(ARRAY[x % 7, 1.0, 2.0, 3.0], 64, 64) AS image, x % 2 AS label \
                  FROM generate_series(1, 5000) AS g(x)";
    client.run(images).await;
    // Rows are spilled, but a batch through such a network takes more than there is.
    let wide = "SELECT TRAIN_CNN(image, label, layers => ARRAY['conv2d(512, 3x3, relu)', 'flatten', 'dense(2, softmax)'], \
                input_shape => ARRAY[64, 64, 1], epochs => 1) FROM images";
    let report = client.failure(wide).await;
    assert_eq!(report.code().code(), "53200", "{report:?}");
    assert_eq!(client.value("SELECT count(*) FROM images").await, "5000");
}

fn sql(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = mead();
    command.arg("sql").arg("--data-dir").arg(data).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn sql_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let output = sql(
        &data,
        &["-c", "CREATE TABLE t AS SELECT 1 AS id, 'a' AS name", "-c", "SELECT id, name, NULL AS none FROM t"],
        "",
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "SELECT 1\n id | name | none \n----+------+------\n  1 | a    |\n(1 row)\n\n");

    // From a file, and from standard input.
    let file = folder.path().join("some.sql");
    std::fs::write(&file, "INSERT INTO t VALUES (2, 'b');\nSELECT count(*) AS n FROM t;\n").unwrap();
    let output = sql(&data, &["-f", file.to_str().unwrap()], "");
    assert_eq!(text(&output.stdout), "INSERT 0 1\n n \n---\n 2\n(1 row)\n\n");
    let output = sql(&data, &[], "SELECT name FROM t ORDER BY id DESC LIMIT 1");
    assert!(text(&output.stdout).contains(" b\n"), "{}", text(&output.stdout));

    // The first error ends it.
    let output = sql(&data, &["-c", "SELECT *\nFROM nowhere", "-c", "DROP TABLE t"], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "ERROR:  42P01: relation \"nowhere\" does not exist\nLINE 2: FROM nowhere\n             ^\n"
    );
    let output = sql(&data, &["-c", "SELECT count(*) FROM t; SELECT 1 / 0; DROP TABLE t"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("22012: division by zero"), "{}", text(&output.stderr));
    let output = sql(&data, &["-c", "SELECT count(*) FROM t"], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    // Wrong use.
    let output = sql(&data, &["-f", "/no/such.sql"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("/no/such.sql"));
    assert_eq!(sql(&data, &["--colour"], "").status.code(), Some(2));
    let output = mead().arg("--version").output().unwrap();
    assert!(text(&output.stdout).starts_with("mead "), "{}", text(&output.stdout));
}

/// Notices of a training, and the results, each in its place.
#[test]
fn sql_shows_progress() {
    let folder = tempfile::tempdir().unwrap();
    let train = "CREATE MODEL m AS SELECT TRAIN_CNN(ARRAY[x, 1.0], x % 2, layers => ARRAY['dense(2, softmax)'], input_shape => ARRAY[2], \
                 epochs => 3, seed => 1) FROM generate_series(1, 8) AS g(x)";
    let output = sql(&folder.path().join("data"), &["-c", train], "");
    assert_eq!(text(&output.stdout), "CREATE MODEL\n", "{}", text(&output.stderr));
    let epochs: Vec<String> = text(&output.stderr).lines().map(str::to_owned).collect();
    assert_eq!(epochs.len(), 3, "{epochs:?}");
    assert!(epochs[2].starts_with("NOTICE:  TRAIN_CNN \"m\": epoch 3/3: loss "), "{epochs:?}");
}

/// A data directory has one user at a time.
#[test]
fn a_directory_in_use_is_refused() {
    let server = Server::start();
    let output = sql(&server.data, &["-c", "SELECT 1"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("is in use"), "{}", text(&output.stderr));
    let refusal = Server::try_start(&server.data, None, |_| {}).err().expect("refused");
    assert!(refusal.stderr.contains("is in use"), "{}", refusal.stderr);
}
