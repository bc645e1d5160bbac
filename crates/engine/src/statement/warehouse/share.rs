//! What several plans have in common: the rows that the branches of one statement read, which are read once.

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

use crate::operator::shared_scan::{SharedScan, column_name, column_place};

/// The largest part that every plan has, once each, and that reads a table.
pub(super) fn shared_part(plans: &[LogicalPlan]) -> Result<Option<LogicalPlan>> {
    let Some((first, others)) = plans.split_first() else { return Ok(None) };
    if others.is_empty() {
        return Ok(None);
    }
    let mut found = None;
    first.apply(|part| {
        if reads_table(part)?
            && plans.iter().map(|plan| count(plan, part)).collect::<Result<Vec<_>>>()?.iter().all(|count| *count == 1)
        {
            found = Some(part.clone());
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

fn reads_table(plan: &LogicalPlan) -> Result<bool> {
    plan.exists(|part| Ok(matches!(part, LogicalPlan::TableScan(_))))
}

fn count(plan: &LogicalPlan, part: &LogicalPlan) -> Result<usize> {
    let mut count = 0;
    plan.apply(|node| {
        if node == part {
            count += 1;
            return Ok(TreeNodeRecursion::Jump);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(count)
}

/// A plan that reads `scan` in the place of the part.
pub(super) fn replaced(plan: LogicalPlan, part: &LogicalPlan, scan: &SharedScan) -> Result<LogicalPlan> {
    let source = provider_as_source(Arc::new(scan.clone()));
    let rows = LogicalPlanBuilder::scan("shared_rows", source, None)?;
    let columns: Vec<Expr> = part
        .schema()
        .iter()
        .enumerate()
        .map(|(place, (qualifier, field))| {
            let column = Expr::Column(Column::new(Some("shared_rows"), column_name(place)));
            column.alias_qualified(qualifier.cloned(), field.name())
        })
        .collect();
    let rows = rows.project(columns)?.build()?;
    let plan = plan.transform_down(|node| {
        if node == *part {
            return Ok(Transformed::new(rows.clone(), true, TreeNodeRecursion::Jump));
        }
        Ok(Transformed::no(node))
    })?;
    Ok(plan.data)
}

/// The part with those rows and columns alone that its readers need, and the places of the columns.
pub(super) fn needed(part: &LogicalPlan, readers: &[SharedScan]) -> Result<(LogicalPlan, Vec<usize>)> {
    let needs: Vec<_> = readers.iter().map(SharedScan::needs).filter(|needs| needs.scans > 0).collect();
    let mut columns: Vec<usize> = needs.iter().flat_map(|needs| needs.columns.iter().copied()).collect();
    columns.sort_unstable();
    columns.dedup();
    if columns.is_empty() {
        // Rows are counted, which no columns have.
        columns.push(0);
    }
    let all = part.schema().columns();
    let filters: Option<Vec<Expr>> = needs
        .iter()
        .map(|needs| needs.filter.clone().map(|filter| of_part(filter, &all)).transpose())
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .collect();
    let mut builder = LogicalPlanBuilder::from(part.clone());
    if let Some(filter) = filters.and_then(|filters| filters.into_iter().reduce(Expr::or)) {
        builder = builder.filter(filter)?;
    }
    let kept =
        columns.iter().filter_map(|place| Some(Expr::Column(all.get(*place)?.clone()).alias(column_name(*place))));
    Ok((builder.project(kept.collect::<Vec<_>>())?.build()?, columns))
}

/// A reader's filter over the part's own columns.
fn of_part(filter: Expr, columns: &[Column]) -> Result<Expr> {
    let filter = filter.transform(|expr| {
        Ok(match &expr {
            Expr::Column(column) => match column_place(&column.name).and_then(|place| columns.get(place)) {
                Some(column) => Transformed::yes(Expr::Column(column.clone())),
                None => Transformed::no(expr),
            },
            _ => Transformed::no(expr),
        })
    })?;
    Ok(filter.data)
}
