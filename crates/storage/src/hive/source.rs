//! Text files as a source of DataFusion's file scan, which sees to partition columns, projections and limits.

use std::path::PathBuf;
use std::sync::Arc;

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

use super::format::TableFormat;
use super::scan::LineFormat;

/// Where a file is on the local disk; an extension of `PartitionedFile`.
#[derive(Debug, Clone)]
pub(super) struct LocalPath(pub PathBuf);

#[derive(Clone)]
pub(super) struct TextSource {
    table_schema: TableSchema,
    format: Arc<TableFormat>,
    batch_rows: usize,
    metrics: ExecutionPlanMetricsSet,
    projection: SplitProjection,
    may_be_cut: bool,
}

impl TextSource {
    /// `may_be_cut`: false where a file is compressed.
    pub fn new(table_schema: TableSchema, format: TableFormat, may_be_cut: bool) -> Result<Self> {
        let all = LineFormat::new(&format, table_schema.file_schema(), &[])?;
        Ok(Self {
            projection: SplitProjection::unprojected(&table_schema),
            table_schema,
            format: Arc::new(format),
            batch_rows: 8192,
            metrics: ExecutionPlanMetricsSet::new(),
            may_be_cut: may_be_cut && all.may_be_cut(),
        })
    }
}

impl FileSource for TextSource {
    fn create_file_opener(&self, _: Arc<dyn ObjectStore>, _: &FileScanConfig, _: usize) -> Result<Arc<dyn FileOpener>> {
        let format = LineFormat::new(&self.format, self.table_schema.file_schema(), &self.projection.file_indices)?;
        let opener = Arc::new(TextOpener { format, batch_rows: self.batch_rows });
        ProjectionOpener::try_new(self.projection.clone(), opener, self.table_schema.file_schema())
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
        "text"
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

struct TextOpener {
    format: LineFormat,
    batch_rows: usize,
}

impl FileOpener for TextOpener {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let (format, batch_rows) = (self.format.clone(), self.batch_rows);
        Ok(Box::pin(async move {
            let Some(LocalPath(path)) = file.extension::<LocalPath>() else {
                return Err(DataFusionError::Internal("a file of text without a local path".to_owned()));
            };
            let bound = |bound: i64| u64::try_from(bound).unwrap_or(0);
            let range = file.range.as_ref().map(|range| bound(range.start)..bound(range.end));
            let batches = format.read(path, range, batch_rows)?;
            Ok(futures::stream::iter(batches).boxed())
        }))
    }
}

/// No file of ours is compressed in DataFusion's sense: the reader sees to it.
pub(super) const UNCOMPRESSED: FileCompressionType = FileCompressionType::UNCOMPRESSED;
