//! Plans whose rows are large (images) work with batches of few rows, so that what they hold is bounded in bytes.
//!
//! Below an operator that makes images, batches are cut. Above it, and from a scan whose rows are large as they lie, the
//! operators that collect rows into batches (filters, merges, repartitioning) are told to collect fewer.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateInputMode};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::{ExecutionPlan, StatisticsArgs, StatisticsContext, replace_children_if_necessary};
use mead_functions::image::{MadeImages, field_bytes};
use mead_storage::PassThroughExec;

use crate::operator::batch_rows::BatchRows;
use crate::operator::slice_batches::{SLICE_BYTES, SliceBatches};

/// What a batch of the usual number of rows may take without being made smaller.
const BATCH_BYTES_MAX: usize = 64 << 20;

/// How often larger pixels may be in memory than in a file: their numbers repeat.
const ARRAYS_PACKED: usize = 8;

/// See the module's documentation. Comes last: it changes no plan, it only wraps.
#[derive(Debug)]
pub(crate) struct LargeRows;

impl PhysicalOptimizerRule for LargeRows {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let batch_rows = usize::from(config.execution.batch_size);
        let plan = plan.transform_up(|plan| slice_inputs(plan, batch_rows))?.data;
        bound(plan, batch_rows)
    }

    fn name(&self) -> &str {
        "large_rows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn is_large(row_bytes: usize, batch_rows: usize) -> bool {
    row_bytes.saturating_mul(batch_rows) > BATCH_BYTES_MAX
}

/// The images that an operator itself makes of each row.
fn made_images(plan: &dyn ExecutionPlan) -> Result<MadeImages> {
    let mut images = MadeImages::default();
    // What joins the parts of an aggregate shows the arguments that its parts were made of, and computes none.
    if plan
        .downcast_ref::<AggregateExec>()
        .is_some_and(|joining| joining.mode().input_mode() == AggregateInputMode::Partial)
    {
        return Ok(images);
    }
    plan.apply_expressions(&mut |expression| {
        images.add(expression);
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(images)
}

fn slice_inputs(plan: Arc<dyn ExecutionPlan>, batch_rows: usize) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let images = made_images(plan.as_ref())?;
    let is_harmless = !images.depends_on_rows() && !is_large(images.fixed_bytes(), batch_rows);
    if images.is_empty() || is_harmless || plan.children().is_empty() {
        return Ok(Transformed::no(plan));
    }
    let slice = |input: &Arc<dyn ExecutionPlan>| {
        let slices = SliceBatches { images: images.clone(), input_rows: batch_rows };
        Arc::new(PassThroughExec::new(Arc::clone(input), slices)) as Arc<dyn ExecutionPlan>
    };
    let children = plan.children().into_iter().map(slice).collect();
    Ok(Transformed::yes(replace_children_if_necessary(plan, children)?))
}

/// Puts a bound on the topmost operators with large rows; it holds for all below down to where batches are cut.
fn bound(plan: Arc<dyn ExecutionPlan>, batch_rows: usize) -> Result<Arc<dyn ExecutionPlan>> {
    if !is_large(row_bytes(&plan)?, batch_rows) {
        return with_children(plan, |child| bound(child, batch_rows));
    }
    let largest = largest_row(&plan)?.max(1);
    let rows = (SLICE_BYTES / largest).clamp(1, batch_rows);
    let plan = within(plan, rows, batch_rows)?;
    Ok(Arc::new(PassThroughExec::new(plan, BatchRows(rows))))
}

/// Below a bound: filters are told by themselves; where batches are cut, a new part begins.
fn within(plan: Arc<dyn ExecutionPlan>, rows: usize, batch_rows: usize) -> Result<Arc<dyn ExecutionPlan>> {
    if is_slices(&plan) {
        return with_children(plan, |child| bound(child, batch_rows));
    }
    let plan = with_children(plan, |child| within(child, rows, batch_rows))?;
    match plan.downcast_ref::<FilterExec>() {
        Some(filter) => Ok(Arc::new(filter.with_batch_size(rows)?)),
        None => Ok(plan),
    }
}

fn largest_row(plan: &Arc<dyn ExecutionPlan>) -> Result<usize> {
    let mut largest = row_bytes(plan)?;
    if !is_slices(plan) {
        for child in plan.children() {
            largest = largest.max(largest_row(child)?);
        }
    }
    Ok(largest)
}

/// Bytes of a row that an operator gives or makes, as far as they are known.
fn row_bytes(plan: &Arc<dyn ExecutionPlan>) -> Result<usize> {
    let schema = plan.schema();
    let given = schema.fields().iter().fold(0_usize, |sum, field| sum.saturating_add(field_bytes(field)));
    let made = made_images(plan.as_ref())?.fixed_bytes();
    let scanned = if plan.children().is_empty() { scanned_row_bytes(plan.as_ref())? } else { 0 };
    Ok(given.max(made).max(scanned))
}

/// The mean of what a scan's statistics say, which is that of the files: arrays of numbers are smaller in them.
fn scanned_row_bytes(scan: &dyn ExecutionPlan) -> Result<usize> {
    let schema = scan.schema();
    let has_arrays = schema.fields().iter().any(|field| field.data_type().is_list());
    let packed = if has_arrays { ARRAYS_PACKED } else { 1 };
    let statistics = StatisticsContext::new().compute(scan, &StatisticsArgs::new())?;
    let known = (statistics.total_byte_size.get_value(), statistics.num_rows.get_value());
    Ok(match known {
        (Some(bytes), Some(rows)) if *rows > 0 => (bytes / rows).saturating_mul(packed),
        _ => 0,
    })
}

fn is_slices(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.downcast_ref::<PassThroughExec<SliceBatches>>().is_some()
}

fn with_children(
    plan: Arc<dyn ExecutionPlan>,
    change: impl Fn(Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let children = plan.children().into_iter().map(|child| change(Arc::clone(child))).collect::<Result<Vec<_>>>()?;
    if children.is_empty() {
        return Ok(plan);
    }
    replace_children_if_necessary(plan, children)
}
