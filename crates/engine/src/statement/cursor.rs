//! DECLARE, FETCH, MOVE, CLOSE: a query whose rows are taken a few at a time.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use chrono::Utc;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use datafusion::physical_plan::EmptyRecordBatchStream;
use datafusion::sql::sqlparser::ast;
use futures::{Stream, StreamExt};
use mead_common::{Diagnostic, sqlstate};
use parking_lot::Mutex;

use super::held_rows::hold;
use crate::execution::{AbortOnDrop, Running};
use crate::session::holdings::CursorListing;
use crate::session::prepared::SourceStatement;
use crate::session::settings::Settings;
use crate::session::{Execution, Prepared, Session, TransactionStatus};

/// An open cursor.
pub(crate) struct Cursor {
    hold: bool,
    /// WITH HOLD, and its transaction has ended well: it stays open until it is closed.
    settled: bool,
    /// In the order of DECLARE.
    number: u64,
    pub(crate) schema: SchemaRef,
    rows: Arc<Mutex<Rows>>,
    running: Option<Arc<Running>>,
}

struct Rows {
    stream: SendableRecordBatchStream,
    /// What was read beyond the last FETCH.
    ahead: VecDeque<RecordBatch>,
    ended: bool,
}

impl Cursor {
    /// True for one that outlives its transaction, which has ended.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }
}

impl Session {
    pub(crate) async fn declare(
        &mut self,
        outer: &Prepared,
        name: &str,
        hold: bool,
        query: &ast::Query,
        parameters: Vec<ScalarValue>,
    ) -> Result<Execution, Diagnostic> {
        if !hold && !self.transaction.in_some_block() {
            return Err(Diagnostic::new(
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                "DECLARE CURSOR can only be used in transaction blocks",
            )
            .with_hint("begin a transaction, or declare the cursor WITH HOLD"));
        }
        if self.cursors.contains_key(name) {
            return Err(Diagnostic::new(sqlstate::DUPLICATE_CURSOR, format!("cursor \"{name}\" already exists")));
        }
        let source: SourceStatement = outer.source.clone();
        let listing = CursorListing { statement: source.text.clone(), hold, declared_at: Utc::now() };
        let pool = self.engine.memory_pool();
        self.info.holdings.write().keep_cursor(name, listing, &pool)?;
        let mut runner = self.runner(&source, parameters)?;
        runner.parameter_types.clone_from(&outer.parameter_types);
        let query = query.clone();
        let declared = self.run_on_engine(runner, |runner| async move { runner.query(&query).await }).await;
        let (schema, stream, running) = match declared {
            Ok(Execution { rows: Some((schema, stream)), running, .. }) => (schema, stream, running),
            failed => {
                self.info.holdings.write().forget_cursor(name);
                return failed.and(Err(Diagnostic::internal("a query without rows")));
            }
        };
        if let Some(running) = &running {
            running.suspend();
        }
        let rows = Arc::new(Mutex::new(Rows { stream, ahead: VecDeque::new(), ended: false }));
        let cursor = Cursor { hold, settled: false, number: self.next_cursor, schema, rows, running };
        self.next_cursor += 1;
        self.cursors.insert(name.to_owned(), cursor);
        if hold && self.transaction.status() == TransactionStatus::Idle {
            self.settle_cursors().await?;
        }
        Ok(Execution::done("DECLARE CURSOR"))
    }

    pub(crate) fn fetch(&mut self, name: &str, count: Option<u64>) -> Result<Execution, Diagnostic> {
        let cursor = self.cursor(name)?;
        let left = count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
        let running = cursor.running.clone();
        if let Some(running) = &running {
            self.resume(running);
        }
        let stream = Fetch {
            schema: Arc::clone(&cursor.schema),
            rows: Arc::clone(&cursor.rows),
            left,
            running: running.clone(),
        };
        Ok(Execution { running, ..Execution::rows(Box::pin(stream), "FETCH") })
    }

