//! kill -9 at random moments: what was acknowledged is there exactly once, what was not is there whole or not at all.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use support::{Client, Random, Server, connect};

/// How often the server is killed while it inserts, and while it makes models.
const KILLS: usize = 20;

/// Rows of one INSERT: it is there with all of them or none.
const ROWS: i64 = 50;

/// Lets `work` go on until it fails because the server was killed, which happens at a random moment.
async fn until_killed(server: Server, random: &mut Random, work: impl Future<Output = ()>) {
    let pause = Duration::from_millis(random.between(5, 500));
    let kill = async {
        tokio::time::sleep(pause).await;
        tokio::task::spawn_blocking(|| server.kill()).await.unwrap();
    };
    tokio::join!(work, kill);
}

#[tokio::test]
async fn insert() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut random = Random::new(20_261_124);
    let mut acknowledged: Vec<i64> = Vec::new();
    let mut next = 0_i64;
    {
        let server = Server::open(&data);
        connect(server.address).await.run("CREATE TABLE kept (batch bigint, number bigint)").await;
        server.kill();
    }
    for round in 0..KILLS {
        let server = Server::open(&data);
        let client = connect(server.address).await;
        check_batches(&client, &acknowledged, next).await;
        let work = async {
            loop {
                let sql = format!("INSERT INTO kept SELECT {next}, x FROM generate_series(1, {ROWS}) AS g(x)");
                next += 1;
                match client.batch_execute(&sql).await {
                    Ok(()) => acknowledged.push(next - 1),
                    Err(error) => {
                        assert!(error.as_db_error().is_none(), "round {round}: {}", support::report(&error));
                        return;
                    }
                }
            }
        };
        until_killed(server, &mut random, work).await;
    }
    let server = Server::open(&data);
    check_batches(&connect(server.address).await, &acknowledged, next).await;
    println!("{} of {next} inserts were acknowledged over {KILLS} kills", acknowledged.len());
    assert!(acknowledged.len() > KILLS, "too few inserts were acknowledged to tell anything");
}

/// Acknowledged batches are there once; others are there once or not; none in part.
async fn check_batches(client: &Client, acknowledged: &[i64], next: i64) {
    let rows =
        client.query("SELECT batch, count(*), count(DISTINCT number) FROM kept GROUP BY batch", &[]).await.unwrap();
    let found: BTreeMap<i64, (i64, i64)> = rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    for (batch, counts) in &found {
        assert_eq!(*counts, (ROWS, ROWS), "batch {batch} is there in part, or twice");
        assert!(*batch < next, "batch {batch} was never sent");
    }
    for batch in acknowledged {
        assert!(found.contains_key(batch), "batch {batch} was acknowledged and is lost");
    }
}

#[tokio::test]
async fn create_model() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut random = Random::new(20_261_125);
    let mut acknowledged: BTreeMap<String, i64> = BTreeMap::new();
    let mut next = 0;
    {
        let server = Server::open(&data);
        let client = connect(server.address).await;
        client.run("CREATE TABLE points AS SELECT ARRAY[x % 7, x % 5, 1.0] AS p, x % 2 AS label FROM generate_series(1, 100) AS g(x)").await;
        server.kill();
    }
    for round in 0..KILLS {
        let server = Server::open(&data);
        let client = connect(server.address).await;
        check_models(&client, &data, &acknowledged).await;
        let work = async {
            loop {
                // Names come again, so that versions are added too.
                let name = format!("m{}", next % 13);
                let sql = format!(
                    "CREATE OR REPLACE MODEL {name} AS SELECT TRAIN_CNN(p, label, layers => ARRAY['dense(2, softmax)'], \
                     input_shape => ARRAY[3], epochs => 2, seed => {next}) FROM points"
                );
                next += 1;
                match client.batch_execute(&sql).await {
                    Ok(()) => *acknowledged.entry(name).or_default() += 1,
                    Err(error) => {
                        assert!(error.as_db_error().is_none(), "round {round}: {}", support::report(&error));
                        return;
                    }
                }
            }
        };
        until_killed(server, &mut random, work).await;
    }
    let server = Server::open(&data);
    check_models(&connect(server.address).await, &data, &acknowledged).await;
    let total: i64 = acknowledged.values().sum();
    println!("{total} of {next} models were acknowledged over {KILLS} kills");
    assert!(total > KILLS as i64, "too few models were acknowledged to tell anything");
}

