//! `pg_catalog` as a session sees it: what the catalog has, and the session's own settings.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Int32Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
};
use datafusion::catalog::{MemTable, SchemaProvider, TableProvider};
use datafusion::error::Result;

use crate::session::SharedSettings;

/// The schema whose tables are the session's.
pub(crate) const SCHEMA: &str = "pg_catalog";

const SETTINGS: &str = "pg_settings";

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct SessionSchema {
    shared: Arc<dyn SchemaProvider>,
    settings: SharedSettings,
}

impl SessionSchema {
    pub(crate) fn new(shared: Arc<dyn SchemaProvider>, settings: SharedSettings) -> Self {
        Self { shared, settings }
    }
}

#[async_trait]
impl SchemaProvider for SessionSchema {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.shared.table_names();
        names.push(SETTINGS.to_owned());
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if name != SETTINGS {
            return self.shared.table(name).await;
        }
        let batch = settings(&self.settings)?;
        Ok(Some(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?)))
    }

    fn table_exist(&self, name: &str) -> bool {
        name == SETTINGS || self.shared.table_exist(name)
    }
}

/// The settings with the columns of PostgreSQL's `pg_settings`.
fn settings(settings: &SharedSettings) -> Result<RecordBatch> {
    let rows = settings.read(crate::session::settings::Settings::listed);
    let text = |value: &dyn Fn(&crate::session::settings::Listed) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(value).collect::<StringArray>())
    };
    let context = |fixed: bool| if fixed { "internal" } else { "user" };
    let mut choices = ListBuilder::new(StringBuilder::new());
    rows.iter().for_each(|_| choices.append_null());
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("name", text(&|row| Some(row.name.to_owned()))),
        ("setting", text(&|row| Some(row.value.clone()))),
        ("unit", text(&|_| None)),
        ("category", text(&|_| Some("Client Connection Defaults".to_owned()))),
        ("short_desc", text(&|row| Some(row.description.to_owned()))),
        ("extra_desc", text(&|_| None)),
        ("context", text(&|row| Some(context(row.fixed).to_owned()))),
        ("vartype", text(&|_| Some("string".to_owned()))),
        ("source", text(&|row| Some(if row.value == row.default { "default" } else { "session" }.to_owned()))),
        ("min_val", text(&|_| None)),
        ("max_val", text(&|_| None)),
        ("enumvals", Arc::new(choices.finish())),
        ("boot_val", text(&|row| Some(row.default.to_owned()))),
        ("reset_val", text(&|row| Some(row.reset.clone()))),
        ("sourcefile", text(&|_| None)),
        ("sourceline", Arc::new(rows.iter().map(|_| None::<i32>).collect::<Int32Array>())),
        ("pending_restart", Arc::new(rows.iter().map(|_| Some(false)).collect::<BooleanArray>())),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))?)
}
