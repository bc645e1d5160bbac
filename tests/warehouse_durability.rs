//! kill -9 while tables of the warehouse are overwritten, changed, altered and dropped: each is as it was or as it was to be,
//! nothing between, and what was acknowledged stays.
//!
//! `MEAD_KILLS=500` kills more often than the tests of every day do.

mod support;

use std::path::Path;
use std::time::Duration;

use support::{Client, Random, Server, connect};

const KILLS: usize = 25;

/// Rows of every table, all with the same number `k`: a reader who sees two numbers, or other rows, sees something between.
const ROWS: i64 = 2000;

/// A table, how it is made, and the number that it had when it was last looked at.
struct Table {
    name: &'static str,
    make: String,
    k: i32,
}

impl Table {
    fn new(name: &'static str, make: impl Into<String>) -> Self {
        Self { name, make: make.into(), k: 0 }
    }

    fn is_partitioned(&self) -> bool {
        self.make.contains("PARTITIONED BY")
    }

    /// Gives every row another number: by INSERT OVERWRITE, or, in a table that can be changed, in one of three ways.
    fn next(&self, way: u64) -> String {
        let (name, k) = (self.name, self.k + 1);
        match (name, way % 3) {
            ("changed", 1) => format!("UPDATE changed SET k = {k}"),
            ("changed", 2) => {
                format!("MERGE INTO changed USING seed ON changed.id = seed.id WHEN MATCHED THEN UPDATE SET k = {k}")
            }
            _ if self.is_partitioned() => {
                format!("INSERT OVERWRITE TABLE {name} PARTITION (p) SELECT id, {k}, id % 7 FROM seed")
            }
            _ => format!("INSERT OVERWRITE TABLE {name} (id, k) SELECT id, {k} FROM seed"),
        }
    }
}

fn tables(folder: &Path) -> Vec<Table> {
    let outside = folder.join("outside");
    let place = |name: &str| outside.join(name).display().to_string();
    let columns = "(id INT, k INT)";
    vec![
        Table::new("lines", format!("CREATE TABLE lines {columns}")),
        Table::new("stripes", format!("CREATE TABLE stripes {columns} STORED AS ORC")),
        Table::new("parts", format!("CREATE TABLE parts {columns} PARTITIONED BY (p INT)")),
        Table::new("changed", format!("CREATE TABLE changed {columns} TBLPROPERTIES ('transactional' = 'true')")),
        Table::new("altered", format!("CREATE TABLE altered {columns}")),
        Table::new("lake", format!("CREATE EXTERNAL TABLE lake {columns} LOCATION '{}'", place("lake"))),
        Table::new(
            "lake_parts",
            format!(
                "CREATE EXTERNAL TABLE lake_parts {columns} PARTITIONED BY (p INT) STORED AS PARQUET LOCATION '{}'",
                place("lake_parts")
            ),
        ),
    ]
}

async fn hive(server: &Server) -> Client {
    let client = connect(server.address).await;
    client.run("SET dialect = 'hive'").await;
    client
}

#[tokio::test]
async fn tables_are_as_they_were_or_as_they_were_to_be() {
    let kills = std::env::var("MEAD_KILLS").map_or(KILLS, |kills| kills.parse().expect("MEAD_KILLS is a number"));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut random = Random::new(20_261_126);
    let mut tables = tables(folder.path());
    let mut server = Server::open(&data);
    let mut client = connect(server.address).await;
    client.run(&format!("CREATE TABLE seed AS SELECT x::int AS id FROM generate_series(1, {ROWS}) AS g(x)")).await;
    client.run("SET dialect = 'hive'").await;
    for table in &tables {
        client.run(&table.make).await;
        client.run(&Table { k: -1, name: table.name, make: table.make.clone() }.next(0)).await;
    }
    let (mut acknowledged, mut columns) = (0, 0);
    for round in 0..kills {
        let chosen = random.between(0, tables.len() as u64 + 2) as usize;
        let sql = match tables.get(chosen) {
            Some(table) => table.next(random.between(0, 3)),
            None if chosen == tables.len() => {
                columns += 1;
                format!("ALTER TABLE altered ADD COLUMNS (more{columns} INT)")
            }
            None => {
                client.run("CREATE TABLE IF NOT EXISTS victim (id INT)").await;
                "DROP TABLE victim".to_owned()
            }
        };
        let pause = Duration::from_micros(random.between(0, 60_000));
        let work = client.batch_execute(&sql);
        let kill = async {
            tokio::time::sleep(pause).await;
            tokio::task::spawn_blocking(|| server.kill()).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(work, kill);
        let ended = match outcome {
            Ok(()) => true,
            Err(error) => {
                assert!(error.as_db_error().is_none(), "round {round}, {sql}: {}", support::report(&error));
                false
            }
        };
        acknowledged += usize::from(ended);
        server = Server::open(&data);
        client = hive(&server).await;
        for (number, table) in tables.iter_mut().enumerate() {
            let before = table.k;
            check(&client, table, &format!("round {round}, {sql}")).await;
            let moved = table.k != before;
            assert!(number == chosen || !moved, "round {round}, {sql}: {} has changed too", table.name);
            assert!(number != chosen || moved || !ended, "round {round}: {sql} was acknowledged and is lost");
        }
        if chosen > tables.len() {
            let left = client.query("SHOW TABLES LIKE 'victim'", &[]).await.unwrap();
            assert!(left.is_empty() || !ended, "round {round}: the dropped table is there again");
            if !left.is_empty() {
                client.run("SELECT count(*) FROM victim").await;
            }
        }
    }
    println!("{acknowledged} of {kills} statements were acknowledged before the kill");
    assert!(acknowledged > 0 && acknowledged < kills, "every kill came too early, or too late, to tell anything");
}

/// All rows are there once, and have one number: the old one or the next.
async fn check(client: &Client, table: &mut Table, when: &str) {
    let name = table.name;
    let sql = format!("SELECT count(*), count(DISTINCT id), min(k), max(k) FROM {name}");
    let row = client.query_one(&sql, &[]).await.unwrap_or_else(|error| panic!("{when}: {}", support::report(&error)));
    let (rows, ids, least, most): (i64, i64, i32, i32) = (row.get(0), row.get(1), row.get(2), row.get(3));
    assert_eq!((rows, ids), (ROWS, ROWS), "{when}: rows of {name}");
    assert_eq!(least, most, "{when}: {name} is between two states");
    assert!(least == table.k || least == table.k + 1, "{when}: {name} had {}, and has {least}", table.k);
    table.k = least;
}
