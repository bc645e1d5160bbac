//! UPDATE, DELETE, MERGE and TRUNCATE of managed tables: a query finds the rows that go and those that come.

mod build;
mod delete;
mod maintenance;
mod merge;
mod target;
mod update;

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{Int32Type, Int64Type, Schema};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use futures::StreamExt;
use mead_common::{Diagnostic, sqlstate};
use mead_parser::Change;
use mead_storage::{ChangeKind, ChangeWriter};

pub(crate) use maintenance::history_schema;
use target::ChangeTarget;

use super::Runner;
use crate::session::Execution;

/// How often a statement begins anew because somebody else has changed the same table.
const ATTEMPTS: usize = 8;

/// What becomes of a row of a MERGE.
const DELETED: i32 = 1;
const UPDATED: i32 = 2;
const INSERTED: i32 = 3;

/// Tells whether a statement begins anew.
#[derive(Default)]
pub(crate) struct Attempts(usize);

impl Attempts {
    /// True where somebody else was in the way, a few times at most.
    pub(crate) fn again(&mut self, error: &Diagnostic) -> bool {
        self.0 += 1;
        error.sqlstate == sqlstate::SERIALIZATION_FAILURE && self.0 < ATTEMPTS
    }
}

impl Runner {
    pub(crate) async fn change(&self, change: &Change) -> Result<Execution, Diagnostic> {
        match change {
            Change::Optimize(optimize) => self.optimize(optimize).await,
            Change::Restore(restore) => self.restore(restore).await,
            Change::Vacuum(vacuum) => self.vacuum(vacuum).await,
            Change::Delete(_) | Change::Merge(_) | Change::Update(_) => {
                let mut attempts = Attempts::default();
                let rows = loop {
                    match self.change_rows(change).await {
                        Err(error) if attempts.again(&error) => {}
                        rows => break rows?,
                    }
                };
                Ok(Execution::done(format!("{} {rows}", change.name())))
            }
        }
    }

    /// The plan of a change, for who wants to see it or its parameters.
    pub(crate) async fn plan_change_open(&self, change: &Change) -> Result<Option<LogicalPlan>, Diagnostic> {
        let Some(target) = of(change) else { return Ok(None) };
        let target = self.change_target(target, change.name(), true).await?;
        self.plan_change(change, &target).await.map(Some)
    }

    async fn plan_change(&self, change: &Change, target: &ChangeTarget) -> Result<LogicalPlan, Diagnostic> {
        match change {
            Change::Delete(delete) => target.plan_delete(delete).await,
            Change::Update(update) => target.plan_update(update).await,
            Change::Merge(merge) => target.plan_merge(merge).await,
            _ => Err(Diagnostic::internal("a statement that changes no rows")),
        }
    }

    /// Gives the number of rows that were changed.
    async fn change_rows(&self, change: &Change) -> Result<u64, Diagnostic> {
        let (Some(target), Some(kind)) = (of(change), kind(change)) else {
            return Err(Diagnostic::internal("a statement that changes no rows"));
        };
        let target = self.change_target(target, change.name(), false).await?;
        let plan = self.bind(self.plan_change(change, &target).await?)?;
        let mut batches = target.runner.open(&plan).await?;
        let mut writer = target.change.begin(&target.name.name)?;
        let mut rows = 0;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(|error| self.report(&error))?;
            rows += apply(&batch, kind, &mut writer).await.map_err(|error| self.report(&error))?;
        }
        let condition = match change {
            Change::Merge(merge) => Some(merge.on.to_string()),
            _ => None,
        };
        let finished = writer.finish(&target.runner.state, kind, condition).await;
        finished.map_err(|error| self.report(&error.into()))?;
        Ok(rows)
    }

    /// TRUNCATE of a managed table.
    pub(crate) async fn truncate_managed(
        &self,
        table: &datafusion::sql::sqlparser::ast::ObjectName,
    ) -> Result<(), Diagnostic> {
        let target = mead_parser::Target { table: table.clone(), alias: None };
        let mut attempts = Attempts::default();
        loop {
            let target = self.change_target(&target, "TRUNCATE", false).await?;
            match target.change.truncate().await.map_err(Diagnostic::from) {
                Err(error) if attempts.again(&error) => {}
                truncated => return truncated,
            }
        }
    }
}

fn of(change: &Change) -> Option<&mead_parser::Target> {
    match change {
        Change::Delete(delete) => Some(&delete.target),
        Change::Merge(merge) => Some(&merge.target),
        Change::Update(update) => Some(&update.target),
        Change::Optimize(_) | Change::Restore(_) | Change::Vacuum(_) => None,
    }
}

fn kind(change: &Change) -> Option<ChangeKind> {
    match change {
        Change::Delete(_) => Some(ChangeKind::Delete),
        Change::Merge(_) => Some(ChangeKind::Merge),
        Change::Update(_) => Some(ChangeKind::Update),
        Change::Optimize(_) | Change::Restore(_) | Change::Vacuum(_) => None,
    }
}

/// Notes the rows of a batch that go, and writes those that come. The columns are the file and the place of the row that
/// goes, what is done with it if that differs from row to row, and the row that comes.
async fn apply(batch: &RecordBatch, kind: ChangeKind, writer: &mut ChangeWriter) -> Result<u64, DataFusionError> {
    let number = |column: usize| batch.columns().get(column);
    let files = number(0).and_then(|column| column.as_primitive_opt::<Int32Type>());
    let places = number(1).and_then(|column| column.as_primitive_opt::<Int64Type>());
    let (Some(files), Some(places)) = (files, places) else {
        return datafusion::common::internal_err!("rows of a change without their places");
    };
    let (actions, first) = match kind {
        ChangeKind::Merge => (number(2).and_then(|column| column.as_primitive_opt::<Int32Type>()), 3),
        ChangeKind::Delete | ChangeKind::Update => (None, 2),
    };
    let mut rows = 0;
    let mut comes = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let action = match (kind, actions) {
            (ChangeKind::Merge, Some(actions)) if actions.is_valid(row) => actions.value(row),
            (ChangeKind::Merge, _) => 0,
            (ChangeKind::Delete, _) => DELETED,
            (ChangeKind::Update, _) => UPDATED,
        };
        let mut is_done = action == INSERTED;
        if (action == DELETED || action == UPDATED) && files.is_valid(row) && places.is_valid(row) {
            let file = usize::try_from(files.value(row)).unwrap_or(usize::MAX);
            let place = u64::try_from(places.value(row)).unwrap_or(u64::MAX);
            // A row that several rows of FROM would update is updated by one of them, as in PostgreSQL.
            is_done = writer.remove(file, place);
            if !is_done && kind == ChangeKind::Merge {
                let report =
                    Diagnostic::new(sqlstate::CARDINALITY_VIOLATION, "MERGE command cannot affect row a second time");
                let hint = "ensure that not more than one source row matches any one target row";
                return Err(crate::error::into_datafusion(report.with_hint(hint)));
            }
        }
        rows += u64::from(is_done);
        comes.push(Some(is_done && action != DELETED));
    }
    if kind == ChangeKind::Delete {
        return Ok(rows);
    }
    let mask = BooleanArray::from(comes);
    if mask.true_count() > 0 {
        let fields: Vec<_> = batch.schema().fields().iter().skip(first).cloned().collect();
        let columns = batch.columns().iter().skip(first).cloned().collect();
        let new = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        writer.add(&filter_record_batch(&new, &mask)?).await?;
    }
    Ok(rows)
}
