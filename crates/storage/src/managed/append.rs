//! INSERT into managed tables: files, and an entry of the log that names them.
//!
//! Rows that come depend on no rows that are there. Where somebody else has changed the table meanwhile, only the entry is
//! written anew.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::datasource::sink::DataSink;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType};
use deltalake::DeltaTable;
use deltalake::kernel::{Action, Add};
use deltalake::protocol::{DeltaOperation, SaveMode};
use futures::StreamExt;

use super::change::{commit, new_writer, turn};
use crate::Error;
use crate::convert::Convert;
use crate::lease::Lease;

/// How often the entry is written anew.
const ATTEMPTS: usize = 20;

/// Takes the rows of one INSERT.
pub(super) struct ManagedSink {
    pub table: DeltaTable,
    /// What the plan gives; the same columns as the files'.
    pub schema: SchemaRef,
    pub folder: PathBuf,
    /// What is there goes.
    pub overwrite: bool,
    pub lease: Lease,
}

impl fmt::Debug for ManagedSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ManagedSink({})", self.folder.display())
    }
}

impl DisplayAs for ManagedSink {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.overwrite { "ManagedTable: overwrite" } else { "ManagedTable: append" })
    }
}

#[async_trait]
impl DataSink for ManagedSink {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    async fn write_all(&self, mut rows: SendableRecordBatchStream, _: &Arc<TaskContext>) -> Result<u64> {
        let delta = |error| Error::of_delta(&self.folder, error);
        let _lease = self.lease.clone();
        let stored = self.table.snapshot().map_err(delta)?.snapshot().arrow_schema();
        let mut writer = new_writer(&self.table, &stored).map_err(delta)?;
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            if batch.num_rows() > 0 {
                count += batch.num_rows() as u64;
                let batch = self.stored(&batch, &stored)?;
                writer.write(&batch).await.map_err(delta)?;
            }
        }
        let added = writer.close().await.map_err(delta)?;
        self.publish(added, &stored).await?;
        Ok(count)
    }
}

impl ManagedSink {
    /// A batch as the files have it; an error where NULL is not allowed.
    fn stored(&self, batch: &RecordBatch, stored: &SchemaRef) -> Result<RecordBatch> {
        let nullable: Vec<_> = stored.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
        let target = Arc::new(datafusion::arrow::datatypes::Schema::new(nullable));
        let batch = Convert { origin: None, checks_json: false }.batch(batch, &target)?;
        Ok(RecordBatch::try_new(Arc::clone(stored), batch.columns().to_vec())?)
    }

    async fn publish(&self, added: Vec<Add>, stored: &SchemaRef) -> Result<()> {
        if added.is_empty() && !self.overwrite {
            return Ok(());
        }
        let mut table = self.table.clone();
        let mode = if self.overwrite { SaveMode::Overwrite } else { SaveMode::Append };
        for attempt in 1.. {
            let _turn = turn(&self.folder).await;
            if attempt > 1 {
                table.load().await.map_err(|error| Error::of_delta(&self.folder, error))?;
            }
            let snapshot = table.snapshot().map_err(|error| Error::of_delta(&self.folder, error))?;
            if snapshot.snapshot().arrow_schema() != *stored {
                let error = deltalake::DeltaTableError::generic("the table's columns have changed");
                return Err(Error::Conflict(Box::new(error)).into());
            }
            let mut actions: Vec<Action> = added.iter().cloned().map(Action::Add).collect();
            if self.overwrite {
                actions.extend(snapshot.log_data().iter().map(|view| Action::Remove(view.remove_action(true))));
            }
            if actions.is_empty() {
                return Ok(());
            }
            let operation = DeltaOperation::Write { mode, partition_by: None, predicate: None };
            match commit(&table, actions, operation, &self.folder).await {
                // What overwrites may have read what somebody else has changed.
                Err(Error::Conflict(_)) if attempt < ATTEMPTS && !self.overwrite => {}
                done => return done.map_err(DataFusionError::from),
            }
        }
        Ok(())
    }
}
