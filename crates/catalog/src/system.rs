//! What the metastore knows, as tables: the base of the views in `sql/`.
//!
//! OIDs are bigint here, names and the one-letter codes of `pg_catalog` text.

mod classes;
mod functions;
mod lazy;
mod types;

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::error::Result;

use crate::database::SYSTEM_SCHEMAS;
use crate::{Catalog, Error};

pub use classes::Class;
pub(crate) use classes::SystemView;
pub use functions::FunctionEntry;
pub(crate) use lazy::{LazyTable, ViewColumns};

include!(concat!(env!("OUT_DIR"), "/views.rs"));

/// The role that owns what the system brings along.
const SYSTEM_OWNER: &str = "mead";

/// The schema of the base tables.
pub(crate) const BASE_SCHEMA: &str = "mead_catalog";

const BASE_TABLES: [&str; 9] = [
    "attributes",
    "classes",
    "functions",
    "model_versions",
    "roles",
    "schemas",
    "training_history",
    "training_runs",
    "types",
];

/// The views that ship with mead.
#[derive(Debug)]
pub struct SystemViews;

impl SystemViews {
    /// Schema, name and query of each.
    pub fn all() -> &'static [(&'static str, &'static str, &'static str)] {
        VIEWS
    }
}

pub(crate) fn names(schema: &str) -> Vec<&'static str> {
    if schema == BASE_SCHEMA {
        return BASE_TABLES.to_vec();
    }
    VIEWS.iter().filter(|(of, _, _)| *of == schema).map(|(_, name, _)| *name).collect()
}

pub(crate) fn view(schema: &str, name: &str) -> Option<&'static str> {
    VIEWS.iter().find(|(of, view, _)| *of == schema && *view == name).map(|(_, _, text)| *text)
}

/// One base table as it is now. `views` are the columns of the system's views, as far as they are known: what describes
/// relations lists them.
pub(crate) fn base_table(catalog: &Catalog, name: &str, views: &[SystemView]) -> Result<Option<RecordBatch>> {
    let table = match name {
        "attributes" => classes::attributes(catalog, views)?,
        "classes" => classes::classes(catalog, views)?,
        "functions" => functions::functions(catalog)?,
        "model_versions" => model_versions(catalog)?,
        "roles" => roles(catalog)?,
        "schemas" => schemas(catalog)?,
        "training_history" => training_history(catalog)?,
        "training_runs" => training_runs(catalog)?,
        "types" => types::types(catalog)?,
        _ => return Ok(None),
    };
    Ok(Some(table.build()?))
}

/// True for the base tables that need the columns of the system's views.
pub(crate) fn lists_views(name: &str) -> bool {
    matches!(name, "attributes" | "classes")
}

