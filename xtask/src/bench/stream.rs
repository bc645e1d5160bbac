//! Ten million rows to three clients: what they received is checked, and so is the server's memory.
//!
//! psql speaks the simple protocol (and holds the whole result itself: its own memory is not looked at), tokio-postgres
//! and psycopg the extended one, without a limit of rows.

use std::io::{BufRead, BufReader};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::time::Instant;

use futures::TryStreamExt;

use super::context::Context;
use super::figures::{Figures, Report};
use super::memory::MemoryWatch;
use super::python;
use super::server::Server;
use crate::tools;
use crate::trouble::Trouble;

const ROWS: u64 = 10_000_000;

/// What the server's memory may grow by.
const GROWTH_BYTES_MAX: u64 = 200_000_000;

fn query(rows: u64) -> String {
    format!("SELECT value, value * 2.5::float8, 'text ' || value FROM generate_series(1, {rows}) AS series(value)")
}

/// What a client received.
#[derive(Debug, Default, PartialEq)]
struct Received {
    rows: u64,
    integers: u64,
    floats: f64,
    /// The numbers within the texts.
    texts: u64,
}

impl Received {
    /// All sums are whole or half numbers below 2^53, so that floats hold them exactly.
    fn expected() -> Self {
        let sum = ROWS * (ROWS + 1) / 2;
        Self { rows: ROWS, integers: sum, floats: 2.5 * sum as f64, texts: sum }
    }

    fn add(&mut self, integer: i64, float: f64, text: &str) -> Result<(), Trouble> {
        let number = text.strip_prefix("text ").and_then(|number| number.parse::<u64>().ok());
        self.rows += 1;
        self.integers += u64::try_from(integer).map_err(|_| Trouble::new(format!("{integer} was received")))?;
        self.floats += float;
        self.texts += number.ok_or_else(|| Trouble::new(format!("\"{text}\" was received")))?;
        Ok(())
    }
}

pub(super) fn run(context: &Context) -> Result<Report, Trouble> {
    let mut report = Report::default();
    let python = context.python(&mut report)?;
    report.note(format!("query: {}", query(ROWS)));
    if tools::has_psql() {
        measure(context, "psql, simple", &mut report, |server, _| psql(server, ROWS))?;
    } else {
        report.note("SKIPPED psql: it is not installed");
    }
    measure(context, "tokio-postgres, extended", &mut report, |server, _| rust_client(server, ROWS))?;
    if let Some(python) = python {
        measure(context, "psycopg, extended", &mut report, |server, report| {
            let mut figures = Figures::default();
            python::run(
                &python,
                "stream.py",
                &["--address", server.address(), "--query", &query(ROWS)],
                &mut figures,
                report,
            )?;
            Ok(Received {
                rows: figures.median("rows")? as u64,
                integers: figures.median("sum of integers")? as u64,
                floats: figures.median("sum of floats")?,
                texts: figures.median("sum of texts")? as u64,
            })
        })?;
    }
    Ok(report)
}

/// One client against a server of its own, which has answered a short query before.
fn measure(
    context: &Context,
    client: &str,
    report: &mut Report,
    read: impl FnOnce(&Server, &mut Report) -> Result<Received, Trouble>,
) -> Result<(), Trouble> {
    let server = context.server(&[])?;
    rust_client(&server, 1000)?;
    let memory = MemoryWatch::start(server.process()?)?;
    let start = Instant::now();
    let received = read(&server, report)?;
    let seconds = start.elapsed().as_secs_f64();
    let (before, growth) = memory.stop()?;
    server.stop()?;
    let right = received == Received::expected();
    if !right {
        report.note(format!("{client} received {received:?}, not {:?}", Received::expected()));
    }
    let megabytes = growth as f64 / 1e6;
    report.note(format!(
        "{client}: {seconds:.2} s, server at {:.0} MB before, {megabytes:.0} MB more at most",
        before as f64 / 1e6
    ));
    report.check(&format!("{client}: rows and sums right"), if right { "yes" } else { "no" }, "yes", right);
    let required = format!("< {} MB", GROWTH_BYTES_MAX / 1_000_000);
    report.check(
        &format!("{client}: server's growth"),
        format!("{megabytes:.0} MB"),
        &required,
        growth < GROWTH_BYTES_MAX,
    );
    report.tell(&format!("{client}: rows/s"), format!("{:.0}", ROWS as f64 / seconds));
    Ok(())
}

fn psql(server: &Server, rows: u64) -> Result<Received, Trouble> {
    let (host, port) = (server.host(), server.port().to_string());
    let mut child = Command::new("psql")
        .args([
            "-X",
            "-At",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            host,
            "-p",
            &port,
            "-U",
            "mead",
            "-d",
            "default",
            "-c",
            &query(rows),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| Trouble::new(format!("psql: {error}")))?;
    let out = child.stdout.take().ok_or_else(|| Trouble::new("psql has no standard output"))?;
    let mut out = BufReader::with_capacity(1 << 20, out);
    let mut received = Received::default();
    let mut line = String::new();
    while out.read_line(&mut line).map_err(|error| Trouble::new(format!("psql: {error}")))? > 0 {
        let mut fields = line.trim_end().split('|');
        let (first, second, third) = (fields.next(), fields.next(), fields.next());
        let integer = first.and_then(|text| text.parse().ok());
        let float = second.and_then(|text| text.parse().ok());
        match (integer, float, third) {
            (Some(integer), Some(float), Some(text)) => received.add(integer, float, text)?,
            _ => return Err(Trouble::new(format!("psql printed \"{}\"", line.trim_end()))),
        }
        line.clear();
    }
    let status = child.wait().map_err(|error| Trouble::new(format!("psql: {error}")))?;
    if status.success() { Ok(received) } else { Err(Trouble::new(format!("psql failed ({status})"))) }
}

fn rust_client(server: &Server, rows: u64) -> Result<Received, Trouble> {
    let text = format!("host={} port={} user=mead dbname=default", server.host(), server.port());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("could not start the client: {error}")))?;
    let read = async {
        let (client, connection) = tokio_postgres::connect(&text, tokio_postgres::NoTls).await?;
        let connection = tokio::spawn(connection);
        let parameters: [&str; 0] = [];
        let mut rows = pin!(client.query_raw(&query(rows), parameters).await?);
        let mut received = Received::default();
        let mut wrong = None;
        while let Some(row) = rows.try_next().await? {
            if let Err(error) = received.add(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?) {
                wrong = Some(error);
                break;
            }
        }
        drop(client);
        connection.abort();
        Ok::<_, tokio_postgres::Error>(wrong.map_or(Ok(received), Err))
    };
    runtime.block_on(read).map_err(|error| Trouble::new(format!("tokio-postgres: {error}")))?
}
