//! A table of files: its partitions are chosen by their values, then their files are read.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use mead_common::{Diagnostic, sqlstate};
use object_store::path::Path;

use super::column_names::AnyCase;
use super::compression::Codec;
use super::format::{Serde, TableFormat};
use super::partitions::{DataFile, PartitionFiles, PartitionSource, Place, files_below, partition_array};
use super::source::{HiveSource, LocalPath, UNCOMPRESSED};
use crate::lease::Lease;
use crate::managed::Leased;
use crate::{Error, PassThroughExec};

/// The column of files' names, where a query asks for it: no name that a table's column may have.
pub const FILE_NAME: &str = "\u{1}file";

/// See the module's documentation.
#[derive(Debug, Clone)]
pub struct HiveTable {
    pub columns: SchemaRef,
    pub partition_columns: SchemaRef,
    pub format: TableFormat,
    pub partitions: Arc<dyn PartitionSource>,
    pub name: String,
    /// What is known of the columns, the files' and then the partitions'; it may be out of date.
    known: Vec<ColumnStatistics>,
    schema: SchemaRef,
    /// The folder that is ours, whose files stay while they are read.
    leased: Option<PathBuf>,
    /// Whether the rows' files are a last column.
    names_files: bool,
}

/// A partition's files with its values.
struct Chosen {
    files: Vec<DataFile>,
    values: Vec<ScalarValue>,
    layout: Layout,
    /// How many rows it had when somebody counted.
    rows: Option<u64>,
}

/// How files are read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layout {
    format: TableFormat,
    /// The columns that they were written with, where they are not the table's.
    columns: Option<SchemaRef>,
}

/// Partitions that are read alike.
struct Group {
    layout: Layout,
    partitions: Vec<(Vec<DataFile>, Vec<ScalarValue>)>,
    rows: Option<u64>,
}

impl HiveTable {
    pub fn new(
        name: String,
        columns: SchemaRef,
        partition_columns: SchemaRef,
        format: TableFormat,
        partitions: Arc<dyn PartitionSource>,
        leased: Option<PathBuf>,
    ) -> Self {
        let fields: Vec<_> = columns.fields().iter().chain(partition_columns.fields()).cloned().collect();
        let schema = Arc::new(Schema::new(fields));
        Self {
            columns,
            partition_columns,
            format,
            partitions,
            name,
            known: Vec::new(),
            schema,
            leased,
            names_files: false,
        }
    }

    /// Tells the optimizer what the columns were like when somebody looked.
    pub fn with_statistics(mut self, known: Vec<ColumnStatistics>) -> Self {
        self.known = known;
        self
    }

    /// The table with a last column, [`FILE_NAME`].
    #[must_use]
    pub fn with_file_names(&self) -> Self {
        if self.names_files {
            return self.clone();
        }
        let fields: Vec<_> = self.schema.fields().iter().cloned().chain([file_name()]).collect();
        let mut known = self.known.clone();
        if !known.is_empty() {
            known.push(ColumnStatistics::new_unknown());
        }
        Self { known, schema: Arc::new(Schema::new(fields)), names_files: true, ..self.clone() }
    }

    fn is_partition_column(&self, name: &str) -> bool {
        self.partition_columns.field_with_name(name).is_ok()
    }

    fn is_of_partitions(&self, filter: &Expr) -> bool {
        !filter.is_volatile()
            && !filter.column_refs().is_empty()
            && filter.column_refs().iter().all(|column| self.is_partition_column(&column.name))
            && !has_subquery(filter)
    }