/// Every acknowledged version is there, every version that is there can be used, and no file lies about without an entry.
async fn check_models(client: &Client, data: &Path, acknowledged: &BTreeMap<String, i64>) {
    let rows = client
        .query("SELECT name, max(version), count(*), count(DISTINCT version) FROM ml.model_versions GROUP BY name", &[])
        .await;
    let mut found = BTreeMap::new();
    for row in rows.unwrap() {
        let (name, newest, count, distinct): (String, i64, i64, i64) = (row.get(0), row.get(1), row.get(2), row.get(3));
        assert!(
            count == newest && distinct == count,
            "versions of {name}: {count}, {distinct} of them distinct, up to {newest}"
        );
        found.insert(name, count);
    }
    for (name, versions) in acknowledged {
        let count = found.get(name).copied().unwrap_or(0);
        assert!(count >= *versions, "{name}: {versions} versions were acknowledged, {count} are there");
    }
    for (name, versions) in &found {
        let sql = format!("SELECT count(PREDICT('{name}@{versions}', p)) FROM points");
        assert_eq!(client.value(&sql).await, "100", "{name}");
    }
    assert_eq!(client.value("SELECT count(*) FROM ml.training_runs WHERE status = 'running'").await, "0");
    let hashes: i64 = client.value("SELECT count(DISTINCT hash) FROM ml.model_versions").await.parse().unwrap();
    let files = std::fs::read_dir(data.join("models")).unwrap().count();
    assert_eq!(files as i64, hashes, "files in the folder of models");
}

/// CREATE TABLE … AS, COPY, DROP, INSERT OVERWRITE: old or new, nothing between.
#[tokio::test]
async fn other_statements() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut random = Random::new(20_261_126);
    let copied = folder.path().join("copied.csv");
    let (mut made, mut dropped, mut next): (Vec<i64>, Vec<i64>, i64) = (Vec::new(), Vec::new(), 0);
    {
        let server = Server::open(&data);
        connect(server.address)
            .await
            .run("CREATE TABLE turns AS SELECT -1 AS turn, x FROM generate_series(1, 1000) AS g(x)")
            .await;
        server.kill();
    }
    let start = Instant::now();
    for round in 0..8 {
        let server = Server::open(&data);
        let client = connect(server.address).await;
        check_tables(&client, &made, &dropped).await;
        if let Ok(text) = std::fs::read_to_string(&copied) {
            assert_eq!(text.lines().count(), 20_000, "a file that COPY wrote is not whole");
        }
        let work = async {
            loop {
                let turn = next;
                next += 1;
                let statements = [
                    format!(
                        "CREATE TABLE t{turn} AS SELECT x, 'row ' || x AS name FROM generate_series(1, 2000) AS g(x)"
                    ),
                    format!("COPY (SELECT {turn}, x FROM generate_series(1, 20000) AS g(x)) TO '{}'", copied.display()),
                    format!("INSERT OVERWRITE turns SELECT {turn}, x FROM generate_series(1, 1000) AS g(x)"),
                    format!("DROP TABLE t{turn}"),
                ];
                for (step, sql) in statements.iter().enumerate() {
                    if step == 3 && turn % 2 == 0 {
                        continue;
                    }
                    if let Err(error) = client.batch_execute(sql).await {
                        assert!(error.as_db_error().is_none(), "round {round}: {}", support::report(&error));
                        if step == 3 {
                            // It may be gone or not.
                            made.retain(|name| *name != turn);
                        }
                        return;
                    }
                    match step {
                        0 => made.push(turn),
                        3 => {
                            made.retain(|name| *name != turn);
                            dropped.push(turn);
                        }
                        _ => {}
                    }
                }
            }
        };
        until_killed(server, &mut random, work).await;
    }
    let server = Server::open(&data);
    let client = connect(server.address).await;
    check_tables(&client, &made, &dropped).await;
    let tables: i64 =
        client.value("SELECT count(*) FROM pg_class WHERE oid >= 16384 AND relkind = 'r'").await.parse().unwrap();
    let folders = std::fs::read_dir(data.join("tables")).unwrap().count();
    assert_eq!(folders as i64, tables, "folders of tables after {:?}", start.elapsed());
}

