//! DECLARE, FETCH, CLOSE: a query whose rows are taken a few at a time.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use datafusion::sql::sqlparser::ast;
use futures::{Stream, StreamExt};
use mead_common::{Diagnostic, sqlstate};
use parking_lot::Mutex;

use crate::session::prepared::SourceStatement;
use crate::session::{Execution, Prepared, Session, TransactionStatus};

/// An open cursor.
pub(crate) struct Cursor {
    hold: bool,
    schema: SchemaRef,
    rows: Arc<Mutex<Rows>>,
}

struct Rows {
    stream: SendableRecordBatchStream,
    /// What was read beyond the last FETCH.
    ahead: VecDeque<RecordBatch>,
    ended: bool,
}

impl Cursor {
    /// True for WITH HOLD, which outlives its transaction block.
    pub(crate) fn holds(&self) -> bool {
        self.hold
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
        if !hold && self.transaction.status() == TransactionStatus::Idle {
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
        let runner = self.runner(&source, parameters);
        let query = query.clone();
        let execution = self.run_on_engine(runner, |runner| async move { runner.query(&query).await }).await?;
        let Some((schema, stream)) = execution.rows else {
            return Err(Diagnostic::internal("a query without rows"));
        };
        let rows = Arc::new(Mutex::new(Rows { stream, ahead: VecDeque::new(), ended: false }));
        self.cursors.insert(name.to_owned(), Cursor { hold, schema, rows });
        Ok(Execution::done("DECLARE CURSOR"))
    }

    pub(crate) fn fetch(&mut self, name: &str, count: Option<u64>) -> Result<Execution, Diagnostic> {
        let cursor = self.cursor(name)?;
        let left = count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
        let stream = Fetch { schema: Arc::clone(&cursor.schema), rows: Arc::clone(&cursor.rows), left };
        Ok(Execution::rows(Box::pin(stream), "FETCH"))
    }

    pub(crate) fn close_cursor(&mut self, name: Option<&str>) -> Result<Execution, Diagnostic> {
        match name {
            None => {
                self.cursors.clear();
                Ok(Execution::done("CLOSE CURSOR ALL"))
            }
            Some(name) => {
                self.cursor(name)?;
                self.cursors.remove(name);
                Ok(Execution::done("CLOSE CURSOR"))
            }
        }
    }

    pub(crate) fn cursor_schema(&self, name: &str) -> Result<SchemaRef, Diagnostic> {
        Ok(Arc::clone(&self.cursor(name)?.schema))
    }

    fn cursor(&self, name: &str) -> Result<&Cursor, Diagnostic> {
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
