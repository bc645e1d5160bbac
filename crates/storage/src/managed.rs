//! Managed tables: folders of Parquet files under a Delta log, which belong to mead.

mod alter;
mod append;
mod change;
mod history;
mod maintenance;
mod rows;

use append::ManagedSink;
pub use change::{Change, ChangeKind, ChangeWriter};
pub use history::{AsOf, HistoryEntry};
pub use maintenance::{Optimized, RETENTION};
pub use rows::{FILE, ROW};

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::sink::DataSinkExec;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{StructField, StructType};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use futures::StreamExt;
use mead_common::Diagnostic;
use url::Url;

use crate::lease::{self, Lease};
use crate::pass_through::{PassThrough, PassThroughExec};
use crate::unfinished::Unfinished;
use crate::{DurableFileSystem, Error, durable};

/// One managed table, by its folder.
#[derive(Debug, Clone)]
pub struct ManagedTable {
    folder: PathBuf,
}

impl ManagedTable {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The columns a managed table has for those of a query or a definition: fewer types than Arrow's. Types that hold the
    /// same values are put in place of the others; what has none is refused by name.
    pub fn declared_schema(schema: &Schema) -> Result<SchemaRef, Error> {
        let fields: Vec<FieldRef> = schema.fields().iter().map(declared_field).collect::<Result<_, _>>()?;
        Ok(Arc::new(Schema::new(fields)))
    }

    /// What Delta keeps for such columns.
    fn stored_schema(schema: &Schema) -> Schema {
        let stored = |field: &FieldRef| Field::new(field.name(), carrier(field.data_type()), field.is_nullable());
        Schema::new(schema.fields().iter().map(stored).collect::<Vec<_>>())
    }

    /// Makes the folder and the first entry of the log. `schema` is one that [`Self::declared_schema`] gave.
    pub async fn create(&self, schema: &Schema) -> Result<(), Error> {
        std::fs::create_dir_all(&self.folder).map_err(|source| Error::io(&self.folder, source))?;
        let stored = Self::stored_schema(schema);
        let struct_type: StructType =
            (&stored).try_into_kernel().map_err(|error| self.delta(DeltaTableError::from(error)))?;
        let columns: Vec<StructField> = struct_type.fields().cloned().collect();
        let table = self.builder(Unfinished::new(&self.folder))?.build().map_err(|error| self.delta(error))?;
        table.create().with_columns(columns).await.map_err(|error| self.delta(error))?;
        Ok(())
    }

    /// A provider of the rows as they are now, which also takes INSERT. What an INSERT wrote is taken back where it has not
    /// ended well by the time the provider goes.
    pub async fn provider(&self) -> Result<Arc<dyn TableProvider>, Error> {
        let _lease = Lease::take(&self.folder);
        let unfinished = Unfinished::new(&self.folder);
        let table = self.open(Arc::clone(&unfinished)).await?;
        self.provider_of(table, unfinished).await
    }

    /// A provider of what was opened.
    async fn provider_of(
        &self,
        table: DeltaTable,
        unfinished: Arc<Unfinished>,
    ) -> Result<Arc<dyn TableProvider>, Error> {
        let inner: Arc<dyn TableProvider> = table.table_provider().await?;
        Ok(Arc::new(ManagedProvider { inner, table, folder: self.folder.clone(), unfinished }))
    }

    /// Removes the folder, as soon as nobody reads it or writes to it. The metastore's entry must be gone before.
    pub fn remove(&self) -> Result<(), Error> {
        lease::remove(&self.folder)
    }

    async fn open(&self, unfinished: Arc<Unfinished>) -> Result<DeltaTable, Error> {
        self.builder(unfinished)?.load().await.map_err(|error| match self.folder.exists() {
            true => self.delta(error),
            false => Error::Dropped,
        })
    }

    fn builder(&self, unfinished: Arc<Unfinished>) -> Result<DeltaTableBuilder, Error> {
        let url: Url = durable::file_url(&self.folder, true)?;
        let builder = DeltaTableBuilder::from_url(url.clone()).map_err(|error| self.delta(error))?;
        Ok(builder.with_storage_backend(Arc::new(DurableFileSystem::of_statement(unfinished)), url))
    }

    fn delta(&self, source: DeltaTableError) -> Error {
        Error::of_delta(&self.folder, source)
    }
}