    /// MOVE: the rows are passed over, and counted.
    pub(crate) async fn move_on(&mut self, name: &str, count: Option<u64>) -> Result<Execution, Diagnostic> {
        let mut passed = 0;
        if let Some((_, mut rows)) = self.fetch(name, count)?.rows {
            while let Some(batch) = rows.next().await {
                passed += batch.map_err(|error| crate::diagnostic_of(&error))?.num_rows();
            }
        }
        Ok(Execution::done(format!("MOVE {passed}")))
    }

    pub(crate) fn close_cursor(&mut self, name: Option<&str>) -> Result<Execution, Diagnostic> {
        match name {
            None => {
                self.close_cursors(|_| true);
                Ok(Execution::done("CLOSE CURSOR ALL"))
            }
            Some(name) => {
                self.cursor(name)?;
                self.cursors.remove(name);
                self.info.holdings.write().forget_cursor(name);
                Ok(Execution::done("CLOSE CURSOR"))
            }
        }
    }

    pub(crate) fn close_cursors(&mut self, which: impl Fn(&Cursor) -> bool) {
        let mut holdings = self.info.holdings.write();
        self.cursors.retain(|name, cursor| {
            let close = which(cursor);
            if close {
                holdings.forget_cursor(name);
            }
            !close
        });
    }

    /// Closes the cursors that were declared since `number` was the next one's.
    pub(crate) fn close_cursors_since(&mut self, number: u64) {
        self.close_cursors(|cursor| cursor.number >= number && !cursor.settled);
    }

    /// The transaction ends well: what cursors WITH HOLD have still to give is computed now, and kept. Where that fails all
    /// that were declared in the transaction are closed.
    pub(crate) async fn settle_cursors(&mut self) -> Result<(), Diagnostic> {
        let mut open: Vec<&mut Cursor> =
            self.cursors.values_mut().filter(|cursor| cursor.hold && !cursor.settled).collect();
        open.sort_by_key(|cursor| cursor.number);
        let timeout = self.settings.read(Settings::statement_timeout);
        let environment = self.engine.environment();
        let handle = self.engine.runtime();
        let mut failure = None;
        for cursor in open {
            if let Some(running) = cursor.running.take() {
                running.resume(timeout);
            }
            let (stream, ahead) = {
                let mut rows = cursor.rows.lock();
                let empty = Box::pin(EmptyRecordBatchStream::new(Arc::clone(&cursor.schema)));
                (std::mem::replace(&mut rows.stream, empty), std::mem::take(&mut rows.ahead))
            };
            match AbortOnDrop::new(handle.spawn(hold(stream, ahead, Arc::clone(&environment)))).await {
                Ok(held) => {
                    cursor.rows.lock().stream = held;
                    cursor.settled = true;
                }
                Err(report) => {
                    failure = Some(report);
                    break;
                }
            }
        }
        match failure {
            None => Ok(()),
            Some(report) => {
                self.close_cursors(|cursor| !cursor.settled);
                Err(report)
            }
        }
    }

    pub(crate) fn cursor(&self, name: &str) -> Result<&Cursor, Diagnostic> {
        self.cursors
            .get(name)
            .ok_or_else(|| Diagnostic::new(sqlstate::INVALID_CURSOR_NAME, format!("cursor \"{name}\" does not exist")))
    }
}

/// The rows of one FETCH.
struct Fetch {
    schema: SchemaRef,
    rows: Arc<Mutex<Rows>>,
    left: usize,
    running: Option<Arc<Running>>,
}

impl Drop for Fetch {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.suspend();
        }
    }
}

impl Stream for Fetch {
    type Item = DataFusionResult<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let shared = Arc::clone(&self.rows);
        let mut rows = shared.lock();
        let batch = match rows.ahead.pop_front() {
            Some(batch) => batch,
            None if rows.ended => return Poll::Ready(None),
            None => match rows.stream.poll_next_unpin(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(batch))) => batch,
                Poll::Ready(end) => {
                    rows.ended = true;
                    return Poll::Ready(end);
                }
            },
        };
        let taken = batch.num_rows().min(self.left);
        if taken < batch.num_rows() {
            rows.ahead.push_front(batch.slice(taken, batch.num_rows() - taken));
        }
        self.left -= taken;
        Poll::Ready(Some(Ok(batch.slice(0, taken))))
    }
}

impl RecordBatchStream for Fetch {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