/// Named columns on their way to a batch.
#[derive(Default)]
struct Table(Vec<(&'static str, ArrayRef)>);

impl Table {
    fn with(mut self, name: &'static str, column: impl datafusion::arrow::array::Array + 'static) -> Self {
        self.0.push((name, Arc::new(column)));
        self
    }

    fn text<T: AsRef<str>>(self, name: &'static str, values: impl Iterator<Item = Option<T>>) -> Self {
        self.with(name, values.collect::<StringArray>())
    }

    fn bigint(self, name: &'static str, values: impl Iterator<Item = Option<i64>>) -> Self {
        self.with(name, values.collect::<Int64Array>())
    }

    fn integer(self, name: &'static str, values: impl Iterator<Item = Option<i32>>) -> Self {
        self.with(name, values.collect::<Int32Array>())
    }

    fn smallint(self, name: &'static str, values: impl Iterator<Item = Option<i16>>) -> Self {
        self.with(name, values.collect::<Int16Array>())
    }

    fn double(self, name: &'static str, values: impl Iterator<Item = Option<f64>>) -> Self {
        self.with(name, values.collect::<Float64Array>())
    }

    fn time(self, name: &'static str, values: impl Iterator<Item = Option<i64>>) -> Self {
        self.with(name, values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    }

    fn boolean(self, name: &'static str, values: impl Iterator<Item = Option<bool>>) -> Self {
        self.with(name, values.collect::<BooleanArray>())
    }

    fn build(self) -> Result<RecordBatch> {
        let fields: Vec<Field> =
            self.0.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
        let columns = self.0.into_iter().map(|(_, column)| column).collect();
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
    }
}

/// OIDs of the system's own schemas, below those of users; `pg_catalog` has PostgreSQL's.
fn system_schema_oid(name: &str) -> i64 {
    match name {
        "pg_catalog" => 11,
        "information_schema" => 13_000,
        "ml" => 13_001,
        _ => 13_002,
    }
}

fn schemas(catalog: &Catalog) -> Result<Table, Error> {
    let mut rows = catalog.schemas()?;
    rows.extend(
        SYSTEM_SCHEMAS.iter().map(|name| (system_schema_oid(name), (*name).to_owned(), SYSTEM_OWNER.to_owned())),
    );
    let rows = &rows;
    let roles = role_oids(catalog)?;
    Ok(Table::default()
        .bigint("oid", rows.iter().map(|row| Some(row.0)))
        .text("name", rows.iter().map(|row| Some(&row.1)))
        .text("owner", rows.iter().map(|row| Some(&row.2)))
        .bigint("owner_oid", rows.iter().map(|row| roles.get(&row.2).copied()))
        .boolean("system", rows.iter().map(|row| Some(SYSTEM_SCHEMAS.contains(&row.1.as_str())))))
}

/// The OID of the role that owns what the system brings along, while that role is there.
fn system_owner(catalog: &Catalog) -> Result<Option<i64>, Error> {
    Ok(catalog.role(SYSTEM_OWNER)?.map(|role| role.oid))
}

/// The OIDs of the roles, by name.
fn role_oids(catalog: &Catalog) -> Result<HashMap<String, i64>, Error> {
    Ok(catalog.roles()?.into_iter().map(|role| (role.name, role.oid)).collect())
}

fn model_versions(catalog: &Catalog) -> Result<Table, Error> {
    let rows = catalog.model_versions()?;
    let rows = &rows;
    Ok(Table::default()
        .bigint("oid", rows.iter().map(|row| Some(row.oid)))
        .text("schema_name", rows.iter().map(|row| Some(&row.schema)))
        .text("name", rows.iter().map(|row| Some(&row.name)))
        .text("owner", rows.iter().map(|row| Some(&row.owner)))
        .bigint("version", rows.iter().map(|row| Some(row.version)))
        .boolean("is_default", rows.iter().map(|row| Some(row.is_default)))
        .text("hash", rows.iter().map(|row| Some(&row.hash)))
        .bigint("bytes", rows.iter().map(|row| Some(row.bytes)))
        .text("task", rows.iter().map(|row| Some(&row.task)))
        .text("label", rows.iter().map(|row| row.label.as_ref()))
        .text("label_type", rows.iter().map(|row| row.label_type.as_ref()))
        .text("inputs", rows.iter().map(|row| Some(&row.inputs)))
        .text("query", rows.iter().map(|row| Some(&row.query)))
        .bigint("seed", rows.iter().map(|row| row.seed))
        .time("created_at", rows.iter().map(|row| Some(row.created_at))))
}

fn roles(catalog: &Catalog) -> Result<Table, Error> {
    let rows = catalog.roles()?;
    let rows = &rows;
    Ok(Table::default()
        .bigint("oid", rows.iter().map(|row| Some(row.oid)))
        .text("name", rows.iter().map(|row| Some(&row.name)))
        .boolean("superuser", rows.iter().map(|row| Some(row.superuser)))
        .boolean("login", rows.iter().map(|row| Some(row.login)))
        .boolean("has_password", rows.iter().map(|row| Some(row.verifier.is_some()))))
}

fn training_runs(catalog: &Catalog) -> Result<Table, Error> {
    type Row =
        (i64, Option<String>, Option<String>, String, Option<String>, String, String, Option<String>, i64, Option<i64>);
    let rows: Vec<(Row, bool, Option<String>)> = catalog.read(|db| {
        let mut statement = db.prepare_cached(
            "SELECT id, model, grouped_by, function, options, query, status, error, started_at, ended_at, spilled, \
             kernels FROM training_runs ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            let run = (
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
                row.get(7)?,
                row.get(8)?,
                row.get(9)?,
            );
            Ok((run, row.get(10)?, row.get(11)?))
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    })?;
    let rows = &rows;
    Ok(Table::default()
        .bigint("id", rows.iter().map(|row| Some(row.0.0)))
        .text("model", rows.iter().map(|row| row.0.1.as_ref()))
        .text("grouped_by", rows.iter().map(|row| row.0.2.as_ref()))
        .text("function", rows.iter().map(|row| Some(&row.0.3)))
        .text("options", rows.iter().map(|row| row.0.4.as_ref()))
        .text("query", rows.iter().map(|row| Some(&row.0.5)))
        .text("status", rows.iter().map(|row| Some(&row.0.6)))
        .text("error", rows.iter().map(|row| row.0.7.as_ref()))
        .time("started_at", rows.iter().map(|row| Some(row.0.8)))
        .time("ended_at", rows.iter().map(|row| row.0.9))
        .boolean("spilled", rows.iter().map(|row| Some(row.1)))
        .text("kernels", rows.iter().map(|row| row.2.as_ref())))
}

fn training_history(catalog: &Catalog) -> Result<Table, Error> {
    let rows: Vec<(Vec<i64>, Vec<Option<f64>>)> = catalog.read(|db| {
        let mut statement = db.prepare_cached(
            "SELECT run, epoch, epochs, rows, at, loss, accuracy, validation_loss, validation_accuracy, learning_rate, \
             seconds, rows_per_second FROM training_history ORDER BY run, epoch",
        )?;
        let rows = statement.query_map([], |row| {
            let whole = (0..5).map(|index| row.get(index)).collect::<std::result::Result<_, _>>()?;
            let real = (5..12).map(|index| row.get(index)).collect::<std::result::Result<_, _>>()?;
            Ok((whole, real))
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    })?;
    let whole = |index: usize| rows.iter().map(move |row| Some(row.0[index]));
    let real = |index: usize| rows.iter().map(move |row| row.1[index]);
    Ok(Table::default()
        .bigint("run", whole(0))
        .bigint("epoch", whole(1))
        .bigint("epochs", whole(2))
        .double("loss", real(0))
        .double("accuracy", real(1))
        .double("validation_loss", real(2))
        .double("validation_accuracy", real(3))
        .double("learning_rate", real(4))
        .bigint("rows", whole(3))
        .double("seconds", real(5))
        .double("rows_per_second", real(6))
        .time("at", whole(4)))
}
