//! ANALYZE TABLE … COMPUTE STATISTICS: how many rows and bytes there are, and what the columns' values are like.

use std::collections::BTreeMap;
use std::path::Path;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::functions::expr_fn::octet_length;
use datafusion::functions_aggregate::expr_fn::{approx_distinct, avg, count, max, min, sum};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, ident, lit, when};
use futures::StreamExt;
use mead_catalog::statistics::{BYTES, ColumnStatistics, FILES, RAW_BYTES, ROWS, Statistics};
use mead_catalog::{Partition, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::Analyze;
use mead_storage::hive::{files_below, partition_text, partition_value};

use super::super::Runner;
use super::partition::name_of_partition;
use super::relation::{TableKind, table_kind};
use crate::session::Execution;

/// What was found of some rows.
#[derive(Default)]
struct Found {
    rows: u64,
    columns: BTreeMap<String, ColumnStatistics>,
}

impl Runner {
    pub(super) async fn analyze(&self, analyze: &Analyze) -> Result<Execution, Diagnostic> {
        let relation = self.table_named(&analyze.table)?;
        let columns = self.analyzed_columns(&relation, analyze)?;
        let is_partitioned = table_kind(&relation) == TableKind::Hive && !relation.new.partitions.fields().is_empty();
        if is_partitioned {
            self.analyze_partitions(&relation, analyze, &columns).await?;
        } else {
            self.partition_values(&relation, &analyze.partition)?;
            let found = match analyze.no_scan {
                true => None,
                false => self.found(&relation, None, &columns, false).await?.into_values().next(),
            };
            let statistics = statistics(self.sizes(&relation, None)?, found);
            self.engine.catalog.note_statistics(&relation, Some(&statistics), &[])?;
        }
        Ok(Execution::done("ANALYZE"))
    }

    /// The columns of which more is to be known.
    fn analyzed_columns(&self, relation: &Relation, analyze: &Analyze) -> Result<Vec<Field>, Diagnostic> {
        let fields = relation.new.columns.fields();
        match &analyze.columns {
            None => Ok(Vec::new()),
            Some(names) if names.is_empty() => Ok(fields.iter().map(|field| field.as_ref().clone()).collect()),
            Some(names) => names
                .iter()
                .map(|name| {
                    let found = fields.iter().find(|field| field.name().eq_ignore_ascii_case(name));
                    found.map(|field| field.as_ref().clone()).ok_or_else(|| {
                        Diagnostic::new(
                            sqlstate::UNDEFINED_COLUMN,
                            format!("column \"{name}\" of relation \"{}\" does not exist", relation.new.name),
                        )
                    })
                })
                .collect(),
        }
    }

    async fn analyze_partitions(
        &self,
        relation: &Relation,
        analyze: &Analyze,
        columns: &[Field],
    ) -> Result<(), Diagnostic> {
        let catalog = &self.engine.catalog;
        let is_whole = analyze.partition.0.iter().all(|(_, value)| value.is_none());
        let partitions = match is_whole {
            true => catalog.partitions(relation.oid, &[])?,
            false => self.partitions_of(relation, &analyze.partition)?,
        };
        let mut found = match analyze.no_scan {
            true => BTreeMap::new(),
            false => {
                let filter = self.partition_filter(relation, analyze)?;
                self.found(relation, filter, if is_whole { &[] } else { columns }, true).await?
            }
        };
        let mut changed = Vec::with_capacity(partitions.len());
        let mut total = Found::default();
        for partition in partitions {
            let own = match analyze.no_scan {
                true => None,
                // A partition without rows is none of a query's groups.
                false => Some(found.remove(&partition.new.name).unwrap_or_default()),
            };
            total.rows += own.as_ref().map_or(0, |own| own.rows);
            changed.push((partition.id, statistics(self.sizes(relation, Some(&partition))?, own)));
        }
        let mut of_table = None;
        if is_whole && !analyze.no_scan {
            if !columns.is_empty() {
                let of_all = self.found(relation, None, columns, false).await?.into_values().next();
                total.columns = of_all.unwrap_or_default().columns;
            }
            of_table = Some(Statistics { numbers: BTreeMap::from([(ROWS, total.rows)]), columns: total.columns });
        }
        Ok(catalog.note_statistics(relation, of_table.as_ref(), &changed)?)
    }

    /// The comparison of partition columns that the clause means.
    fn partition_filter(&self, relation: &Relation, analyze: &Analyze) -> Result<Option<Expr>, Diagnostic> {
        let values = self.partition_values(relation, &analyze.partition)?;
        let mut filter: Option<Expr> = None;
        for (field, value) in relation.new.partitions.fields().iter().zip(values) {
            let Some(text) = value else { continue };
            let value = partition_value(field, text.as_deref())?;
            let equal = match value.is_null() {
                true => ident(field.name()).is_null(),
                false => ident(field.name()).eq(lit(value)),
            };
            filter = Some(match filter {
                Some(filter) => filter.and(equal),
                None => equal,
            });
        }
        Ok(filter)
    }

    /// Reads the rows. Gives what was found of each partition by its name, or of all rows under an empty one.
    async fn found(
        &self,
        relation: &Relation,
        filter: Option<Expr>,
        columns: &[Field],
        by_partition: bool,
    ) -> Result<BTreeMap<String, Found>, Diagnostic> {
        let partitions = relation.new.partitions.fields();
        let groups: Vec<Expr> = match by_partition {
            true => partitions.iter().map(|field| ident(field.name())).collect(),
            false => Vec::new(),
        };
        let mut aggregates = vec![count(lit(1_i64)).alias("rows")];
        for (place, field) in columns.iter().enumerate() {
            aggregates.extend(aggregates_of(place, field).map_err(|error| self.report(&error))?);
        }
        let provider = self.provider_of(relation).await?;
        let scan = LogicalPlanBuilder::scan(relation.new.name.as_str(), provider_as_source(provider), None);
        let plan: Result<LogicalPlan, _> = scan
            .and_then(|plan| match filter {
                Some(filter) => plan.filter(filter),
                None => Ok(plan),
            })
            .and_then(|plan| plan.aggregate(groups, aggregates))
            .and_then(LogicalPlanBuilder::build);
        let plan = plan.map_err(|error| self.report(&error))?;
        let mut batches = self.open(&plan).await?;
        let mut all = BTreeMap::new();
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(|error| self.report(&error))?;
            for row in 0..batch.num_rows() {
                let mut name = String::new();
                if by_partition {
                    let mut values = Vec::with_capacity(partitions.len());
                    for column in batch.columns().iter().take(partitions.len()) {
                        let value = ScalarValue::try_from_array(column, row).map_err(|error| self.report(&error))?;
                        values.push(partition_text(&value)?);
                    }
                    name = name_of_partition(relation, &values);
                }
                let mut found = Found { rows: whole(&batch, "rows", row).unwrap_or(0), columns: BTreeMap::new() };
                for (place, field) in columns.iter().enumerate() {
                    found.columns.insert(field.name().clone(), statistics_of(&batch, place, row, found.rows));
                }
                all.insert(name, found);
            }
        }
        Ok(all)
    }

    /// How many files a table or partition has, and their bytes.
    fn sizes(&self, relation: &Relation, partition: Option<&Partition>) -> Result<(u64, u64), Diagnostic> {
        let folder = match partition {
            Some(partition) => partition.new.location.as_deref(),
            None if relation.new.kind == RelationKind::External || table_kind(relation) == TableKind::Delta => {
                relation.new.location.as_deref()
            }
            None => None,
        };
        let sum = |sizes: &[u64]| (sizes.len() as u64, sizes.iter().sum());
        match folder {
            Some(folder) => Ok(sum(&bytes_below(folder)?)),
            None => {
                let id = partition.map_or(0, |partition| partition.id);
                let files = self.engine.catalog.files(relation.oid, Some(&[id]))?;
                Ok(sum(&files.iter().map(|file| file.bytes).collect::<Vec<_>>()))
            }
        }
    }
}