    /// The partitions whose values a query's filters allow.
    fn choose(&self, session: &dyn Session, filters: &[Expr]) -> Result<Vec<Chosen>> {
        let ours: Vec<&Expr> = filters.iter().filter(|filter| self.is_of_partitions(filter)).collect();
        let fields = self.partition_columns.fields();
        let wanted: Vec<_> = fields.iter().map(|field| wanted(field.name(), field, &ours)).collect();
        let found = self.partitions.find(&wanted).map_err(|report| DataFusionError::External(Box::new(report)))?;
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for (place, field) in fields.iter().enumerate() {
            let texts: Vec<Option<&str>> =
                found.iter().map(|partition| partition.values.get(place).and_then(Option::as_deref)).collect();
            arrays.push(partition_array(field, &texts)?);
        }
        let allowed = self.allowed(session, &ours, &arrays, found.len())?;
        let mut chosen = Vec::new();
        for (place, partition) in found.into_iter().enumerate() {
            if allowed.as_ref().is_some_and(|allowed| !allowed[place]) {
                continue;
            }
            let values = arrays.iter().map(|array| ScalarValue::try_from_array(array, place)).collect::<Result<_>>()?;
            let files = self.files_of(&partition)?;
            let format = partition.format.unwrap_or_else(|| self.format.clone());
            let columns = partition.columns.filter(|columns| *columns != self.columns);
            chosen.push(Chosen { files, values, layout: Layout { format, columns }, rows: partition.rows });
        }
        Ok(chosen)
    }

    fn allowed(
        &self,
        session: &dyn Session,
        filters: &[&Expr],
        arrays: &[ArrayRef],
        count: usize,
    ) -> Result<Option<Vec<bool>>> {
        let Some(filter) = conjunction(filters.iter().map(|filter| unqualified(filter))) else { return Ok(None) };
        if count == 0 {
            return Ok(None);
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.partition_columns), arrays.to_vec())?;
        let schema = DFSchema::try_from(self.partition_columns.as_ref().clone())?;
        let filter = session.create_physical_expr(filter, &schema)?;
        let values = filter.evaluate(&batch)?.into_array(count)?;
        let Some(values) = values.as_boolean_opt() else {
            return datafusion::common::internal_err!("a filter is a boolean");
        };
        // What is not known to be true is not true.
        Ok(Some(values.iter().map(|value| value == Some(true)).collect()))
    }

    fn files_of(&self, partition: &PartitionFiles) -> Result<Vec<DataFile>, Error> {
        match &partition.place {
            Place::Files(files) => Ok(files.clone()),
            Place::Folder(folder) => files_below(folder).map_err(|error| match error {
                Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                    let what = match partition.name.is_empty() {
                        true => format!("location \"{}\" of table \"{}\" does not exist", folder.display(), self.name),
                        false => format!(
                            "folder \"{}\" of partition \"{}\" of table \"{}\" does not exist",
                            folder.display(),
                            partition.name,
                            self.name
                        ),
                    };
                    Diagnostic::new(sqlstate::UNDEFINED_FILE, what).into()
                }
                other => other,
            }),
        }
    }

    /// The scan of files of one format.
    fn scan_of(
        &self,
        session: &dyn Session,
        group: Group,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let of_file = self.names_files.then(file_name);
        let constants: Vec<Arc<Field>> = self.partition_columns.fields().iter().cloned().chain(of_file).collect();
        let table_schema = TableSchema::builder(Arc::clone(&self.columns)).with_table_partition_cols(constants).build();
        let mut files = Vec::new();
        let (mut rows, mut bytes, mut may_be_cut) = (Some(0), 0, true);
        let Group { layout: Layout { format, columns }, partitions, rows: counted } = group;
        for (list, values) in partitions {
            for file in list {
                rows = rows.zip(file.rows).map(|(all, more)| all + more);
                bytes += file.bytes;
                may_be_cut &= Codec::of(&file.path) == Codec::None;
                if file.bytes > 0 {
                    let name = || ScalarValue::from(file.path.to_string_lossy().as_ref());
                    let of_file = self.names_files.then(name);
                    files.push(partitioned_file(&file, values.iter().cloned().chain(of_file).collect())?);
                }
            }
        }
        let source: Arc<dyn FileSource> = match format.serde {
            Serde::Parquet => Arc::new(ParquetSource::new(table_schema)),
            _ => Arc::new(HiveSource::new(table_schema, columns, format, may_be_cut)?),
        };
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = match (rows, counted) {
            (Some(rows), _) => Precision::Exact(to_usize(rows)),
            (None, Some(rows)) => Precision::Inexact(to_usize(rows)),
            (None, None) => Precision::Absent,
        };
        if self.known.len() == statistics.column_statistics.len() {
            statistics.column_statistics.clone_from(&self.known);
        }
        statistics.total_byte_size = Precision::Inexact(to_usize(bytes));
        let groups = FileGroup::new(files).split_files(session.config().target_partitions());
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_file_compression_type(UNCOMPRESSED)
            .with_expr_adapter(Some(Arc::new(AnyCase)))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

fn file_name() -> Arc<Field> {
    Arc::new(Field::new(FILE_NAME, DataType::Utf8, false))
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn partitioned_file(file: &DataFile, values: Vec<ScalarValue>) -> Result<PartitionedFile> {
    let location = Path::from_absolute_path(&file.path).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let meta = object_store::ObjectMeta {
        location,
        last_modified: std::time::SystemTime::UNIX_EPOCH.into(),
        size: file.bytes,
        e_tag: None,
        version: None,
    };
    let listed = PartitionedFile::new_from_meta(meta).with_partition_values(values);
    Ok(listed.with_extension(LocalPath(file.path.clone())))
}

/// The texts that the filters allow for a partition column, where they are a list.
fn wanted(name: &str, field: &Field, filters: &[&Expr]) -> Option<Vec<Option<String>>> {
    let text = |expr: &Expr| -> Option<Option<String>> {
        let Expr::Literal(value, _) = expr else { return None };
        let value = value.cast_to(field.data_type()).ok()?;
        if value.is_null() {
            return None;
        }
        super::partition_text(&value).ok()
    };
    let is_column = |expr: &Expr| matches!(expr, Expr::Column(column) if column.name == name);
    for filter in filters {
        match filter {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
                let other = if is_column(left) {
                    right
                } else if is_column(right) {
                    left
                } else {
                    continue;
                };
                if let Some(text) = text(other) {
                    return Some(vec![text]);
                }
            }
            Expr::InList(list) if !list.negated && is_column(&list.expr) => {
                if let Some(texts) = list.list.iter().map(text).collect::<Option<Vec<_>>>() {
                    return Some(texts);
                }
            }
            _ => {}
        }
    }
    None
}

fn has_subquery(filter: &Expr) -> bool {
    use datafusion::common::tree_node::TreeNode;
    filter
        .exists(|expr| {
            Ok(matches!(
                expr,
                Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) | Expr::OuterReferenceColumn(..)
            ))
        })
        .unwrap_or(true)
}

