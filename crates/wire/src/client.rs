//! One client, from the moment it is let in: its channel, what is to be told to it, and what it may interrupt.

use std::io;
use std::time::Duration;

use futures::FutureExt;
use mead_common::{CancelReason, Diagnostic, Notice};
use mead_engine::CancelHandle;
use pgwire::messages::Message;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::channel::{Channel, INPUT_AHEAD_BYTES, OUTPUT_BYTES};
use crate::report::{self, Weight};

/// How often a client whose input buffer is full is asked whether it is still there.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(1);

/// Why a request was not served.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client is to read this.
    Report(Diagnostic),
    /// There is no client any more.
    Lost(io::Error),
}

impl From<Diagnostic> for Failure {
    fn from(report: Diagnostic) -> Self {
        Failure::Report(report)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Lost(error)
    }
}

/// See the module.
pub(crate) struct Client {
    pub(crate) channel: Channel,
    notices: mpsc::Receiver<Notice>,
    notices_open: bool,
    cancel: CancelHandle,
    shutdown: CancellationToken,
    /// The server is stopping, and what runs has been told so.
    pub(crate) stopping: bool,
}

impl Client {
    pub(crate) fn new(
        channel: Channel,
        notices: mpsc::Receiver<Notice>,
        cancel: CancelHandle,
        shutdown: CancellationToken,
    ) -> Self {
        Self { channel, notices, notices_open: true, cancel, shutdown, stopping: false }
    }

    pub(crate) fn put(&mut self, message: &impl Message) -> Result<(), Failure> {
        Ok(self.channel.put(message)?)
    }

    pub(crate) fn put_error(&mut self, report: &Diagnostic, weight: Weight) -> Result<(), Failure> {
        self.put(&report::error_response(report, weight))
    }

    /// Sends the output if there is much of it. Else it goes out at the end of the request, as PostgreSQL sends it.
    pub(crate) async fn keep_output_short(&mut self) -> Result<(), Failure> {
        if self.channel.output.len() >= OUTPUT_BYTES {
            self.flush_beside(std::future::pending::<()>()).await?;
        }
        Ok(())
    }

    /// Waits for more input. False when there will be none: the client has left, or the server stops.
    pub(crate) async fn wait_for_input(&mut self) -> Result<bool, Failure> {
        loop {
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => {
                    self.stopping = true;
                    return Ok(false);
                }
                read = self.channel.fill() => return Ok(read?),
                notice = self.notices.recv(), if self.notices_open => self.take_notice(notice)?,
            }
        }
    }

    /// Drives `work` to its end. Meanwhile notices go out, input is read ahead, a client who leaves and a server that
    /// stops cancel what runs.
    pub(crate) async fn attend<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let mut work = std::pin::pin!(work);
        loop {
            let full = self.channel.input.len() >= INPUT_AHEAD_BYTES;
            let room = self.channel.output.len() < OUTPUT_BYTES;
            tokio::select! {
                biased;
                result = &mut work => {
                    self.take_waiting_notices()?;
                    return Ok(result);
                }
                notice = self.notices.recv(), if self.notices_open && room => self.take_notice(notice)?,
                pumped = self.channel.pump(INPUT_AHEAD_BYTES) => {
                    if let Err(error) = pumped {
                        return self.lost(error);
                    }
                    if self.channel.ended {
                        return self.lost(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                () = self.shutdown.cancelled(), if !self.stopping => self.stop(),
                () = tokio::time::sleep(PRESENCE_INTERVAL), if full => {
                    if self.channel.is_abandoned().await {
                        return self.lost(io::ErrorKind::UnexpectedEof.into());
                    }
                }
            }
        }
    }

    /// Sends all output. `beside` goes on while the client is slow to take it, and ends the wait by ending.
    pub(crate) async fn flush_beside<T>(&mut self, beside: impl Future<Output = T>) -> Result<Option<T>, Failure> {
        let mut beside = std::pin::pin!(beside);
        loop {
            tokio::select! {
                biased;
                flushed = self.channel.flush() => {
                    return match flushed {
                        Ok(()) if self.channel.ended => self.lost(io::ErrorKind::UnexpectedEof.into()),
                        Ok(()) => Ok(None),
                        Err(error) => self.lost(error),
                    };
                }
                result = &mut beside => return Ok(Some(result)),
                () = self.shutdown.cancelled(), if !self.stopping => self.stop(),
            }
        }
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.cancel.cancel(CancelReason::Shutdown);
    }

    fn lost<T>(&mut self, error: io::Error) -> Result<T, Failure> {
        self.cancel.cancel(CancelReason::Disconnected);
        Err(Failure::Lost(error))
    }

    /// What was said up to now comes before the statement's end.
    fn take_waiting_notices(&mut self) -> Result<(), Failure> {
        while self.notices_open {
            match self.notices.recv().now_or_never() {
                Some(notice) => self.take_notice(notice)?,
                None => break,
            }
        }
        Ok(())
    }

    fn take_notice(&mut self, notice: Option<Notice>) -> Result<(), Failure> {
        match notice {
            Some(notice) => self.put(&report::notice_response(&notice)),
            None => {
                self.notices_open = false;
                Ok(())
            }
        }
    }
}
