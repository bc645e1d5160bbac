//! Every type that clients may use, alone and in arrays, in text and in binary, both ways: as parameters whose type the client
//! declares, as literals, and through the columns of a table.

mod support;

use std::error::Error;

use bytes::{BufMut, BytesMut};
use support::protocol::Connection;
use support::{Client, Raw, Server, connect};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// A type, and values of it as PostgreSQL prints them.
struct Case {
    name: &'static str,
    scalar: Type,
    array: Type,
    values: &'static [&'static str],
    /// The same values as elements of an array: with quotes where `array_out` puts them.
    elements: &'static [&'static str],
    /// True where a table's column may have the type.
    column: bool,
}

const fn case(
    name: &'static str,
    scalar: Type,
    array: Type,
    values: &'static [&'static str],
    elements: &'static [&'static str],
) -> Case {
    Case { name, scalar, array, values, elements, column: true }
}

fn cases() -> Vec<Case> {
    let plain = |name, scalar, array, values: &'static [&'static str]| case(name, scalar, array, values, values);
    let uuids = &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000"];
    vec![
        plain("boolean", Type::BOOL, Type::BOOL_ARRAY, &["t", "f"]),
        plain("smallint", Type::INT2, Type::INT2_ARRAY, &["-32768", "32767"]),
        plain("integer", Type::INT4, Type::INT4_ARRAY, &["-2147483648", "2147483647"]),
        plain("bigint", Type::INT8, Type::INT8_ARRAY, &["-9223372036854775808", "9223372036854775807"]),
        plain("real", Type::FLOAT4, Type::FLOAT4_ARRAY, &["-0.5", "1e+30", "NaN", "Infinity"]),
        plain("double precision", Type::FLOAT8, Type::FLOAT8_ARRAY, &["0.1", "-1e+300", "NaN", "-Infinity"]),
        // A numeric parameter has ten digits behind the point, or more where it is written with more.
        plain(
            "numeric(28,10)",
            Type::NUMERIC,
            Type::NUMERIC_ARRAY,
            &["-123456789012345678.0123456789", "0.0000000001"],
        ),
        case(
            "text",
            Type::TEXT,
            Type::TEXT_ARRAY,
            &["", "it's \"quoted\", {braced} \\", "日本", "NULL", "a b"],
            &["\"\"", "\"it's \\\"quoted\\\", {braced} \\\\\"", "日本", "\"NULL\"", "\"a b\""],
        ),
        Case { column: false, ..case("varchar", Type::VARCHAR, Type::VARCHAR_ARRAY, &["x", "y z"], &["x", "\"y z\""]) },
        case("bytea", Type::BYTEA, Type::BYTEA_ARRAY, &["\\x", "\\x00ff5c"], &["\"\\\\x\"", "\"\\\\x00ff5c\""]),
        plain("date", Type::DATE, Type::DATE_ARRAY, &["0001-01-01", "2026-11-25", "9999-12-31"]),
        plain("time", Type::TIME, Type::TIME_ARRAY, &["00:00:00", "23:59:59.999999"]),
        case(
            "timestamp",
            Type::TIMESTAMP,
            Type::TIMESTAMP_ARRAY,
            &["1969-12-31 23:59:59.999999", "2026-11-25 00:00:00"],
            &["\"1969-12-31 23:59:59.999999\"", "\"2026-11-25 00:00:00\""],
        ),
        case(
            "timestamptz",
            Type::TIMESTAMPTZ,
            Type::TIMESTAMPTZ_ARRAY,
            &["1969-12-31 23:59:59.999999+00", "2026-11-25 12:00:00+00"],
            &["\"1969-12-31 23:59:59.999999+00\"", "\"2026-11-25 12:00:00+00\""],
        ),
        case(
            "interval",
            Type::INTERVAL,
            Type::INTERVAL_ARRAY,
            &["1 year 2 mons 3 days 04:05:06.5", "-1 days", "00:00:00"],
            &["\"1 year 2 mons 3 days 04:05:06.5\"", "\"-1 days\"", "00:00:00"],
        ),
        case(
            "json",
            Type::JSON,
            Type::JSON_ARRAY,
            &["{\"a\": [1, null]}", "7", "\"text\"", "null"],
            &["\"{\\\"a\\\": [1, null]}\"", "7", "\"\\\"text\\\"\"", "\"null\""],
        ),
        plain("uuid", Type::UUID, Type::UUID_ARRAY, uuids),
    ]
}

impl Case {
    /// Arrays as PostgreSQL prints them: with NULL, empty, of two dimensions.
    fn arrays(&self) -> Vec<String> {
        let [first, second, ..] = self.elements else { panic!("{}: two values at least", self.name) };
        vec![
            format!("{{{}}}", self.elements.join(",")),
            format!("{{{first},NULL,{second}}}"),
            "{NULL}".to_owned(),
            "{}".to_owned(),
            format!("{{{{{first},{second}}},{{NULL,{first}}}}}"),
        ]
    }
}

