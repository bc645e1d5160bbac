//! SUMMARIZE: a row for each column of a table or a query, with what pandas' `describe` tells of it.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Builder, Int64Builder, RecordBatch, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type, Schema, SchemaRef};
use datafusion::functions_aggregate::expr_fn::{approx_distinct, approx_percentile_cont, avg, count, max, min, stddev};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, cast, lit};
use datafusion::sql::sqlparser::ast;
use futures::TryStreamExt;
use mead_common::{Diagnostic, sqlstate};
use mead_functions::types::{is_text, sql_name};
use mead_parser::column_name;

use super::Runner;
use super::explain::rows;
use crate::session::Execution;

/// Columns whose aggregates a plan may have.
const COLUMNS_MAX: usize = 1600;

const NUMBERS: [&str; 5] = ["mean", "std", "q25", "median", "q75"];

/// Columns of the result: `count` counts what is not NULL, `approx_unique` and the quartiles are estimates in bounded memory.
pub(super) fn schema() -> SchemaRef {
    let text = |name: &str, nullable: bool| Field::new(name, DataType::Utf8, nullable);
    let mut fields = vec![text("column_name", false), text("column_type", false)];
    fields.extend(["count", "nulls", "approx_unique"].map(|name| Field::new(name, DataType::Int64, false)));
    fields.extend([text("min", true), text("max", true)]);
    fields.extend(NUMBERS.map(|name| Field::new(name, DataType::Float64, true)));
    Arc::new(Schema::new(fields))
}

impl Runner {
    pub(crate) async fn summarize(&self, query: &ast::Query) -> Result<Execution, Diagnostic> {
        let input = self.plan_query(query).await?;
        let fields: Vec<FieldRef> = input.schema().fields().iter().cloned().collect();
        if fields.is_empty() || fields.len() > COLUMNS_MAX {
            let message = format!("{} columns cannot be summarized", fields.len());
            return Err(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        }
        let columns = input.schema().columns();
        let mut aggregates = vec![count(lit(1_i64)).alias("rows")];
        for (number, (field, column)) in fields.iter().zip(columns).enumerate() {
            let expressions = of_column(field.data_type(), &Expr::Column(column));
            let named = expressions.into_iter().enumerate().map(|(place, of)| of.alias(format!("{number}.{place}")));
            aggregates.extend(named);
        }
        let plan = LogicalPlanBuilder::from(input).aggregate(Vec::<Expr>::new(), aggregates);
        let plan = plan.and_then(|plan| in_shown_types(plan, &fields)).map_err(|error| self.report(&error))?;
        let stream = self.open(&plan).await?;
        let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(|error| self.report(&error))?;
        let batch = batches.iter().find(|batch| batch.num_rows() == 1);
        let Some(batch) = batch else { return Err(Diagnostic::internal("aggregates of all rows are one row")) };
        Ok(Execution::uncounted_rows(rows(&schema(), summary(&fields, batch)?)?, "SUMMARIZE"))
    }
}

/// Aggregates of a column: how many are not NULL, how many differ, the least and the largest, and of numbers what
/// [`NUMBERS`] names. NULL stands for what a type does not have.
fn of_column(data_type: &DataType, column: &Expr) -> Vec<Expr> {
    let number = || cast(column.clone(), DataType::Float64);
    let counted = match data_type {
        DataType::Null => count(column.clone()),
        // Estimates count hashes, which these types do not have there.
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            approx_distinct(cast(column.clone(), DataType::Utf8))
        }
        _ => approx_distinct(column.clone()),
    };
    let mut expressions = vec![count(column.clone()), counted];
    if is_ordered(data_type) {
        expressions.extend([min(column.clone()), max(column.clone())]);
    }
    if data_type.is_numeric() {
        let quantile = |part: f64| approx_percentile_cont(number().sort(true, false), lit(part), None);
        expressions.extend([avg(number()), stddev(number()), quantile(0.25), quantile(0.5), quantile(0.75)]);
    }
    expressions
}

fn is_ordered(data_type: &DataType) -> bool {
    data_type.is_numeric() || data_type.is_temporal() || is_text(data_type) || *data_type == DataType::Boolean
}

/// Counts as bigint, the least and the largest as text.
fn in_shown_types(
    plan: LogicalPlanBuilder,
    fields: &[FieldRef],
) -> datafusion::error::Result<datafusion::logical_expr::LogicalPlan> {
    let columns = plan.schema().columns();
    let mut shown = vec![cast(Expr::Column(columns[0].clone()), DataType::Int64)];
    let mut next = 1;
    let mut take = |to: DataType| {
        let column = columns.get(next).cloned();
        next += 1;
        column.map(|column| cast(Expr::Column(column.clone()), to).alias(column.name))
    };
    for field in fields {
        shown.extend(take(DataType::Int64));
        shown.extend(take(DataType::Int64));
        if is_ordered(field.data_type()) {
            shown.extend(take(DataType::Utf8));
            shown.extend(take(DataType::Utf8));
        }
        if field.data_type().is_numeric() {
            NUMBERS.iter().for_each(|_| shown.extend(take(DataType::Float64)));
        }
    }
    plan.project(shown)?.build()
}

/// The row of aggregates as a row for each column.
fn summary(fields: &[FieldRef], batch: &RecordBatch) -> Result<Vec<ArrayRef>, Diagnostic> {
    let (mut names, mut types) = (StringBuilder::new(), StringBuilder::new());
    let mut counts = [Int64Builder::new(), Int64Builder::new(), Int64Builder::new()];
    let mut ends = [StringBuilder::new(), StringBuilder::new()];
    let mut numbers = NUMBERS.map(|_| Float64Builder::new());
    let whole = |column: &ArrayRef| column.as_primitive_opt::<Int64Type>().map_or(0, |values| values.value(0));
    let all = whole(batch.column(0));
    let mut columns = batch.columns().iter().skip(1);
    for field in fields {
        names.append_value(column_name(field.name()));
        types.append_value(sql_name(field));
        let mut next = || columns.next().ok_or_else(|| Diagnostic::internal("an aggregate is missing"));
        let present = whole(next()?);
        let unique = whole(next()?);
        for (builder, value) in counts.iter_mut().zip([present, all - present, unique]) {
            builder.append_value(value);
        }
        for end in &mut ends {
            let column = if is_ordered(field.data_type()) { Some(next()?) } else { None };
            let value = column.and_then(|column| column.as_string_opt::<i32>());
            end.append_option(value.filter(|values| values.is_valid(0)).map(|values| values.value(0)));
        }
        for number in &mut numbers {
            let column = if field.data_type().is_numeric() { Some(next()?) } else { None };
            let value = column.and_then(|column| column.as_primitive_opt::<Float64Type>());
            number.append_option(value.filter(|values| values.is_valid(0)).map(|values| values.value(0)));
        }
    }
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(names.finish()), Arc::new(types.finish())];
    arrays.extend(counts.map(|mut builder| Arc::new(builder.finish()) as ArrayRef));
    arrays.extend(ends.map(|mut builder| Arc::new(builder.finish()) as ArrayRef));
    arrays.extend(numbers.map(|mut builder| Arc::new(builder.finish()) as ArrayRef));
    Ok(arrays)
}
