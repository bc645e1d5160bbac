//! INSERT INTO, and INSERT OVERWRITE of a managed table.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, UInt64Array};
use datafusion::arrow::datatypes::UInt64Type;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::sql::sqlparser::ast::{self, TableObject};
use futures::StreamExt;
use mead_catalog::RelationKind;
use mead_common::{Diagnostic, sqlstate};
use mead_parser::HiveInsert;

use super::Runner;
use super::insert_literals::read_strings;
use super::warehouse::as_hive;
use crate::operator::first_error::FirstError;
use crate::session::Execution;

impl Runner {
    pub(crate) async fn insert(&self, insert: &ast::Insert) -> Result<Execution, Diagnostic> {
        if let Some(hive) = self.as_hive_insert(insert)? {
            return self.insert_hive(&hive).await;
        }
        let plan = self.bind(self.plan_insert(insert).await?)?;
        let rows = self.count(&plan).await?;
        Ok(Execution::done(format!("INSERT 0 {rows}")))
    }

    /// The same statement as one of Hive's, where it is about a table in one of Hive's formats.
    fn as_hive_insert(&self, insert: &ast::Insert) -> Result<Option<HiveInsert>, Diagnostic> {
        let TableObject::TableName(table) = &insert.table else { return Ok(None) };
        let name = self.find_relation(table)?;
        match self.engine.catalog.relation(&name.schema, &name.name)? {
            Some(relation) if relation.new.storage.is_some() => {
                check_clauses(insert)?;
                Ok(as_hive(insert))
            }
            _ => Ok(None),
        }
    }

    pub(crate) async fn plan_insert(&self, insert: &ast::Insert) -> Result<LogicalPlan, Diagnostic> {
        if let Some(hive) = self.as_hive_insert(insert)? {
            return Ok(self.plan_hive_insert(&hive).await?.plan);
        }
        let mut insert = insert.clone();
        check_clauses(&insert)?;
        let TableObject::TableName(table) = &insert.table else {
            return Err(Diagnostic::unsupported("INSERT INTO FUNCTION is not supported"));
        };
        let name = self.find_relation(table)?;
        if let Some(relation) = self.engine.catalog.relation(&name.schema, &name.name)? {
            match relation.new.kind {
                _ if relation.is_materialized() => {
                    let message = format!("cannot change materialized view \"{}\"", name.name);
                    return Err(Diagnostic::new(sqlstate::WRONG_OBJECT_TYPE, message));
                }
                RelationKind::View => {
                    return Err(Diagnostic::new(
                        sqlstate::WRONG_OBJECT_TYPE,
                        format!("cannot insert into view \"{}\"", name.name),
                    ));
                }
                RelationKind::External if !relation.new.location.as_ref().is_some_and(|path| path.is_dir()) => {
                    return Err(Diagnostic::new(
                        sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                        format!("external table \"{}\" is one file", name.name),
                    )
                    .with_hint("rows can be added to external tables whose LOCATION is a folder"));
                }
                _ => {}
            }
            read_strings(&mut insert, &relation.all_columns());
        }
        self.plan_ast(ast::Statement::Insert(insert)).await
    }

    /// Runs a plan whose one row is the number of rows it wrote.
    pub(super) async fn count(&self, plan: &LogicalPlan) -> Result<u64, Diagnostic> {
        // A list of values is looked at when its plan is made.
        let physical = self.state.create_physical_plan(plan).await;
        let physical = physical.map_err(|error| not_null(&error, plan).unwrap_or_else(|| self.report(&error)))?;
        self.count_rows(plan, physical).await
    }

    /// [`Self::count`] of a plan that has been made ready. An error of the rows is reported as they gave it: what writes them
    /// may know it as a text only.
    pub(super) async fn count_rows(
        &self,
        plan: &LogicalPlan,
        physical: Arc<dyn ExecutionPlan>,
    ) -> Result<u64, Diagnostic> {
        let rows_failed = FirstError::default();
        self.try_count(physical, &rows_failed).await.map_err(|error| match rows_failed.take() {
            Some(first) => self.report(&first),
            None => not_null(&error, plan).unwrap_or_else(|| self.report(&error)),
        })
    }

    async fn try_count(&self, physical: Arc<dyn ExecutionPlan>, rows_failed: &FirstError) -> DataFusionResult<u64> {
        let children = physical.children().into_iter().map(|child| rows_failed.watch(Arc::clone(child))).collect();
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        let physical = physical.replace_children(children, options)?;
        let mut stream = execute_stream(physical, self.state.task_ctx())?;
        let mut rows = 0;
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            if let Some(counts) = batch.columns().first().and_then(|column| column.as_primitive_opt::<UInt64Type>()) {
                let counts: &UInt64Array = counts;
                rows += counts.iter().flatten().sum::<u64>();
            }
        }
        Ok(rows)
    }
}

/// What INSERT may not say.
fn check_clauses(insert: &ast::Insert) -> Result<(), Diagnostic> {
    if insert.returning.is_some() {
        return Err(Diagnostic::unsupported("INSERT … RETURNING is not supported"));
    }
    if insert.on.is_some() {
        return Err(Diagnostic::unsupported("INSERT … ON CONFLICT is not supported"));
    }
    if insert.partitioned.is_some() || !insert.after_columns.is_empty() {
        return Err(Diagnostic::unsupported("INSERT … PARTITION is not supported"));
    }
    Ok(())
}

/// DataFusion's message names the column by its place in the table, Arrow's by its name.
fn not_null(error: &DataFusionError, plan: &LogicalPlan) -> Option<Diagnostic> {
    let message = error.to_string();
    let LogicalPlan::Dml(target) = plan else { return None };
    let schema = target.target.schema();
    let place = if let Some((_, rest)) = message.split_once("Invalid batch column at '") {
        let (place, rest) = rest.split_once('\'')?;
        if !rest.contains("has null but schema specifies non-nullable") {
            return None;
        }
        place.parse::<usize>().ok()?
    } else {
        let (_, rest) = message.split_once("Column '")?;
        let (name, rest) = rest.split_once('\'')?;
        if !rest.contains("is declared as non-nullable but contains null values") {
            return None;
        }
        let by_name = schema.fields().iter().position(|field| field.name() == name);
        let among_values = || match target.input.as_ref() {
            LogicalPlan::Projection(values) => {
                values.expr.iter().position(|expr| expr.column_refs().iter().any(|column| column.name == name))
            }
            _ => None,
        };
        by_name.or_else(among_values)?
    };
    let column = schema.fields().get(place)?;
    Some(Diagnostic::new(
        sqlstate::NOT_NULL_VIOLATION,
        format!(
            "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
            column.name(),
            target.table_name.table()
        ),
    ))
}
