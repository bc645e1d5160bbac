//! The life of a connection after it has been let in: a message, what it asks for, the next one.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use mead_common::{CancelReason, Diagnostic, sqlstate};
use mead_engine::{CommandTag, Execution, KeptStatement, Session, TransactionStatus};
use pgwire::messages::PgWireFrontendMessage as Message;
use pgwire::messages::response::{
    CommandComplete, EmptyQueryResponse, ReadyForQuery, TransactionStatus as ReadyStatus,
};
use pgwire::messages::startup::{BackendKeyData, ParameterStatus};

use crate::calendar::Zone;
use crate::client::{Client, Failure};
use crate::encode::Style;
use crate::frame::{self, Malformed};
use crate::portal::{Portal, tag_text};
use crate::report::Weight;
use crate::rows::Batches;

/// What came of waiting for a client.
enum Waited {
    Input,
    /// The client has left, or the server stops.
    End,
    /// The client was silent for longer than a setting allows; the connection ends with this error.
    TooLong(Diagnostic),
}

/// One client and its session.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) session: Session,
    /// The unnamed prepared statement; those with names are the session's.
    pub(crate) unnamed: Option<Arc<KeptStatement>>,
    /// By name; the unnamed one is "".
    pub(crate) portals: HashMap<String, Portal>,
    /// A message of the extended protocol has failed: those up to Sync are passed over.
    skipping: bool,
    /// ReadyForQuery was the last thing said: the client is idle.
    ready: bool,
}

impl Connection {
    pub(crate) fn new(client: Client, session: Session) -> Self {
        Self { client, session, unnamed: None, portals: HashMap::new(), skipping: false, ready: false }
    }

    /// Serves the client until it leaves or has to.
    pub(crate) async fn run(&mut self, key: &BackendKeyData) -> Result<(), Failure> {
        self.put_settings()?;
        self.client.put(key)?;
        self.put_ready()?;
        self.client.channel.flush().await?;
        loop {
            let message = match frame::take_message(&mut self.client.channel.input) {
                Ok(Some(message)) => message,
                Ok(None) => match self.wait_for_input().await? {
                    Waited::Input => continue,
                    Waited::End => return self.leave().await,
                    Waited::TooLong(report) => return Err(report.into()),
                },
                Err(malformed) => {
                    if self.refuse(malformed).await? {
                        return Ok(());
                    }
                    continue;
                }
            };
            match message {
                Message::Terminate(_) => return Ok(()),
                Message::PasswordMessageFamily(_) => {
                    self.refuse(Malformed::fatal("a password message came after authentication")).await?;
                    return Ok(());
                }
                _ => {}
            }
            self.serve(message).await?;
            self.client.keep_output_short().await?;
            if self.client.stopping {
                return self.leave().await;
            }
        }
    }

    async fn wait_for_input(&mut self) -> Result<Waited, Failure> {
        let Some((timeout, report)) = self.session.idle_timeout().filter(|_| self.ready) else {
            return Ok(if self.client.wait_for_input().await? { Waited::Input } else { Waited::End });
        };
        match tokio::time::timeout(timeout, self.client.wait_for_input()).await {
            Ok(input) => Ok(if input? { Waited::Input } else { Waited::End }),
            Err(_) => Ok(Waited::TooLong(report)),
        }
    }

    /// One message; only a lost client is an error here.
    async fn serve(&mut self, message: Message) -> Result<(), Failure> {
        self.ready = false;
        let result = match message {
            Message::Sync(_) => {
                self.skipping = false;
                return self.finish_request().await;
            }
            _ if self.skipping => return Ok(()),
            Message::Query(query) => {
                if let Err(failure) = self.simple_query(&query.query).await {
                    self.report(failure)?;
                }
                return self.finish_request().await;
            }
            Message::Parse(parse) => self.parse(parse).await,
            Message::Bind(bind) => self.bind(bind),
            Message::Describe(describe) => self.describe(&describe),
            Message::Execute(execute) => self.execute(&execute).await,
            Message::Close(close) => self.close(&close),
            Message::Flush(_) => Ok(self.client.channel.flush().await?),
            // Copy data that was under way when its COPY failed is passed over, as PostgreSQL does.
            Message::CopyData(_) | Message::CopyDone(_) | Message::CopyFail(_) => Ok(()),
            _ => Err(Diagnostic::new(sqlstate::PROTOCOL_VIOLATION, "unexpected message").into()),
        };
        if let Err(failure) = result {
            self.report(failure)?;
            self.skipping = true;
            self.client.channel.flush().await?;
        }
        Ok(())
    }