/// A parameter that is sent as text, whatever its type.
#[derive(Debug)]
struct Text<'a>(&'a str);

impl ToSql for Text<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// What is wrong with one value on its way, if anything is.
type Found = Result<(), String>;

/// Text in and text out; the type that the client declared is the result's.
fn by_text(connection: &mut Connection, data_type: &Type, text: Option<&str>) -> Found {
    let answer = connection.with_parameter("SELECT $1", data_type.oid(), text).map_err(|error| error.to_string())?;
    match answer.columns.as_slice() {
        [(_, oid)] if *oid == data_type.oid() => {}
        columns => return Err(format!("the result's type is {columns:?}, not {}", data_type.oid())),
    }
    match answer.rows.as_slice() {
        [row] if row[0].as_deref() == text => Ok(()),
        rows => Err(format!("came back by text as {rows:?}")),
    }
}

/// Text in and binary out, then that in and out again.
async fn by_binary(client: &Client, data_type: &Type, text: &str) -> Found {
    let report = |error: tokio_postgres::Error| support::report(&error);
    let statement = client.prepare_typed("SELECT $1", std::slice::from_ref(data_type)).await.map_err(report)?;
    if statement.columns()[0].type_() != data_type {
        return Err(format!("the result's type is {}", statement.columns()[0].type_()));
    }
    let row = client.query_one(&statement, &[&Text(text)]).await.map_err(report)?;
    let bytes: Raw = row.get(0);
    let row = client.query_one(&statement, &[&bytes]).await.map_err(report)?;
    match row.get::<_, Raw>(0) {
        again if again == bytes => Ok(()),
        again => Err(format!("{bytes:?} came back by binary as {again:?}")),
    }
}

/// A literal's value as text.
fn by_literal(connection: &mut Connection, name: &str, data_type: &Type, text: &str) -> Found {
    let sql = format!("SELECT '{}'::{name}", text.replace('\'', "''"));
    for answer in [connection.simple(&sql), connection.extended(&sql)] {
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.columns[0].1 != data_type.oid() {
            return Err(format!("{sql}: the result's type is {}", answer.columns[0].1));
        }
        if answer.rows[0][0].as_deref() != Some(text) {
            return Err(format!("{sql} gives {:?}", answer.rows[0][0]));
        }
    }
    Ok(())
}

