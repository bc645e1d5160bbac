//! A Postgres connection that shows what it runs: statements, notices as they come, results as tables.

use std::future::poll_fn;
use std::time::Instant;

use futures::{StreamExt, pin_mut};
use tokio::task::JoinHandle;
use tokio_postgres::error::DbError;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, SimpleQueryMessage};

use crate::script::Statement;
use crate::table::Table;
use crate::trouble::Trouble;

/// An open connection.
pub(crate) struct Session {
    client: Client,
    connection: JoinHandle<()>,
}

impl Session {
    /// Connects as the superuser to the database `default`.
    pub(crate) async fn connect(host: &str, port: u16) -> Result<Self, Trouble> {
        let mut config = Config::new();
        config.host(host).port(port).user("mead").dbname("default").application_name("xtask");
        let connected = config.connect(NoTls).await;
        let (client, mut connection) = connected
            .map_err(|error| Trouble::new(format!("could not connect to {host}:{port}: {}", describe(&error))))?;
        let connection = tokio::spawn(async move {
            // Errors of the connection reach the statement that runs.
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    println!("{}:  {}", notice.severity(), notice.message());
                }
            }
        });
        Ok(Self { client, connection })
    }

    /// Runs one statement and prints it and all it gives.
    pub(crate) async fn run(&self, statement: &Statement) -> Result<(), Trouble> {
        println!("\n{}", statement.shown);
        let start = Instant::now();
        let failed = |error: tokio_postgres::Error| {
            let mut trouble = Trouble::new(format!("a statement failed: {}", describe(&error)));
            if let Some(hint) = error.as_db_error().and_then(DbError::hint) {
                trouble = trouble.hint(format!("hint: {hint}"));
            }
            trouble
        };
        let messages = self.client.simple_query_raw(&statement.sql).await.map_err(failed)?;
        pin_mut!(messages);
        let mut table: Option<Table> = None;
        while let Some(message) = messages.next().await {
            match message.map_err(failed)? {
                SimpleQueryMessage::RowDescription(columns) => {
                    let columns = columns.iter().map(|column| column.name().to_owned()).collect();
                    table = Some(Table { columns, rows: Vec::new() });
                }
                SimpleQueryMessage::Row(row) => {
                    let values = (0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect();
                    table.get_or_insert_default().rows.push(values);
                }
                SimpleQueryMessage::CommandComplete(rows) => {
                    let seconds = start.elapsed().as_secs_f64();
                    let count = match rows {
                        1 => "1 row, ".to_owned(),
                        0 if table.is_none() => String::new(),
                        rows => format!("{rows} rows, "),
                    };
                    print!("{}", table.take().map(|table| table.print()).unwrap_or_default());
                    println!("({count}{seconds:.2} s)");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Closes the connection, once the notices that came are shown.
    pub(crate) async fn close(self) {
        drop(self.client);
        // A panic of the task would have been printed.
        let _ = self.connection.await;
    }
}

fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(report) => {
            let detail = report.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
            format!("{}: {}{detail}", report.code().code(), report.message())
        }
        None => error.to_string(),
    }
}