async fn check_tables(client: &Client, made: &[i64], dropped: &[i64]) {
    let rows = client
        .query(
            "SELECT relname::text FROM pg_class WHERE oid >= 16384 AND relname LIKE 't%' AND relname <> 'turns'",
            &[],
        )
        .await
        .unwrap();
    let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    for name in &found {
        let sql = format!("SELECT count(*) || ' ' || count(DISTINCT name) FROM {name}");
        assert_eq!(client.value(&sql).await, "2000 2000", "{name}");
    }
    for turn in made {
        assert!(found.contains(&format!("t{turn}")), "table t{turn} was acknowledged and is lost");
    }
    for turn in dropped {
        assert!(!found.contains(&format!("t{turn}")), "table t{turn} was dropped and is back");
    }
    let turns =
        client.value("SELECT count(*) || ' ' || count(DISTINCT turn) || ' ' || count(DISTINCT x) FROM turns").await;
    assert_eq!(turns, "1000 1 1000", "INSERT OVERWRITE left a mixture");
}

/// INSERT INTO and INSERT OVERWRITE of tables in Hive's formats: of one in the warehouse, and of a folder that others read.
#[tokio::test]
async fn warehouse() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let outside = folder.path().join("outside");
    let mut random = Random::new(20_261_127);
    let (mut acknowledged, mut next): (Vec<i64>, i64) = (Vec::new(), 0);
    {
        let server = Server::open(&data);
        let client = connect(server.address).await;
        client.run("CREATE TABLE numbers AS SELECT x FROM generate_series(1, 1000) AS g(x)").await;
        client.run("SET dialect = 'hive'").await;
        client.run("CREATE TABLE kept (batch bigint, number bigint) STORED AS TEXTFILE").await;
        client.run("CREATE TABLE turns (turn bigint, x bigint) STORED AS TEXTFILE").await;
        let external = "CREATE EXTERNAL TABLE outside (turn bigint, x bigint) PARTITIONED BY (part string)";
        client.run(&format!("{external} STORED AS TEXTFILE LOCATION '{}'", outside.display())).await;
        client.run("INSERT INTO turns SELECT -1, x FROM numbers").await;
        client.run("INSERT INTO outside PARTITION (part = 'a') SELECT -1, x FROM numbers").await;
        server.kill();
    }
    for round in 0..KILLS {
        let server = Server::open(&data);
        let client = connect(server.address).await;
        check_batches(&client, &acknowledged, next).await;
        check_turns(&client).await;
        client.run("SET dialect = 'hive'").await;
        let work = async {
            loop {
                let turn = next;
                next += 1;
                let statements = [
                    format!("INSERT INTO kept SELECT {turn}, x FROM numbers WHERE x <= {ROWS}"),
                    format!("INSERT OVERWRITE TABLE turns SELECT {turn}, x FROM numbers"),
                    format!("INSERT OVERWRITE TABLE outside PARTITION (part = 'a') SELECT {turn}, x FROM numbers"),
                ];
                for (step, sql) in statements.iter().enumerate() {
                    if let Err(error) = client.batch_execute(sql).await {
                        assert!(error.as_db_error().is_none(), "round {round}: {}", support::report(&error));
                        return;
                    }
                    if step == 0 {
                        acknowledged.push(turn);
                    }
                }
            }
        };
        until_killed(server, &mut random, work).await;
    }
    let server = Server::open(&data);
    let client = connect(server.address).await;
    check_batches(&client, &acknowledged, next).await;
    check_turns(&client).await;
    println!("{} of {next} inserts were acknowledged over {KILLS} kills", acknowledged.len());
    assert!(acknowledged.len() > KILLS, "too few inserts were acknowledged to tell anything");
}

async fn check_turns(client: &Client) {
    for table in ["turns", "outside"] {
        let sql = format!("SELECT count(*) || ' ' || count(DISTINCT turn) || ' ' || count(DISTINCT x) FROM {table}");
        assert_eq!(client.value(&sql).await, "1000 1 1000", "INSERT OVERWRITE left a mixture in {table}");
    }
}
