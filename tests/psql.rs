//! psql, where it is installed.

mod support;

use std::process::{Command, Output};

use support::Server;

/// Runs psql against the shared server; `None`, said aloud, where there is no psql.
fn psql(arguments: &[&str]) -> Option<Output> {
    let server = Server::shared();
    let mut command = Command::new("psql");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command.args(["-X", "-w", "-h", "127.0.0.1", "-p", &server.port().to_string(), "-U", "mead", "-d", "default"]);
    match command.args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("SKIPPED: psql is not installed (Debian: apt-get install postgresql-client)");
            None
        }
        Err(error) => panic!("psql: {error}"),
    }
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn connects() {
    let Some(output) = psql(&["-c", "\\conninfo"]) else { return };
    let text = out(&output);
    assert!(text.contains("connected to database \"default\" as user \"mead\""), "{text}");
    let output = psql(&["-At", "-c", "SELECT version()"]).unwrap();
    assert!(out(&output).contains("mead"), "{}", out(&output));
}

#[test]
fn lists_and_describes_tables() {
    let Some(output) =
        psql(&["-q", "-c", "CREATE TABLE psql_table (id int NOT NULL, name text, price numeric(8,2), tags text[])"])
    else {
        return;
    };
    out(&output);
    let text = out(&psql(&["-c", "\\d"]).unwrap());
    assert!(text.contains("psql_table") && text.contains("table"), "{text}");
    let text = out(&psql(&["-c", "\\dt"]).unwrap());
    assert!(text.contains("psql_table"), "{text}");
    let text = out(&psql(&["-c", "\\d psql_table"]).unwrap());
    for line in ["id     | integer", "not null", "name   | text", "price  | numeric(8,2)", "tags   | text[]"] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    let output = psql(&["-c", "\\d psql_nowhere"]).unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("Did not find any relation named"), "{output:?}");
    for command in ["\\l", "\\dn", "\\du", "\\dv"] {
        out(&psql(&["-c", command]).unwrap());
    }
    out(&psql(&["-q", "-c", "DROP TABLE psql_table"]).unwrap());
}

#[test]
fn shows_where_a_mistake_is() {
    let Some(output) = psql(&["-c", "SELECT *\nFROM psql_nowhere"]) else { return };
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(text, "ERROR:  relation \"psql_nowhere\" does not exist\nLINE 2: FROM psql_nowhere\n             ^\n");
    let output = psql(&["-c", "SELEC 1"]).unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.starts_with("ERROR:  syntax error at or near \"SELEC\"\nLINE 1: SELEC 1\n        ^\n"), "{text}");
}

#[test]
fn runs_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.sql");
    std::fs::write(&script, "SELECT 1;\nSELECT 1 / 0;\nSELECT 'after';\n").unwrap();
    let script = script.display().to_string();
    let Some(output) = psql(&["-At", "-v", "ON_ERROR_STOP=1", "-f", &script]) else { return };
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n");
    let output = psql(&["-At", "-f", &script]).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\nafter\n");
}

#[test]
fn copies_a_query_to_a_file_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    let sql = format!(
        "COPY (SELECT x, 'n' || x AS name FROM generate_series(1, 3) AS g(x)) TO '{}' (FORMAT csv, HEADER)",
        file.display()
    );
    let Some(output) = psql(&["-c", &sql]) else { return };
    assert_eq!(out(&output), "COPY 3\n");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "x,name\n1,n1\n2,n2\n3,n3\n");
    // psql can write the file on its own side as well.
    let output = psql(&["--csv", "-c", "SELECT x FROM generate_series(1, 2) AS g(x)"]).unwrap();
    assert_eq!(out(&output), "x\n1\n2\n");
}

#[test]
fn shows_notices_and_tags() {
    let Some(output) = psql(&["-c", "DROP TABLE IF EXISTS psql_none"]) else { return };
    assert_eq!(String::from_utf8_lossy(&output.stderr), "NOTICE:  table \"psql_none\" does not exist, skipping\n");
    assert_eq!(out(&output), "DROP TABLE\n");
    let output = psql(&[
        "-c",
        "CREATE TABLE psql_tags AS SELECT 1 AS x",
        "-c",
        "INSERT INTO psql_tags VALUES (2), (3)",
        "-c",
        "DROP TABLE psql_tags",
    ])
    .unwrap();
    assert_eq!(out(&output), "SELECT 1\nINSERT 0 2\nDROP TABLE\n");
}

/// Prepared by psql's \bind, where it knows it, and fetched by a cursor a few rows at a time.
#[test]
fn fetches_by_a_cursor() {
    let Some(output) = psql(&["-At", "-v", "FETCH_COUNT=100", "-c", "SELECT x FROM generate_series(1, 1000) AS g(x)"])
    else {
        return;
    };
    assert_eq!(out(&output).lines().count(), 1000);
}
