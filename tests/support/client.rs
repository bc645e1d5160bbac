//! tokio-postgres, with the notices that arrive while a statement runs.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};

use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::error::DbError;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Config, NoTls, Socket};

/// A connection, and what the server said beside its answers.
pub struct Client {
    pub inner: tokio_postgres::Client,
    pub notices: mpsc::UnboundedReceiver<DbError>,
    driver: JoinHandle<()>,
}

impl Client {
    /// The notices that have arrived.
    pub fn take_notices(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Ok(notice) = self.notices.try_recv() {
            all.push(notice.message().to_owned());
        }
        all
    }

    /// The only value of the only row.
    pub async fn value(&self, sql: &str) -> String {
        let messages =
            self.inner.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {}", super::report(&error)));
        let row = messages.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        row.unwrap_or_else(|| panic!("{sql}: no row")).get(0).unwrap_or("NULL").to_owned()
    }

    /// Runs statements that must go well.
    pub async fn run(&self, sql: &str) {
        if let Err(error) = self.inner.batch_execute(sql).await {
            panic!("{sql}: {}", super::report(&error));
        }
    }

    /// SQLSTATE and message of a statement that must fail.
    pub async fn failure(&self, sql: &str) -> DbError {
        match self.inner.simple_query(sql).await {
            Ok(_) => panic!("{sql}: no error"),
            Err(error) => match error.as_db_error() {
                Some(report) => report.clone(),
                None => panic!("{sql}: the connection was lost: {error}"),
            },
        }
    }

    /// Lets the socket go without a word, whatever the server is doing.
    pub fn vanish(self) {
        self.driver.abort();
    }
}

impl Deref for Client {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.inner
    }
}

/// As the superuser, after making sure that it is mead that answers: a suite must not talk to some other server.
pub async fn connect(address: SocketAddr) -> Client {
    connect_as(address, "mead").await
}

pub async fn connect_as(address: SocketAddr, user: &str) -> Client {
    let client =
        try_connect(&config(address, user), NoTls).await.unwrap_or_else(|error| panic!("no connection: {error}"));
    let version = client.value("SELECT version()").await;
    assert!(version.contains("mead"), "the server at {address} is {version:?}");
    client
}

pub fn config(address: SocketAddr, user: &str) -> Config {
    let mut config = Config::new();
    config.host(address.ip().to_string()).port(address.port()).user(user).dbname("default");
    config
}

pub async fn try_connect<T>(config: &Config, tls: T) -> Result<Client, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (inner, mut connection) = config.connect(tls).await?;
    let (sender, notices) = mpsc::unbounded_channel();
    let driver = tokio::spawn(async move {
        let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notice(notice) = message {
                let _ = sender.send(notice);
            }
        }
    });
    Ok(Client { inner, notices, driver })
}
