//! OPTIMIZE, VACUUM, RESTORE and DESCRIBE HISTORY of managed tables.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::sql::sqlparser::ast::ObjectName;
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{AsOfText, Optimize, Restore, Vacuum};
use mead_storage::{AsOf, HistoryEntry, RETENTION};

use super::{Attempts, Runner};
use crate::plan::time_travel::moment;
use crate::session::Execution;
use crate::statement::explain::rows;

/// The columns of DESCRIBE HISTORY.
pub(crate) fn history_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let moment = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("version", DataType::Int64, false),
        Field::new("timestamp", moment, true),
        text("operation"),
        text("operation_parameters"),
        Field::new("read_version", DataType::Int64, true),
        Field::new("is_blind_append", DataType::Boolean, true),
        text("operation_metrics"),
        text("engine_info"),
    ]))
}

impl Runner {
    pub(crate) async fn optimize(&self, optimize: &Optimize) -> Result<Execution, Diagnostic> {
        let (name, table, columns) = self.managed_table(&optimize.table, "OPTIMIZE")?;
        for column in &optimize.z_order {
            if columns.field_with_name(column).is_err() {
                let message = format!("column \"{column}\" of relation \"{}\" does not exist", name.name);
                return Err(Diagnostic::new(sqlstate::UNDEFINED_COLUMN, message));
            }
        }
        let mut attempts = Attempts::default();
        let done = loop {
            match table.optimize(&optimize.z_order).await.map_err(Diagnostic::from) {
                Err(error) if attempts.again(&error) => {}
                done => break done?,
            }
        };
        self.notice(format!("{} files became {}", done.files_removed, done.files_added));
        Ok(Execution::done("OPTIMIZE"))
    }

    pub(crate) async fn vacuum(&self, vacuum: &Vacuum) -> Result<Execution, Diagnostic> {
        let (_, table, _) = self.managed_table(&vacuum.table, "VACUUM")?;
        let retention = match vacuum.retain_hours {
            Some(hours) => Duration::from_secs(hours.saturating_mul(3600)),
            None => RETENTION,
        };
        let count = table.vacuum(retention, vacuum.dry_run).await?;
        let word = if vacuum.dry_run { "files would be removed" } else { "files were removed" };
        self.notice(format!("{count} {word}"));
        Ok(Execution::done("VACUUM"))
    }

    pub(crate) async fn restore(&self, restore: &Restore) -> Result<Execution, Diagnostic> {
        let (name, table, _) = self.managed_table(&restore.table, "RESTORE")?;
        let at = match &restore.at {
            AsOfText::Version(version) => AsOf::Version(*version),
            AsOfText::Timestamp(text) => AsOf::Moment(moment(text, self.settings.get("TimeZone").as_deref())?),
        };
        let mut attempts = Attempts::default();
        loop {
            match table.restore(at, &name.name).await.map_err(Diagnostic::from) {
                Err(error) if attempts.again(&error) => {}
                done => break done?,
            }
        }
        Ok(Execution::done("RESTORE"))
    }

    pub(crate) async fn describe_history(&self, table: &ObjectName) -> Result<Execution, Diagnostic> {
        let (_, table, _) = self.managed_table(table, "DESCRIBE HISTORY")?;
        let entries = table.history().await?;
        let text = |value: &dyn Fn(&HistoryEntry) -> Option<String>| -> ArrayRef {
            Arc::new(entries.iter().map(value).collect::<StringArray>())
        };
        let moments: TimestampMicrosecondArray = entries.iter().map(|entry| entry.moment).collect();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(entries.iter().map(|entry| entry.version))),
            Arc::new(moments.with_timezone("UTC")),
            text(&|entry| entry.operation.clone()),
            text(&|entry| entry.parameters.clone()),
            Arc::new(entries.iter().map(|entry| entry.read_version).collect::<Int64Array>()),
            Arc::new(entries.iter().map(|entry| entry.is_blind_append).collect::<BooleanArray>()),
            text(&|entry| entry.metrics.clone()),
            text(&|entry| entry.engine.clone()),
        ];
        Ok(Execution::uncounted_rows(rows(&history_schema(), columns)?, "DESCRIBE"))
    }
}
