//! tokio-postgres against the server: both protocols, every type in binary both ways, portals, notices, two clients at once.

mod support;

use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use support::{Client, Raw, Server, connect};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::{FromSql, ToSql, Type};
use uuid::Uuid;

#[tokio::test]
async fn simple_queries() {
    let client = connect(Server::shared().address).await;
    let messages =
        client.simple_query("SELECT 1 AS a, NULL AS b; SELECT 'x' AS c WHERE false; SET application_name = 'me'").await;
    let words: Vec<String> = messages
        .unwrap()
        .iter()
        .map(|message| match message {
            SimpleQueryMessage::Row(row) => format!("row {:?} {:?}", row.get(0), row.get(1)),
            SimpleQueryMessage::CommandComplete(count) => format!("done {count}"),
            SimpleQueryMessage::RowDescription(columns) => {
                columns.iter().map(|column| column.name().to_owned()).collect::<Vec<_>>().join(",")
            }
            _ => "other".to_owned(),
        })
        .collect();
    assert_eq!(words, ["a,b", "row Some(\"1\") None", "done 1", "c", "done 0", "done 0"]);
    assert!(client.simple_query("").await.unwrap().is_empty() || !client.is_closed());
    assert_eq!(client.value("SHOW application_name").await, "me");
}

#[tokio::test]
async fn parameters_are_inferred() {
    let client = connect(Server::shared().address).await;
    let statement = client.prepare("SELECT $1::int + 1, $2::text || '!', $3::float8 > 1.5").await.unwrap();
    assert_eq!(statement.params(), [Type::INT4, Type::TEXT, Type::FLOAT8]);
    let row = client.query_one(&statement, &[&41_i32, &"ho", &2.0_f64]).await.unwrap();
    assert_eq!(row.get::<_, String>(1), "ho!");
    assert!(row.get::<_, bool>(2));
    let statement =
        client.prepare("SELECT x FROM generate_series(1, 10) AS g(x) WHERE x > $1 ORDER BY x LIMIT $2").await.unwrap();
    assert_eq!(statement.params(), [Type::INT8, Type::INT8]);
    let rows = client.query(&statement, &[&4_i64, &3_i64]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), [5, 6, 7]);
    let rows = client.query(&statement, &[&9_i64, &3_i64]).await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn rows_are_inserted_by_parameters() {
    let client = connect(Server::shared().address).await;
    client.run("CREATE TABLE wire_insert (id int, name text, amount float8, image real[])").await;
    let insert = client.prepare("INSERT INTO wire_insert VALUES ($1, $2, $3, $4)").await.unwrap();
    assert_eq!(insert.params(), [Type::INT4, Type::TEXT, Type::FLOAT8, Type::FLOAT4_ARRAY]);
    let image: Vec<f32> = vec![0.5, 1.5];
    assert_eq!(client.execute(&insert, &[&1_i32, &"a", &0.25_f64, &image]).await.unwrap(), 1);
    assert_eq!(client.execute(&insert, &[&2_i32, &None::<String>, &None::<f64>, &None::<Vec<f32>>]).await.unwrap(), 1);
    let rows = client.query("SELECT name, amount, image FROM wire_insert ORDER BY id", &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, Option<String>>(0).as_deref(), Some("a"));
    assert_eq!(rows[0].get::<_, Option<Vec<f32>>>(2), Some(image));
    assert_eq!(rows[1].get::<_, Option<f64>>(1), None);
    assert_eq!(rows[1].get::<_, Option<Vec<f32>>>(2), None);
    client.run("DROP TABLE wire_insert").await;
}

/// numeric's binary form: digits of base 10,000 (PostgreSQL, `numeric_send`).
fn numeric(digits: &[i16], weight: i16, negative: bool, scale: i16) -> Raw {
    let sign = if negative { 0x4000 } else { 0 };
    let head = [digits.len() as i16, weight, sign, scale];
    Raw(head.iter().chain(digits).flat_map(|word| word.to_be_bytes()).collect())
}

/// interval's binary form: microseconds, days, months.
fn interval(microseconds: i64, days: i32, months: i32) -> Raw {
    let mut bytes = microseconds.to_be_bytes().to_vec();
    bytes.extend(days.to_be_bytes());
    bytes.extend(months.to_be_bytes());
    Raw(bytes)
}

/// Each value, NULL and an array of them there and back, with the parameter's type declared.
async fn round_trip<T>(client: &Client, data_type: Type, array_type: Type, values: Vec<T>)
where
    T: ToSql + for<'a> FromSql<'a> + PartialEq + Debug + Sync + Clone,
{
    round_trip_alone(client, data_type, &values).await;
    let mut list: Vec<Option<T>> = values.into_iter().map(Some).collect();
    list.insert(1, None);
    round_trip_alone(client, array_type, &[list, Vec::new()]).await;
}

