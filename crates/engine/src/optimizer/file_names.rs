//! `input_file_name()`, which Hive's INPUT__FILE__NAME is: a column of the table of files below, that only who asks for it sees.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, SubqueryAlias, TableScanBuilder};
use datafusion::optimizer::AnalyzerRule;
use mead_common::{Diagnostic, sqlstate};
use mead_storage::hive::{FILE_NAME, HiveTable};

use crate::error::into_datafusion;

/// See the module's documentation. Comes first: the columns that a query asks for are known, and no more.
#[derive(Debug)]
pub(crate) struct FileNames;

impl AnalyzerRule for FileNames {
    fn name(&self) -> &str {
        "file_names"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_down_with_subqueries(resolve)?.data)
    }
}

fn resolve(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    if !asks(&plan)? {
        return Ok(Transformed::no(plan));
    }
    let Some(resolved) = over_carrying(&plan)? else {
        let message = "the name of a row's file is not known here";
        let hint = "ask for it right above a table of text, Parquet, ORC or Avro files";
        return Err(into_datafusion(Diagnostic::new(sqlstate::FEATURE_NOT_SUPPORTED, message).with_hint(hint)));
    };
    if resolved.schema().fields().len() == plan.schema().fields().len() {
        return Ok(Transformed::yes(resolved));
    }
    let columns = plan.schema().columns().into_iter().map(Expr::Column).collect();
    Ok(Transformed::yes(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(resolved))?)))
}

fn asks(plan: &LogicalPlan) -> Result<bool> {
    let mut asks = false;
    plan.apply_expressions(|expr| {
        asks |= expr.exists(|expr| Ok(is_call(expr)))?;
        Ok(if asks { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(asks)
}

fn is_call(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if call.name() == "input_file_name")
}

/// A node above an input that carries the column, its calls replaced by it.
fn over_carrying(plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    let mut found = None;
    let mut inputs = Vec::new();
    for input in plan.inputs() {
        let carrying = match (plan, input) {
            // What a query is ordered by stands above its columns.
            (LogicalPlan::Sort(_), LogicalPlan::Projection(_)) => shown(input)?,
            _ => carrying(input)?,
        };
        let names = carrying.iter().flat_map(|carrying| carrying.schema().columns());
        if let Some(column) = names.into_iter().find(|column| column.name == FILE_NAME)
            && found.replace(column).is_some()
        {
            let message = "whose file's name is meant is not clear: rows come from several tables";
            return Err(into_datafusion(Diagnostic::new(sqlstate::AMBIGUOUS_COLUMN, message)));
        }
        inputs.push(carrying.unwrap_or_else(|| input.clone()));
    }
    let Some(column) = found else { return Ok(None) };
    let replaced = plan.clone().map_expressions(|expr| with_column(plan, expr, &column))?.data;
    Ok(Some(replaced.with_new_exprs(replaced.expressions(), inputs)?))
}

fn with_column(plan: &LogicalPlan, expr: Expr, column: &Column) -> Result<Transformed<Expr>> {
    let name = NamePreserver::new(plan).save(&expr);
    let replaced = expr.transform_up(|expr| {
        Ok(if is_call(&expr) { Transformed::yes(Expr::Column(column.clone())) } else { Transformed::no(expr) })
    })?;
    Ok(replaced.update_data(|expr| name.restore(expr)))
}

/// The columns of a query, and the column.
fn shown(plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    let Some(LogicalPlan::Projection(Projection { mut expr, input, .. })) = over_carrying(plan)? else {
        return Ok(None);
    };
    let file = input.schema().columns().into_iter().find(|column| column.name == FILE_NAME);
    expr.extend(file.map(Expr::Column));
    Ok(Some(LogicalPlan::Projection(Projection::try_new(expr, input)?)))
}

/// A plan that gives the column beside its own; none where rows are no longer those of a table.
fn carrying(plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    Ok(match plan {
        LogicalPlan::TableScan(scan) => {
            let Ok(provider) = source_as_provider(&scan.source) else { return Ok(None) };
            let Some(table) = provider.downcast_ref::<HiveTable>() else { return Ok(None) };
            let table = table.with_file_names();
            let last = table.schema().fields().len().saturating_sub(1);
            let projection = scan.projection.iter().map(|columns| [columns.as_slice(), &[last]].concat()).next();
            let (name, filters) = (scan.table_name.clone(), scan.filters.clone());
            let source = provider_as_source(Arc::new(table));
            let scan = TableScanBuilder::new(name, source)
                .with_projection(projection)
                .with_filters(filters)
                .with_fetch(scan.fetch);
            Some(LogicalPlan::TableScan(scan.build()?))
        }
        LogicalPlan::SubqueryAlias(alias) => match carrying(&alias.input)? {
            Some(input) => {
                let alias = SubqueryAlias::try_new(Arc::new(input), alias.alias.clone())?;
                Some(LogicalPlan::SubqueryAlias(alias))
            }
            None => None,
        },
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Window(_) => over_carrying(plan)?,
        _ => None,
    })
}
