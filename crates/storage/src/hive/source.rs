//! Files of text, ORC and Avro as a source of DataFusion's file scan, which sees to partition columns, projections and limits.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileOpenFuture, FileOpener, FileScanConfig, FileSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion_datasource::projection::{ProjectionOpener, SplitProjection};
use futures::StreamExt;
use object_store::ObjectStore;

use super::adapt::adapt;
use super::columnar::ColumnarFormat;
use super::format::{Serde, TableFormat};
use super::scan::LineFormat;

/// Where a file is on the local disk; an extension of `PartitionedFile`.
#[derive(Debug, Clone)]
pub(super) struct LocalPath(pub PathBuf);

#[derive(Clone)]
pub(super) struct HiveSource {
    table_schema: TableSchema,
    /// The columns that the files were written with, where they are not the table's.
    own: Option<SchemaRef>,
    format: Arc<TableFormat>,
    batch_rows: usize,
    metrics: ExecutionPlanMetricsSet,
    projection: SplitProjection,
    may_be_cut: bool,
}

impl HiveSource {
    /// `may_be_cut`: false where a file is compressed.
    pub fn new(
        table_schema: TableSchema,
        own: Option<SchemaRef>,
        format: TableFormat,
        may_be_cut: bool,
    ) -> Result<Self> {
        let may_be_cut = match format.serde {
            Serde::Orc => true,
            Serde::Avro => false,
            _ => {
                let columns = own.as_ref().unwrap_or(table_schema.file_schema());
                may_be_cut && LineFormat::new(&format, columns, &[])?.may_be_cut()
            }
        };
        Ok(Self {
            own,
            projection: SplitProjection::unprojected(&table_schema),
            table_schema,
            format: Arc::new(format),
            batch_rows: 8192,
            metrics: ExecutionPlanMetricsSet::new(),
            may_be_cut,
        })
    }
}

impl FileSource for HiveSource {
    fn create_file_opener(&self, _: Arc<dyn ObjectStore>, _: &FileScanConfig, _: usize) -> Result<Arc<dyn FileOpener>> {
        let table = self.table_schema.file_schema();
        let onto = match &self.own {
            Some(own) => Some(Onto::new(self.format.serde, own, table, &self.projection.file_indices)?),
            None => None,
        };
        let (columns, places) = match (&self.own, &onto) {
            (Some(own), Some(onto)) => (own, &onto.places),
            _ => (table, &self.projection.file_indices),
        };
        let kind = match self.format.serde {
            Serde::Orc | Serde::Avro => Kind::Columns(ColumnarFormat::new(&self.format, columns, places)?),
            _ => Kind::Lines(LineFormat::new(&self.format, columns, places)?),
        };
        let opener = Arc::new(HiveOpener { kind, onto, batch_rows: self.batch_rows });
        ProjectionOpener::try_new(self.projection.clone(), opener, table)
    }

    fn table_schema(&self) -> &TableSchema {
        &self.table_schema
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        Arc::new(Self { batch_rows: batch_size, ..self.clone() })
    }

    fn try_pushdown_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn FileSource>>> {
        let merged = self.projection.source.try_merge(projection)?;
        let projection = SplitProjection::new(self.table_schema.file_schema(), &merged);
        Ok(Some(Arc::new(Self { projection, ..self.clone() })))
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        Some(&self.projection.source)
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    fn file_type(&self) -> &str {
        match self.format.serde {
            Serde::Orc => "orc",
            Serde::Avro => "avro",
            _ => "text",
        }
    }

    fn supports_repartitioning(&self) -> bool {
        self.may_be_cut
    }

    fn apply_expressions(
        &self,
        apply: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        datafusion::physical_plan::apply_expression_roots(self.projection.source.iter(), apply)
    }
}

struct HiveOpener {
    kind: Kind,
    onto: Option<Onto>,
    batch_rows: usize,
}

#[derive(Clone)]
enum Kind {
    Columns(ColumnarFormat),
    Lines(LineFormat),
}

impl FileOpener for HiveOpener {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let (kind, onto, batch_rows) = (self.kind.clone(), self.onto.clone(), self.batch_rows);
        Ok(Box::pin(async move {
            let Some(LocalPath(path)) = file.extension::<LocalPath>() else {
                return Err(DataFusionError::Internal("a file without a local path".to_owned()));
            };
            let bound = |bound: i64| u64::try_from(bound).unwrap_or(0);
            let range = file.range.as_ref().map(|range| bound(range.start)..bound(range.end));
            let batches = match kind {
                Kind::Columns(format) => futures::stream::iter(format.read(path, range, batch_rows)?).boxed(),
                Kind::Lines(format) => futures::stream::iter(format.read(path, range, batch_rows)?).boxed(),
            };
            Ok(match onto {
                Some(onto) => batches.map(move |batch| onto.batch(&batch?)).boxed(),
                None => batches,
            })
        }))
    }
}

/// Rows with the columns that their files were written with, on their way to the table's.
#[derive(Debug, Clone)]
struct Onto {
    /// The files' columns that are read, ascending.
    places: Vec<usize>,
    /// For each column of the table that is read, which of them it is.
    found: Vec<Option<usize>>,
    schema: SchemaRef,
}

impl Onto {
    /// A line's columns are what they are by their place; what has names is found by them.
    fn new(serde: Serde, own: &SchemaRef, table: &SchemaRef, wanted: &[usize]) -> Result<Self> {
        let by_name = !serde.is_text() || serde == Serde::Json;
        let in_files = |place: &usize| match by_name {
            true => own.fields().iter().position(|field| field.name() == table.field(*place).name()),
            false => (*place < own.fields().len()).then_some(*place),
        };
        let in_files: Vec<Option<usize>> = wanted.iter().map(in_files).collect();
        let mut places: Vec<usize> = in_files.iter().flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        let found = in_files.iter().map(|place| place.and_then(|place| places.binary_search(&place).ok())).collect();
        Ok(Self { places, found, schema: Arc::new(table.project(wanted)?) })
    }

    fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = self.schema.fields().iter().zip(&self.found).map(|(field, place)| match place {
            Some(place) => adapt(batch.column(*place), field),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

/// No file of ours is compressed in DataFusion's sense: the reader sees to it.
pub(super) const UNCOMPRESSED: FileCompressionType = FileCompressionType::UNCOMPRESSED;