async fn round_trip_alone<T>(client: &Client, data_type: Type, values: &[T])
where
    T: ToSql + for<'a> FromSql<'a> + PartialEq + Debug + Sync,
{
    let statement = client.prepare_typed("SELECT $1", std::slice::from_ref(&data_type)).await;
    let statement = statement.unwrap_or_else(|error| panic!("{data_type}: {}", support::report(&error)));
    assert_eq!(statement.columns()[0].type_(), &data_type);
    for value in values {
        let row = client.query_one(&statement, &[value]).await;
        let row = row.unwrap_or_else(|error| panic!("{data_type} {value:?}: {}", support::report(&error)));
        assert_eq!(&row.get::<_, T>(0), value, "{data_type}");
    }
    let row = client.query_one(&statement, &[&None::<T>]).await.unwrap();
    assert_eq!(row.get::<_, Option<T>>(0), None, "{data_type}");
}

#[tokio::test]
async fn every_type_goes_there_and_back_in_binary() {
    let client = connect(Server::shared().address).await;
    let client = &client;
    round_trip(client, Type::BOOL, Type::BOOL_ARRAY, vec![true, false]).await;
    round_trip(client, Type::INT2, Type::INT2_ARRAY, vec![i16::MIN, -1, 0, i16::MAX]).await;
    round_trip(client, Type::INT4, Type::INT4_ARRAY, vec![i32::MIN, -1, 0, i32::MAX]).await;
    round_trip(client, Type::INT8, Type::INT8_ARRAY, vec![i64::MIN, -1, 0, i64::MAX]).await;
    let floats = vec![0.1, -0.0, f32::MAX, f32::MIN_POSITIVE, f32::INFINITY];
    round_trip(client, Type::FLOAT4, Type::FLOAT4_ARRAY, floats).await;
    let doubles = vec![0.1, -1e300, f64::MIN_POSITIVE, f64::NEG_INFINITY];
    round_trip(client, Type::FLOAT8, Type::FLOAT8_ARRAY, doubles).await;
    let texts: Vec<String> = ["", "a", "it's \"quoted\", {braced} \\", "日本\n", "NULL"].map(str::to_owned).to_vec();
    round_trip(client, Type::TEXT, Type::TEXT_ARRAY, texts).await;
    round_trip(client, Type::BYTEA, Type::BYTEA_ARRAY, vec![vec![], vec![0_u8, 255, 10], vec![7; 1000]]).await;
    let dates = ["1999-12-31", "2026-11-24", "0001-01-01", "9999-12-31"].map(|text| text.parse::<NaiveDate>().unwrap());
    round_trip(client, Type::DATE, Type::DATE_ARRAY, dates.to_vec()).await;
    let times = ["00:00:00", "12:34:56.789012", "23:59:59.999999"].map(|text| text.parse::<NaiveTime>().unwrap());
    round_trip(client, Type::TIME, Type::TIME_ARRAY, times.to_vec()).await;
    let stamps = ["1969-12-31T23:59:59.999999", "2026-11-24T01:02:03", "0001-01-01T00:00:00"];
    let stamps = stamps.map(|text| text.parse::<NaiveDateTime>().unwrap());
    round_trip(client, Type::TIMESTAMP, Type::TIMESTAMP_ARRAY, stamps.to_vec()).await;
    let instants =
        ["2026-11-24T01:02:03.000001Z", "1970-01-01T00:00:00+05:30"].map(|text| text.parse::<DateTime<Utc>>().unwrap());
    round_trip(client, Type::TIMESTAMPTZ, Type::TIMESTAMPTZ_ARRAY, instants.to_vec()).await;
    let intervals = vec![interval(0, 0, 0), interval(-1, 40, -3), interval(86_400_000_001, -7, 14)];
    round_trip(client, Type::INTERVAL, Type::INTERVAL_ARRAY, intervals).await;
    let uuids = vec![Uuid::nil(), Uuid::from_u128(0xa0ee_bc99_9c0b_4ef8_bb6d_6bb9_bd38_0a11)];
    round_trip(client, Type::UUID, Type::UUID_ARRAY, uuids).await;
    let documents = vec![serde_json::json!({"a": [1, null, "x"]}), serde_json::json!(7), serde_json::json!("text")];
    round_trip(client, Type::JSON, Type::JSON_ARRAY, documents).await;
    let names = vec!["a".to_owned(), "NULL".to_owned()];
    round_trip(client, Type::VARCHAR, Type::VARCHAR_ARRAY, names.clone()).await;
    round_trip(client, Type::BPCHAR, Type::BPCHAR_ARRAY, names).await;
}

