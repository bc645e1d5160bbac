//! The rows of a managed table with their places: the number of the file, and of the row in it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{AsArray, PrimitiveArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::parquet::arrow::RowNumber;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::path::Path;

use super::change::Change;

/// The column of a row's file. A control character keeps it out of anybody's SQL.
pub const FILE: &str = "\u{1}file";
/// The column of a row's place in its file.
pub const ROW: &str = "\u{1}row";

/// Some files of a table.
pub(super) struct ChangeRows {
    change: Arc<Change>,
    files: Vec<usize>,
    schema: SchemaRef,
}

impl ChangeRows {
    pub fn new(change: Arc<Change>, files: Vec<usize>) -> Self {
        let mut fields: Vec<_> = change.stored().fields().iter().cloned().collect();
        fields.push(Arc::new(file_field()));
        fields.push(Arc::new(row_field()));
        Self { files, schema: Arc::new(Schema::new(fields)), change }
    }
}

fn file_field() -> Field {
    Field::new(FILE, DataType::Int32, false)
}

fn row_field() -> Field {
    Field::new(ROW, DataType::Int64, false).with_extension_type(RowNumber)
}

/// The places of a batch's rows, which are its last columns.
pub(super) fn places(batch: &RecordBatch) -> Result<(&PrimitiveArray<Int32Type>, &PrimitiveArray<Int64Type>)> {
    let column = |name: &str| batch.column_by_name(name);
    let files = column(FILE).and_then(|column| column.as_primitive_opt::<Int32Type>());
    let rows = column(ROW).and_then(|column| column.as_primitive_opt::<Int64Type>());
    match (files, rows) {
        (Some(files), Some(rows)) => Ok((files, rows)),
        _ => datafusion::common::internal_err!("rows without their places"),
    }
}

impl fmt::Debug for ChangeRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeRows({})", self.change.folder.display())
    }
}

#[async_trait]
impl TableProvider for ChangeRows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut files = Vec::with_capacity(self.files.len());
        for number in &self.files {
            let Some(file) = self.change.files.get(*number) else { continue };
            let location =
                Path::from_absolute_path(&file.path).map_err(|error| DataFusionError::External(Box::new(error)))?;
            let meta = object_store::ObjectMeta {
                location,
                last_modified: std::time::SystemTime::UNIX_EPOCH.into(),
                size: file.bytes,
                e_tag: None,
                version: None,
            };
            let value = ScalarValue::Int32(i32::try_from(*number).ok());
            files.push(PartitionedFile::new_from_meta(meta).with_partition_values(vec![value]));
        }
        if files.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema.project(columns)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let table_schema = TableSchema::builder(Arc::clone(self.change.stored()))
            .with_table_partition_cols(vec![Arc::new(file_field())])
            .with_virtual_columns(vec![Arc::new(row_field())])
            .build();
        let groups = FileGroup::new(files).split_files(session.config().target_partitions());
        let source = Arc::new(ParquetSource::new(table_schema));
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
