//! Other columns for a managed table. A column that comes and may be NULL is an entry of the log; for all else the rows are
//! written anew, and the old ones stay readable as the version before.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::execute_stream;
use deltalake::DeltaTableError;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{Action, MetadataExt, StructType};
use deltalake::protocol::{DeltaOperation, SaveMode};
use futures::StreamExt;
use mead_common::{Diagnostic, sqlstate};

use super::ManagedTable;
use super::change::Change;
use crate::Error;
use crate::convert::{Convert, convert};
use crate::declared::stored_target;
use crate::hive::cut_texts;

impl Change {
    /// The table has these columns afterwards, each with the values of the old one that `sources` names, or NULL.
    pub async fn alter(
        self: &Arc<Self>,
        session: &dyn Session,
        columns: &SchemaRef,
        sources: &[Option<String>],
    ) -> Result<(), Error> {
        let stored: SchemaRef = Arc::new(ManagedTable::stored_schema(columns));
        let old = plain(self.stored());
        if plain(&stored) == old
            && sources.iter().zip(columns.fields()).all(|(source, field)| source.as_ref() == Some(field.name()))
        {
            return Ok(());
        }
        let schema: StructType =
            stored.as_ref().try_into_kernel().map_err(|error| self.delta(DeltaTableError::from(error)))?;
        let snapshot = self.table.snapshot().map_err(|error| self.delta(error))?;
        let metadata = snapshot.metadata().clone().with_schema(&schema);
        let metadata = metadata.map_err(|error| self.delta(DeltaTableError::generic(error.to_string())))?;
        let mut actions = vec![Action::Metadata(metadata)];
        if !only_grows(&old, &plain(&stored), sources) {
            actions.extend(self.rewritten(session, columns, &stored, sources).await?);
            actions.extend(self.removes());
        }
        let operation = DeltaOperation::Write { mode: SaveMode::Overwrite, partition_by: None, predicate: None };
        self.commit(actions, operation).await
    }

    /// The rows in new files.
    async fn rewritten(
        self: &Arc<Self>,
        session: &dyn Session,
        columns: &SchemaRef,
        stored: &SchemaRef,
        sources: &[Option<String>],
    ) -> Result<Vec<Action>, Error> {
        let mut writer = self.writer(stored)?;
        let target = stored_target(stored, columns);
        let shown = Arc::new(nullable(columns));
        let plan = self.rows().scan(session, None, &[], None).await?;
        let mut batches = execute_stream(plan, session.task_ctx())?;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.fields().len());
            for (field, source) in columns.fields().iter().zip(sources) {
                let values = match source.as_ref().and_then(|source| batch.column_by_name(source)) {
                    Some(values) => convert(values, field.data_type())?,
                    None => new_null_array(field.data_type(), batch.num_rows()),
                };
                if !field.is_nullable() && values.null_count() > 0 {
                    let message = format!("column \"{}\" contains null values", field.name());
                    return Err(Diagnostic::new(sqlstate::NOT_NULL_VIOLATION, message).into());
                }
                arrays.push(values);
            }
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            let batch = RecordBatch::try_new_with_options(Arc::clone(&shown), arrays, &options);
            let batch = cut_texts(&batch.map_err(DataFusionError::from)?, columns)?;
            let batch = Convert { origin: None, checks_json: true }.batch(&batch, &target)?;
            let batch = RecordBatch::try_new(Arc::clone(stored), batch.columns().to_vec());
            let batch = batch.map_err(DataFusionError::from)?;
            writer.write(&batch).await.map_err(|error| self.delta(error))?;
        }
        let added = writer.close().await.map_err(|error| self.delta(error))?;
        Ok(added.into_iter().map(Action::Add).collect())
    }
}

/// Names, types, and whether NULL is allowed.
fn plain(schema: &Schema) -> Schema {
    let one = |field: &Arc<Field>| Field::new(field.name(), field.data_type().clone(), field.is_nullable());
    Schema::new(schema.fields().iter().map(one).collect::<Vec<_>>())
}

fn nullable(schema: &Schema) -> Schema {
    Schema::new(schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>())
}

/// True where the old columns are the first of the new ones, and those behind them may be NULL.
fn only_grows(old: &Schema, new: &Schema, sources: &[Option<String>]) -> bool {
    let count = old.fields().len();
    new.fields().len() >= count
        && old
            .fields()
            .iter()
            .zip(new.fields())
            .all(|(old, new)| old.name() == new.name() && old.data_type() == new.data_type())
        && sources.iter().take(count).zip(old.fields()).all(|(source, old)| source.as_ref() == Some(old.name()))
        && new.fields().iter().skip(count).all(|field| field.is_nullable())
        && sources.iter().skip(count).all(Option::is_none)
}
