//! The stream a client pulls: its plan runs on the engine's threads, two batches ahead at most.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use futures::{FutureExt, Stream, StreamExt};
use mead_common::CancelReason;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{Running, StatementContext};
use crate::error::into_datafusion;

/// How many batches may wait for a slow client.
const BATCHES_AHEAD: usize = 2;

/// Drives `stream` on `runtime`, and gives what it yields. Dropping the result, or cancelling `context`, ends the work.
pub(crate) fn spawn(
    stream: SendableRecordBatchStream,
    context: Arc<StatementContext>,
    running: Arc<Running>,
    runtime: &tokio::runtime::Handle,
) -> SendableRecordBatchStream {
    let schema = stream.schema();
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let token = context.token();
    let task = runtime.spawn(async move {
        // A cancelled statement lets go of its memory even while its client does not read.
        token.run_until_cancelled(forward(stream, sender)).await;
    });
    let cancelled = Box::pin(context.token().cancelled_owned());
    Box::pin(ResultStream { schema, receiver, task, context, cancelled, ended: false, running })
}

async fn forward(mut stream: SendableRecordBatchStream, sender: mpsc::Sender<Result<RecordBatch>>) {
    while let Some(batch) = stream.next().await {
        let failed = batch.is_err();
        if sender.send(batch).await.is_err() || failed {
            return;
        }
    }
}

/// See [`spawn`].
struct ResultStream {
    schema: SchemaRef,
    receiver: mpsc::Receiver<Result<RecordBatch>>,
    task: JoinHandle<()>,
    context: Arc<StatementContext>,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    ended: bool,
    running: Arc<Running>,
}

impl ResultStream {
    fn end(&mut self) {
        self.ended = true;
        self.task.abort();
        self.receiver.close();
        self.running.suspend();
    }

    /// A task that ends without closing its channel in order has panicked.
    fn outcome_of_task(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        match self.task.poll_unpin(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) if error.is_panic() => {
                self.end();
                Poll::Ready(Some(Err(DataFusionError::Internal("a task of the query panicked".to_owned()))))
            }
            Poll::Ready(_) => {
                self.end();
                Poll::Ready(None)
            }
        }
    }
}

impl Stream for ResultStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.cancelled.as_mut().poll(cx).is_ready() {
            let reason = self.context.flag().reason().unwrap_or(CancelReason::User);
            self.end();
            return Poll::Ready(Some(Err(into_datafusion(reason.diagnostic()))));
        }
        match self.receiver.poll_recv(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Err(error))) => {
                self.end();
                // A cancelled operator may have failed with an error of its own: the cause is what counts.
                let error = match self.context.flag().reason() {
                    Some(reason) => into_datafusion(reason.diagnostic()),
                    None => error,
                };
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(Some(batch)) => Poll::Ready(Some(batch)),
            Poll::Ready(None) => self.outcome_of_task(cx),
        }
    }
}

impl RecordBatchStream for ResultStream {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl Drop for ResultStream {
    fn drop(&mut self) {
        if !self.ended {
            self.running.suspend();
            // Loops that cannot await (training, inference) read the flag.
            self.context.cancel(CancelReason::User);
            self.task.abort();
        }
    }
}
