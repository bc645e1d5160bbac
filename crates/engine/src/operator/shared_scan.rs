//! One stream of rows that several plans read: each has a table in the place of what they share.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::{Stream, StreamExt};
use parking_lot::Mutex;
use tokio::sync::mpsc;

/// Batches that wait for a reader, beyond which the others wait for it.
const BATCHES_AHEAD: usize = 2;

type Row = std::result::Result<RecordBatch, Arc<DataFusionError>>;

/// One of the readers.
#[derive(Debug, Clone)]
pub(crate) struct SharedScan(Arc<Reader>);

#[derive(Debug)]
struct Reader {
    schema: SchemaRef,
    needs: Mutex<Needs>,
    receiver: Mutex<Option<mpsc::Receiver<Row>>>,
    /// The columns that are sent to all readers, once all have said what they need.
    sent: Arc<OnceLock<Vec<usize>>>,
}

/// What a reader's plan wants of the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Needs {
    pub columns: BTreeSet<usize>,
    /// Rows for which this is not true are not read.
    pub filter: Option<Expr>,
    /// How often the plan reads the rows.
    pub scans: usize,
}

/// The name of a column for readers, by its place.
pub(crate) fn column_name(place: usize) -> String {
    format!("c{place}")
}

/// The place of a column that readers know by this name.
pub(crate) fn column_place(name: &str) -> Option<usize> {
    name.strip_prefix('c')?.parse().ok()
}

/// Readers of rows of this schema, and what sends to them.
pub(crate) fn shared_scan(schema: &Schema, count: usize) -> (Vec<SharedScan>, Sender) {
    let fields = schema.fields().iter().enumerate();
    let fields: Vec<Field> =
        fields.map(|(place, field)| field.as_ref().clone().with_name(column_name(place))).collect();
    let schema = Arc::new(Schema::new(fields));
    let sent = Arc::new(OnceLock::new());
    let (mut readers, mut senders) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        senders.push(sender);
        readers.push(SharedScan(Arc::new(Reader {
            schema: Arc::clone(&schema),
            needs: Mutex::default(),
            receiver: Mutex::new(Some(receiver)),
            sent: Arc::clone(&sent),
        })));
    }
    (readers, Sender { senders, sent })
}

/// Sends rows to the readers.
pub(crate) struct Sender {
    senders: Vec<mpsc::Sender<Row>>,
    sent: Arc<OnceLock<Vec<usize>>>,
}

impl Sender {
    /// Sends all rows, whose columns are those at the places. Ends when no reader is left.
    pub(crate) async fn send(
        mut self,
        columns: Vec<usize>,
        mut rows: impl Stream<Item = Result<RecordBatch>> + Unpin,
    ) -> Result<()> {
        if self.sent.set(columns).is_err() {
            return datafusion::common::internal_err!("rows are sent twice");
        }
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(Arc::new);
            let mut left = Vec::with_capacity(self.senders.len());
            for sender in std::mem::take(&mut self.senders) {
                if sender.send(batch.clone()).await.is_ok() {
                    left.push(sender);
                }
            }
            self.senders = left;
            if self.senders.is_empty() || batch.is_err() {
                break;
            }
        }
        Ok(())
    }
}

impl SharedScan {
    /// Known once the reader's plan has been made.
    pub(crate) fn needs(&self) -> Needs {
        self.0.needs.lock().clone()
    }

    /// Lets go of rows that nobody will read.
    pub(crate) fn close(&self) {
        self.0.receiver.lock().take();
    }
}

#[async_trait]
impl TableProvider for SharedScan {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.0.schema.fields().len()).collect(),
        };
        let mut needs = self.0.needs.lock();
        needs.scans += 1;
        needs.columns.extend(&columns);
        needs.filter = conjunction(filters.iter().cloned());
        needs
            .columns
            .extend(filters.iter().flat_map(Expr::column_refs).filter_map(|column| column_place(&column.name)));
        let schema = Arc::new(self.0.schema.project(&columns)?);
        let part = Arc::new(Part { reader: Arc::clone(&self.0), columns, schema: Arc::clone(&schema) });
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![part], None, Vec::new(), false, limit)?))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters.iter().map(|_| TableProviderFilterPushDown::Inexact).collect())
    }
}

/// The rows as one plan reads them.
#[derive(Debug)]
struct Part {
    reader: Arc<Reader>,
    columns: Vec<usize>,
    schema: SchemaRef,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let missing = |what: &str| {
            let error = DataFusionError::Internal(what.to_owned());
            let stream = futures::stream::once(async move { Err(error) });
            Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream)) as SendableRecordBatchStream
        };
        let Some(mut receiver) = self.reader.receiver.lock().take() else {
            return missing("shared rows are read twice");
        };
        let sent = Arc::clone(&self.reader.sent);
        let columns = self.columns.clone();
        let of_rows = Arc::clone(&schema);
        let batches = futures::stream::poll_fn(move |context| receiver.poll_recv(context));
        let batches = batches.map(move |batch| {
            let batch = batch.map_err(DataFusionError::Shared)?;
            let sent = sent.get().map(Vec::as_slice).unwrap_or_default();
            let arrays = columns.iter().map(|column| {
                let place = sent.iter().position(|sent| sent == column);
                place
                    .and_then(|place| batch.columns().get(place))
                    .cloned()
                    .ok_or_else(|| DataFusionError::Internal(format!("column {column} of shared rows was not sent")))
            });
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            let arrays = arrays.collect::<Result<Vec<_>>>()?;
            Ok(RecordBatch::try_new_with_options(Arc::clone(&of_rows), arrays, &options)?)
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, batches))
    }
}