/// What there is to be noted of files and their bytes, and of their rows.
fn statistics((files, bytes): (u64, u64), found: Option<Found>) -> Statistics {
    let mut statistics = Statistics { numbers: BTreeMap::from([(FILES, files), (BYTES, bytes)]), ..Default::default() };
    if let Some(found) = found {
        statistics.numbers.extend([(ROWS, found.rows), (RAW_BYTES, bytes)]);
        statistics.columns = found.columns;
    }
    statistics
}

fn bytes_below(folder: &Path) -> Result<Vec<u64>, Diagnostic> {
    match folder.exists() {
        true => Ok(files_below(folder)?.into_iter().map(|file| file.bytes).collect()),
        false => Ok(Vec::new()),
    }
}

/// What is asked of a column, each under a name of its own.
fn aggregates_of(place: usize, field: &Field) -> datafusion::error::Result<Vec<Expr>> {
    let column = || ident(field.name());
    let named = |what: &str, expr: Expr| expr.alias(format!("{what}{place}"));
    let mut all = vec![named("values", count(column()))];
    let data_type = field.data_type();
    if data_type.is_nested() {
        return Ok(all);
    }
    if *data_type == DataType::Boolean {
        let counted = when(column(), lit(1_i64)).otherwise(lit(0_i64))?;
        all.push(named("trues", sum(counted)));
        return Ok(all);
    }
    let is_binary = matches!(data_type, DataType::Binary | DataType::FixedSizeBinary(_));
    let is_text = matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    if is_binary || is_text {
        let length = || cast(octet_length(column()), DataType::Int64);
        all.push(named("average", avg(cast(length(), DataType::Float64))));
        all.push(named("longest", max(length())));
    }
    if !is_binary {
        all.push(named("distinct", cast(approx_distinct(column()), DataType::Int64)));
        all.push(named("least", min(column())));
        all.push(named("most", max(column())));
    }
    Ok(all)
}

fn statistics_of(batch: &RecordBatch, place: usize, row: usize, rows: u64) -> ColumnStatistics {
    let number = |what: &str| whole(batch, &format!("{what}{place}"), row);
    let text = |what: &str| {
        let column: &ArrayRef = batch.column_by_name(&format!("{what}{place}"))?;
        column.is_valid(row).then(|| array_value_to_string(column, row).ok()).flatten()
    };
    let values = number("values").unwrap_or(0);
    let average = batch.column_by_name(&format!("average{place}"));
    let average = average.and_then(|column| column.as_primitive_opt::<Float64Type>());
    let trues = batch.column_by_name(&format!("trues{place}")).map(|_| number("trues").unwrap_or(0));
    ColumnStatistics {
        nulls: rows.saturating_sub(values),
        distinct: number("distinct"),
        min: text("least"),
        max: text("most"),
        average_length: average.filter(|column| column.is_valid(row)).map(|column| column.value(row)),
        longest: number("longest"),
        trues,
        falses: trues.map(|trues| values.saturating_sub(trues)),
    }
}

fn whole(batch: &RecordBatch, name: &str, row: usize) -> Option<u64> {
    let column = batch.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
    column.is_valid(row).then(|| u64::try_from(column.value(row)).unwrap_or(0))
}