/// numeric keeps its value; its scale may grow to that of a parameter, so values are compared as text too.
#[tokio::test]
async fn numeric_goes_there_and_back_in_binary() {
    let client = connect(Server::shared().address).await;
    let cases = [
        (numeric(&[], 0, false, 0), "0"),
        (numeric(&[1, 5000], 0, false, 1), "1.5"),
        (numeric(&[12, 3456, 7890], 2, true, 0), "-1234567890"),
        (numeric(&[500], -1, true, 2), "-0.05"),
        (numeric(&[1234, 5678, 9012, 3456, 7890, 1234, 5678], 6, false, 0), "1234567890123456789012345678"),
    ];
    for (binary, text) in cases {
        let row = client
            .query_one(
                "SELECT ($1::numeric(38,10))::text, $1::numeric(38,10) = $2::text::numeric(38,10)",
                &[&binary, &text],
            )
            .await;
        let row = row.unwrap_or_else(|error| panic!("{text}: {}", support::report(&error)));
        let given: String = row.get(0);
        let trimmed = if given.contains('.') { given.trim_end_matches('0').trim_end_matches('.') } else { &given };
        assert_eq!((trimmed, row.get::<_, bool>(1)), (text, true));
    }
    // Out, at the width that 38 digits have.
    let row = client
        .query_one("SELECT 12345678901234567890123456789012345678::numeric(38,0), -0.05::numeric(4,2)", &[])
        .await
        .unwrap();
    assert_eq!(row.columns()[0].type_(), &Type::NUMERIC);
    assert_eq!(row.get::<_, Raw>(0), numeric(&[12, 3456, 7890, 1234, 5678, 9012, 3456, 7890, 1234, 5678], 9, false, 0));
    assert_eq!(row.get::<_, Raw>(1), numeric(&[500], -1, true, 2));
}