    /// The end of a request: Sync, or a simple query's end.
    async fn finish_request(&mut self) -> Result<(), Failure> {
        self.session.sync();
        if self.client.stopping {
            // `leave` has the last word: ReadyForQuery would say that a cancelled statement has been served.
            return Ok(());
        }
        if self.session.transaction_status() == TransactionStatus::Idle {
            // Portals live as long as the transaction that made them.
            self.portals.clear();
        }
        self.put_settings()?;
        self.put_ready()?;
        self.client.channel.flush().await?;
        Ok(())
    }

    /// Settings that the client has to know, where they have changed.
    fn put_settings(&mut self) -> Result<(), Failure> {
        for (name, value) in self.session.take_reported_settings() {
            self.client.put(&ParameterStatus::new(name, value))?;
        }
        Ok(())
    }

    fn put_ready(&mut self) -> Result<(), Failure> {
        let status = match self.session.transaction_status() {
            TransactionStatus::Idle => ReadyStatus::Idle,
            TransactionStatus::InTransaction => ReadyStatus::Transaction,
            TransactionStatus::Failed => ReadyStatus::Error,
        };
        self.ready = true;
        self.client.put(&ReadyForQuery::new(status))
    }

    /// Tells the client what went wrong; a lost client is handed on.
    fn report(&mut self, failure: Failure) -> Result<(), Failure> {
        let report = match failure {
            Failure::Report(report) => report,
            lost => return Err(lost),
        };
        self.session.statement_failed();
        if self.client.stopping {
            // What stopped the statement stops the connection too: `leave` says so.
            return Ok(());
        }
        if report.sqlstate == sqlstate::INTERNAL_ERROR {
            tracing::error!(error = %report.message, source = ?report.source, "a statement failed with an internal error");
        }
        self.client.put_error(&report, Weight::Error)
    }

    /// True if the connection cannot go on.
    async fn refuse(&mut self, malformed: Malformed) -> Result<bool, Failure> {
        if malformed.fatal {
            self.client.put_error(&malformed.report, Weight::Fatal)?;
            self.client.channel.flush().await?;
            return Ok(true);
        }
        if self.skipping {
            return Ok(false);
        }
        self.report((*malformed.report).into())?;
        if malformed.extended {
            self.skipping = true;
            self.client.channel.flush().await?;
        } else {
            self.finish_request().await?;
        }
        Ok(false)
    }

    /// The client has left, or the server stops and says so.
    async fn leave(&mut self) -> Result<(), Failure> {
        if self.client.stopping {
            self.client.put_error(&CancelReason::Shutdown.diagnostic(), Weight::Fatal)?;
            self.client.channel.flush().await?;
        }
        Ok(())
    }

    /// The end of a statement.
    pub(crate) fn complete(&mut self, tag: &CommandTag, rows: u64) -> Result<(), Failure> {
        match tag {
            CommandTag::Empty => self.client.put(&EmptyQueryResponse::new()),
            tag => {
                let text = tag_text(tag, rows);
                if text == "DISCARD ALL" {
                    self.portals.clear();
                }
                self.client.put(&CommandComplete::new(text))
            }
        }
    }

    /// How values look by the session's settings as they are now.
    pub(crate) fn style(&self) -> Style {
        Style {
            zone: self.zone(),
            bytea_escape: self.session.setting("bytea_output").is_some_and(|value| value == "escape"),
            java_floats: self.session.dialect().is_hive_like(),
        }
    }

    pub(crate) fn zone(&self) -> Zone {
        self.session.setting("TimeZone").map_or(Zone::Utc, |name| Zone::parse(&name))
    }
}

/// The rows of an execution, their errors as reports.
pub(crate) fn batches_of(execution: &mut Execution) -> Option<(arrow::datatypes::SchemaRef, Batches)> {
    let (schema, stream) = execution.rows.take()?;
    let batches = stream.map(|batch| batch.map_err(|error| mead_engine::diagnostic_of(&error)));
    Some((schema, batches.boxed()))
}