/// Delta's provider, whose folder stays while its rows are read.
#[derive(Debug)]
struct ManagedProvider {
    inner: Arc<dyn TableProvider>,
    table: DeltaTable,
    folder: PathBuf,
    unfinished: Arc<Unfinished>,
}

#[async_trait]
impl TableProvider for ManagedProvider {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn table_type(&self) -> TableType {
        self.inner.table_type()
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let lease = self.lease()?;
        let input = self.inner.scan(session, projection, filters, limit).await?;
        Ok(Arc::new(PassThroughExec::new(input, Leased(lease))))
    }

    async fn insert_into(
        &self,
        _: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        operation: InsertOp,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let sink = ManagedSink {
            table: self.table.clone(),
            schema: input.schema(),
            folder: self.folder.clone(),
            overwrite: match operation {
                InsertOp::Append => false,
                InsertOp::Overwrite => true,
                InsertOp::Replace => {
                    let report = Diagnostic::unsupported("REPLACE INTO is not supported");
                    return Err(DataFusionError::External(Box::new(report)));
                }
            },
            lease: self.lease()?,
        };
        Ok(Arc::new(DataSinkExec::new(input, Arc::new(sink), None)))
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        self.inner.supports_filters_pushdown(filters)
    }
}

impl ManagedProvider {
    fn lease(&self) -> Result<Lease, Error> {
        let lease = Lease::take(&self.folder);
        if self.folder.exists() { Ok(lease) } else { Err(Error::Dropped) }
    }
}

impl Drop for ManagedProvider {
    fn drop(&mut self) {
        self.unfinished.abandon();
    }
}

/// Holds a table's folder for as long as the plan, or one of its streams, is there.
#[derive(Debug)]
pub(crate) struct Leased(pub Lease);

impl PassThrough for Leased {
    fn name(&self) -> &'static str {
        "ManagedTableExec"
    }

    fn passes_projections(&self) -> bool {
        true
    }

    fn execute(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let lease = self.0.clone();
        let input = input.execute(partition, context)?;
        let schema = input.schema();
        let batches = input.inspect(move |_| {
            let _ = &lease;
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

fn declared_field(field: &FieldRef) -> Result<FieldRef, Error> {
    let data_type = declared_type(field.name(), field.data_type())?;
    let metadata: HashMap<String, String> = field.metadata().clone();
    Ok(Arc::new(Field::new(field.name(), data_type, field.is_nullable()).with_metadata(metadata)))
}

/// uuid, time and interval are known to the metastore alone.
fn declared_type(column: &str, data_type: &DataType) -> Result<DataType, Error> {
    Ok(match data_type {
        DataType::FixedSizeBinary(16) => data_type.clone(),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Interval(_) | DataType::Duration(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => {
            let item = declared_type(column, field.data_type())?;
            DataType::List(Arc::new(Field::new(field.name(), item, field.is_nullable())))
        }
        other => stored_type(column, other)?,
    })
}

/// The type of Delta that carries the values of a declared one.
fn carrier(data_type: &DataType) -> DataType {
    match data_type {
        DataType::FixedSizeBinary(_) | DataType::Interval(_) => DataType::Binary,
        DataType::Time64(_) => DataType::Int64,
        DataType::List(item) => {
            DataType::List(Arc::new(Field::new(item.name(), carrier(item.data_type()), item.is_nullable())))
        }
        other => other.clone(),
    }
}

/// A type of Delta that holds the same values.
fn stored_type(column: &str, data_type: &DataType) -> Result<DataType, Error> {
    let child = |field: &FieldRef| -> Result<FieldRef, Error> {
        let inner = stored_type(column, field.data_type())?;
        Ok(Arc::new(Field::new(field.name(), inner, field.is_nullable())))
    };
    Ok(match data_type {
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 => DataType::Float32,
        DataType::Date64 => DataType::Date32,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(_, Some(_)) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Dictionary(_, value) => stored_type(column, value)?,
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => DataType::List(child(field)?),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(child).collect::<Result<Vec<_>, _>>()?.into()),
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32
        | DataType::Decimal128(_, _)
        | DataType::Map(_, _) => data_type.clone(),
        other => {
            return Err(Error::ManagedType { column: column.to_owned(), data_type: other.to_string() });
        }
    })
}