fn unqualified(filter: &Expr) -> Expr {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    let changed = filter.clone().transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => {
                Transformed::yes(Expr::Column(datafusion::common::Column::new_unqualified(column.name)))
            }
            other => Transformed::no(other),
        })
    });
    changed.map_or_else(|_| filter.clone(), |changed| changed.data)
}

#[async_trait]
impl TableProvider for HiveTable {
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
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let lease = self.leased.as_deref().map(Lease::take);
        let mut groups: Vec<Group> = Vec::new();
        for Chosen { files, values, layout, rows } in self.choose(session, filters)? {
            // Partitions that follow each other are mostly alike, and there are few kinds of them.
            let known = groups.iter_mut().rev().find(|group| group.layout == layout);
            match known {
                Some(group) => {
                    group.rows = group.rows.zip(rows).map(|(all, more)| all + more);
                    group.partitions.push((files, values));
                }
                None => groups.push(Group { layout, partitions: vec![(files, values)], rows }),
            }
        }
        let mut plans = Vec::new();
        for group in groups {
            if group.partitions.iter().any(|(files, _)| files.iter().any(|file| file.bytes > 0)) {
                plans.push(self.scan_of(session, group, projection, limit)?);
            }
        }
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        let plan: Arc<dyn ExecutionPlan> = match plans.len() {
            0 => return Ok(Arc::new(EmptyExec::new(schema))),
            1 => plans.remove(0),
            _ => UnionExec::try_new(plans)?,
        };
        Ok(match lease {
            Some(lease) => Arc::new(PassThroughExec::new(plan, Leased(lease))),
            None => plan,
        })
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|filter| match self.is_of_partitions(filter) {
                true => TableProviderFilterPushDown::Exact,
                false => TableProviderFilterPushDown::Unsupported,
            })
            .collect())
    }
}