/// The types of results as a driver is told them.
#[tokio::test]
async fn results_have_their_types() {
    let client = connect(Server::shared().address).await;
    let cases = [
        ("true", Type::BOOL),
        ("1::smallint", Type::INT2),
        ("1::int", Type::INT4),
        ("1::bigint", Type::INT8),
        ("1::real", Type::FLOAT4),
        ("1::float8", Type::FLOAT8),
        ("1.5::numeric(6,2)", Type::NUMERIC),
        ("'x'", Type::TEXT),
        ("'\\x00'::bytea", Type::BYTEA),
        ("date '2026-01-01'", Type::DATE),
        ("time '12:00'", Type::TIME),
        ("timestamp '2026-01-01 00:00:00'", Type::TIMESTAMP),
        ("timestamptz '2026-01-01 00:00:00'", Type::TIMESTAMPTZ),
        ("interval '1 day'", Type::INTERVAL),
        ("'{}'::json", Type::JSON),
        ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", Type::UUID),
        ("ARRAY[1::int]", Type::INT4_ARRAY),
        ("ARRAY['x']", Type::TEXT_ARRAY),
        ("ARRAY[1::real]", Type::FLOAT4_ARRAY),
        ("ARRAY[ARRAY[1.5::float8]]", Type::FLOAT8_ARRAY),
        ("IMAGE_RESIZE(ARRAY[1, 2, 3, 4], 2, 2)", Type::FLOAT4_ARRAY),
    ];
    let mut wrong = Vec::new();
    for (expression, expected) in cases {
        match client.prepare(&format!("SELECT {expression}")).await {
            Ok(statement) if statement.columns()[0].type_() == &expected => {}
            Ok(statement) => {
                wrong.push(format!("{expression}: {} instead of {expected}", statement.columns()[0].type_()))
            }
            Err(error) => wrong.push(format!("{expression}: {}", support::report(&error))),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn portals_suspend_and_interleave() {
    let mut client = connect(Server::shared().address).await;
    let transaction = client.transaction().await.unwrap();
    let one = transaction.bind("SELECT x FROM generate_series(1, 7) AS g(x) ORDER BY x", &[]).await.unwrap();
    let two = transaction
        .bind("SELECT x FROM generate_series(100, 103) AS g(x) WHERE x > $1 ORDER BY x", &[&100_i64])
        .await
        .unwrap();
    let mut seen = Vec::new();
    for (portal, count) in [(&one, 3), (&two, 2), (&one, 3), (&two, 2), (&one, 3), (&one, 3)] {
        let rows = transaction.query_portal(portal, count).await.unwrap();
        seen.push(rows.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec![1, 2, 3], vec![101, 102], vec![4, 5, 6], vec![103], vec![7], vec![]]);
    transaction.commit().await.unwrap();
}

/// Epochs are told while training runs, and stand in ml.training_history for everybody.
#[tokio::test]
async fn training_tells_its_epochs_while_it_runs() {
    let server = Server::shared();
    let watcher = connect(server.address).await;
    watcher
        .run(
            "CREATE TABLE wire_images AS SELECT IMAGE_RESIZE(ARRAY[x % 7, x % 5, x % 3, 1.0], 12, 12) AS image, x % 2 AS label \
             FROM generate_series(1, 400) AS g(x)",
        )
        .await;
    let mut client = connect(server.address).await;
    let Client { inner, notices, .. } = &mut client;
    let sql = "CREATE MODEL wire_model AS SELECT TRAIN_CNN(image, label, epochs => 30, seed => 1, \
               layers => ARRAY['conv2d(16, 3x3, relu)', 'conv2d(16, 3x3, relu)', 'flatten', 'dense(2, softmax)']) FROM wire_images";
    let mut statement = Box::pin(inner.batch_execute(sql));
    let mut early = Vec::new();
    while early.len() < 3 {
        tokio::select! {
            biased;
            outcome = &mut statement => panic!("training ended after {} notices: {outcome:?}", early.len()),
            notice = notices.recv() => early.push(notice.expect("a notice")),
        }
    }
    assert_eq!(early[1].severity(), "NOTICE");
    assert!(early[1].message().starts_with("TRAIN_CNN \"wire_model\": epoch 2/30: loss "), "{:?}", early[1]);
    let known: u64 =
        watcher.value("SELECT count(*) FROM ml.training_history WHERE model = 'wire_model'").await.parse().unwrap();
    assert!((3..30).contains(&known), "{known} epochs are in the history while training runs");
    assert_eq!(watcher.value("SELECT status FROM ml.training_runs WHERE model = 'wire_model'").await, "running");
    assert_eq!(watcher.value("SELECT count(*) FROM ml.models WHERE name = 'wire_model'").await, "0");
    statement.await.unwrap();
    assert_eq!(watcher.value("SELECT count(*) FROM ml.training_history WHERE model = 'wire_model'").await, "30");
    assert_eq!(watcher.value("SELECT status FROM ml.training_runs WHERE model = 'wire_model'").await, "finished");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(early.len() + client.take_notices().len(), 30);
    watcher.run("DROP MODEL wire_model; DROP TABLE wire_images").await;
}

#[tokio::test]
async fn notices_are_for_those_who_want_them() {
    let mut client = connect(Server::shared().address).await;
    client.run("DROP TABLE IF EXISTS wire_nowhere").await;
    assert_eq!(client.take_notices(), ["table \"wire_nowhere\" does not exist, skipping"]);
    client.run("SET client_min_messages = 'warning'").await;
    client.run("DROP TABLE IF EXISTS wire_nowhere").await;
    assert!(client.take_notices().is_empty());
    client.run("BEGIN; BEGIN; COMMIT").await;
    assert_eq!(client.take_notices(), ["there is already a transaction in progress"]);
}

/// Two clients insert into one table at once: every acknowledged row is there.
#[tokio::test]
async fn two_clients_write_one_table() {
    let server = Server::shared();
    let (one, two) = tokio::join!(connect(server.address), connect(server.address));
    one.run("CREATE TABLE wire_shared (who int, number int)").await;
    let work = async |client: &Client, who: i32| {
        for number in 0..15_i32 {
            client.execute("INSERT INTO wire_shared VALUES ($1, $2)", &[&who, &number]).await.unwrap();
            client.query("SELECT count(*) FROM wire_shared", &[]).await.unwrap();
        }
    };
    tokio::join!(work(&one, 1), work(&two, 2));
    let counted = one.value("SELECT count(*) || ' ' || count(DISTINCT who * 100 + number) FROM wire_shared").await;
    assert_eq!(counted, "30 30");
    one.run("DROP TABLE wire_shared").await;
}

/// What one session sets, prepares and declares is its own.
#[tokio::test]
async fn sessions_are_apart() {
    let server = Server::shared();
    let (one, two) = tokio::join!(connect(server.address), connect(server.address));
    one.run("SET TimeZone = 'Asia/Tokyo'; PREPARE mine AS SELECT 1").await;
    assert_eq!(two.value("SHOW TimeZone").await, "UTC");
    assert_eq!(two.failure("EXECUTE mine").await.code().code(), "26000");
    assert_eq!(one.value("EXECUTE mine").await, "1");
    assert_ne!(one.value("SELECT pg_backend_pid()").await, two.value("SELECT pg_backend_pid()").await);
}