#[tokio::test]
async fn values_go_there_and_back_in_text_and_binary() {
    let address = Server::shared().address;
    let client = connect(address).await;
    let mut connection = Connection::open(address, "mead").unwrap();
    let mut wrong = Vec::new();
    for case in cases() {
        let arrays = case.arrays();
        let alone = case.values.iter().map(|text| (&case.scalar, case.name.to_owned(), *text));
        let listed = arrays.iter().map(|text| (&case.array, format!("{}[]", case.name), text.as_str()));
        for (data_type, name, text) in alone.chain(listed) {
            let found = [
                ("parameter as text", by_text(&mut connection, data_type, Some(text))),
                ("parameter in binary", by_binary(&client, data_type, text).await),
                // Text in quotes is text, not varchar, to whoever reads the result.
                (
                    "literal",
                    match case.column {
                        true => by_literal(&mut connection, &name, data_type, text),
                        false => Ok(()),
                    },
                ),
            ];
            for (way, found) in found {
                wrong.extend(found.err().map(|error| format!("{name} {text} as {way}: {error}")));
            }
        }
        for data_type in [&case.scalar, &case.array] {
            wrong.extend(
                by_text(&mut connection, data_type, None).err().map(|error| format!("NULL::{data_type}: {error}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A column of each type and one of its array: rows by parameters, read by both protocols, and still there after a restart.
#[tokio::test]
async fn tables_keep_values_of_every_type() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::open(data.path());
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.column).collect();
    let columns: Vec<String> =
        cases.iter().enumerate().map(|(place, case)| format!("c{place} {0}, a{place} {0}[]", case.name)).collect();
    let rows: Vec<Vec<Option<String>>> = vec![
        cases.iter().flat_map(|case| [Some(case.values[0].to_owned()), Some(case.arrays()[0].clone())]).collect(),
        cases.iter().flat_map(|case| [Some(case.values[1].to_owned()), Some(case.arrays()[1].clone())]).collect(),
        cases.iter().flat_map(|_| [None, Some("{}".to_owned())]).collect(),
        cases.iter().flat_map(|_| [None, None]).collect(),
    ];
    {
        let client = connect(server.address).await;
        client.run(&format!("CREATE TABLE typed (row_number int, {})", columns.join(", "))).await;
        let places: Vec<String> = (2..2 * cases.len() + 2).map(|place| format!("${place}")).collect();
        let insert = client.prepare(&format!("INSERT INTO typed VALUES ($1, {})", places.join(", "))).await;
        let insert = insert.unwrap_or_else(|error| panic!("{}", support::report(&error)));
        let expected: Vec<&Type> = cases.iter().flat_map(|case| [&case.scalar, &case.array]).collect();
        assert_eq!(insert.params()[1..].iter().collect::<Vec<_>>(), expected);
        for (number, row) in rows.iter().enumerate() {
            let number = number as i32;
            let texts: Vec<Option<Text<'_>>> = row.iter().map(|text| text.as_deref().map(Text)).collect();
            let values = std::iter::once(&number as &(dyn ToSql + Sync));
            let values: Vec<_> = values.chain(texts.iter().map(|text| text as &(dyn ToSql + Sync))).collect();
            let done = client.execute(&insert, &values).await;
            assert_eq!(done.unwrap_or_else(|error| panic!("row {number}: {}", support::report(&error))), 1);
        }
    }
    for _ in 0..2 {
        let mut connection = Connection::open(server.address, "mead").unwrap();
        for answer in [
            connection.simple("SELECT * FROM typed ORDER BY row_number"),
            connection.extended("SELECT * FROM typed ORDER BY row_number"),
        ] {
            let answer = answer.unwrap_or_else(|error| panic!("{error}"));
            for (place, case) in cases.iter().enumerate() {
                let oids = [answer.columns[2 * place + 1].1, answer.columns[2 * place + 2].1];
                assert_eq!(oids, [case.scalar.oid(), case.array.oid()], "{}", case.name);
            }
            let read: Vec<Vec<Option<String>>> = answer.rows.iter().map(|row| row[1..].to_vec()).collect();
            assert_eq!(read, rows);
        }
        drop(connection);
        server.terminate();
        server = Server::open(data.path());
    }
}

/// A driver that declares nothing is asked for the type of what its parameter stands beside.
#[tokio::test]
async fn parameters_take_the_type_of_their_place() {
    let client = connect(Server::shared().address).await;
    client.run("CREATE TABLE placed (id uuid, body json, ids uuid[], bodies json[])").await;
    let cases = [
        ("SELECT $1::uuid, $2::json", vec![Type::UUID, Type::JSON]),
        ("SELECT $1::uuid[], $2::json[]", vec![Type::UUID_ARRAY, Type::JSON_ARRAY]),
        (
            "INSERT INTO placed VALUES ($1, $2, $3, $4)",
            vec![Type::UUID, Type::JSON, Type::UUID_ARRAY, Type::JSON_ARRAY],
        ),
        ("SELECT * FROM placed WHERE id = $1", vec![Type::UUID]),
        ("SELECT * FROM placed WHERE id IN ($1, $2)", vec![Type::UUID, Type::UUID]),
        ("SELECT * FROM placed WHERE id BETWEEN $1 AND $2", vec![Type::UUID, Type::UUID]),
    ];
    let mut wrong = Vec::new();
    for (sql, expected) in cases {
        match client.prepare(sql).await {
            Ok(statement) if statement.params() == expected => {}
            Ok(statement) => wrong.push(format!("{sql}: {:?}", statement.params())),
            Err(error) => wrong.push(format!("{sql}: {}", support::report(&error))),
        }
    }
    client.run("DROP TABLE placed").await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn bad_values_are_refused_where_they_stand() {
    let client = connect(Server::shared().address).await;
    let cases = [
        ("SELECT 'xyz'::uuid", "22P02", "invalid input syntax for type uuid: \"xyz\""),
        ("SELECT '{a: 1}'::json", "22P02", "invalid input syntax for type json"),
        ("SELECT '{1,x}'::json[]", "22P02", "invalid input syntax for type json"),
        ("SELECT '{1'::int[]", "22P02", "malformed array literal: \"{1\""),
        ("SELECT '1'::json = '2'", "42883", "operator does not exist: json = unknown"),
        ("SELECT 1 GROUP BY '1'::json", "42883", "could not identify an equality operator for type json"),
    ];
    for (sql, sqlstate, message) in cases {
        let report = client.failure(sql).await;
        assert_eq!((report.code().code(), report.message()), (sqlstate, message), "{sql}");
    }
    for (data_type, text) in
        [(Type::UUID, "xyz"), (Type::JSON, "{"), (Type::JSON_ARRAY, "{x}"), (Type::UUID_ARRAY, "{1}")]
    {
        let statement = client.prepare_typed("SELECT $1", &[data_type]).await.unwrap();
        let error = client.query_one(&statement, &[&Text(text)]).await.unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some("22P02"), "{text}");
    }
}
