//! `pg_catalog` as a session sees it: what the catalog has, and the session's own settings, prepared statements and cursors.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use datafusion::catalog::{MemTable, SchemaProvider, TableProvider};
use datafusion::error::Result;
use mead_catalog::pg_type_rows::format_type;

use crate::session::SharedSettings;
use crate::session::holdings::Holdings;
use crate::session::info::Info;
use crate::session::settings::Kind;

/// The schema whose tables are the session's.
pub(crate) const SCHEMA: &str = "pg_catalog";

/// The session's own tables.
const OWN: [&str; 3] = ["pg_cursors", "pg_prepared_statements", "pg_settings"];

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct SessionSchema {
    shared: Arc<dyn SchemaProvider>,
    info: Arc<Info>,
}

impl SessionSchema {
    pub(crate) fn new(shared: Arc<dyn SchemaProvider>, info: Arc<Info>) -> Self {
        Self { shared, info }
    }
}

#[async_trait]
impl SchemaProvider for SessionSchema {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.shared.table_names();
        names.extend(OWN.map(str::to_owned));
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let batch = match name {
            "pg_cursors" => cursors(&self.info.holdings.read())?,
            "pg_prepared_statements" => prepared_statements(&self.info.holdings.read())?,
            "pg_settings" => settings(&self.info.settings)?,
            _ => return self.shared.table(name).await,
        };
        Ok(Some(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?)))
    }

    fn table_exist(&self, name: &str) -> bool {
        OWN.contains(&name) || self.shared.table_exist(name)
    }
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    Ok(RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))?)
}

fn moments(moments: impl Iterator<Item = DateTime<Utc>>) -> ArrayRef {
    let moments: TimestampMicrosecondArray = moments.map(|moment| Some(moment.timestamp_micros())).collect();
    Arc::new(moments.with_timezone("UTC"))
}

/// The open cursors with the columns of PostgreSQL's `pg_cursors`.
fn cursors(holdings: &Holdings) -> Result<RecordBatch> {
    let rows: Vec<_> = holdings.cursors().collect();
    let no = || -> ArrayRef { Arc::new(rows.iter().map(|_| Some(false)).collect::<BooleanArray>()) };
    batch(vec![
        ("name", Arc::new(StringArray::from_iter_values(rows.iter().map(|(name, _)| name)))),
        ("statement", Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, cursor)| &cursor.statement)))),
        ("is_holdable", Arc::new(rows.iter().map(|(_, cursor)| Some(cursor.hold)).collect::<BooleanArray>())),
        ("is_binary", no()),
        ("is_scrollable", no()),
        ("creation_time", moments(rows.iter().map(|(_, cursor)| cursor.declared_at))),
    ])
}

/// The prepared statements with the columns of PostgreSQL's `pg_prepared_statements`; every run of one is planned anew.
fn prepared_statements(holdings: &Holdings) -> Result<RecordBatch> {
    let rows: Vec<_> = holdings.statements().collect();
    let mut types = ListBuilder::new(StringBuilder::new());
    for (_, kept) in &rows {
        types.append_value(kept.parameter_types.iter().map(|pg_type| format_type(pg_type.oid(), None)));
    }
    batch(vec![
        ("name", Arc::new(StringArray::from_iter_values(rows.iter().map(|(name, _)| name)))),
        ("statement", Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, kept)| &kept.prepared.source.text)))),
        ("prepare_time", moments(rows.iter().map(|(_, kept)| kept.prepared_at))),
        ("parameter_types", Arc::new(types.finish())),
        ("from_sql", Arc::new(rows.iter().map(|(_, kept)| Some(kept.from_sql)).collect::<BooleanArray>())),
        ("generic_plans", Arc::new(Int64Array::from_value(0, rows.len()))),
        ("custom_plans", Arc::new(Int64Array::from_value(0, rows.len()))),
    ])
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
        ("setting", text(&|row| Some(row.plain(&row.value)))),
        ("unit", text(&|row| (row.kind == Kind::Milliseconds).then(|| "ms".to_owned()))),
        ("category", text(&|_| Some("Client Connection Defaults".to_owned()))),
        ("short_desc", text(&|row| Some(row.description.to_owned()))),
        ("extra_desc", text(&|_| None)),
        ("context", text(&|row| Some(context(row.fixed).to_owned()))),
        ("vartype", text(&|row| Some(row.kind.vartype().to_owned()))),
        ("source", text(&|row| Some(if row.value == row.default { "default" } else { "session" }.to_owned()))),
        ("min_val", text(&|_| None)),
        ("max_val", text(&|_| None)),
        ("enumvals", Arc::new(choices.finish())),
        ("boot_val", text(&|row| Some(row.plain(row.default)))),
        ("reset_val", text(&|row| Some(row.plain(&row.reset)))),
        ("sourcefile", text(&|_| None)),
        ("sourceline", Arc::new(rows.iter().map(|_| None::<i32>).collect::<Int32Array>())),
        ("pending_restart", Arc::new(rows.iter().map(|_| Some(false)).collect::<BooleanArray>())),
    ];
    batch(columns)
}
