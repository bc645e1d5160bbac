//! What the metastore knows, as tables: the base of the views in `sql/`.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::error::Result;

use crate::database::SYSTEM_SCHEMAS;
use crate::{Catalog, Error, RelationKind};

include!(concat!(env!("OUT_DIR"), "/views.rs"));

/// The schema of the base tables.
pub(crate) const BASE_SCHEMA: &str = "mead_catalog";

const BASE_TABLES: [&str; 8] = [
    "columns", "model_versions", "relations", "roles", "schemas", "system_views", "training_history", "training_runs",
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

/// One base table as it is now.
pub(crate) fn base_table(catalog: &Catalog, name: &str) -> Result<Option<RecordBatch>> {
    let table = match name {
        "columns" => columns(catalog)?,
        "model_versions" => model_versions(catalog)?,
        "relations" => relations(catalog)?,
        "roles" => roles(catalog)?,
        "schemas" => schemas(catalog)?,
        "system_views" => system_views(),
        "training_history" => training_history(catalog)?,
        "training_runs" => training_runs(catalog)?,
        _ => return Ok(None),
    };
    Ok(Some(table.build()?))
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
    rows.extend(SYSTEM_SCHEMAS.iter().map(|name| (system_schema_oid(name), (*name).to_owned(), "mead".to_owned())));
    let rows = &rows;
    Ok(Table::default()
        .bigint("oid", rows.iter().map(|row| Some(row.0)))
        .text("name", rows.iter().map(|row| Some(&row.1)))
        .text("owner", rows.iter().map(|row| Some(&row.2))))
}

fn relations(catalog: &Catalog) -> Result<Table, Error> {
    let rows = catalog.relations(None)?;
    let new = || rows.iter().map(|row| &row.new);
    let kind = |kind| match kind {
        RelationKind::External => "external",
        RelationKind::Managed => "managed",
        RelationKind::View => "view",
    };
    Ok(Table::default()
        .bigint("oid", rows.iter().map(|row| Some(row.oid)))
        .text("schema_name", new().map(|row| Some(&row.schema)))
        .text("name", new().map(|row| Some(&row.name)))
        .text("kind", new().map(|row| Some(kind(row.kind))))
        .text("owner", new().map(|row| Some(&row.owner)))
        .text("format", new().map(|row| row.format.as_ref()))
        .text("location", new().map(|row| row.location.as_ref().map(|path| path.to_string_lossy())))
        .text("definition", new().map(|row| row.definition.as_ref()))
        .text("comment", new().map(|row| row.comment.as_ref()))
        .time("created_at", rows.iter().map(|row| Some(row.created_at))))
}

fn columns(catalog: &Catalog) -> Result<Table, Error> {
    let rows = catalog.relations(None)?;
    let mut all = Vec::new();
    for relation in &rows {
        for (index, field) in relation.all_columns().fields().iter().enumerate() {
            all.push((relation.oid, index as i32 + 1, Arc::clone(field)));
        }
    }
    Ok(Table::default()
        .bigint("relation_oid", all.iter().map(|row| Some(row.0)))
        .with("ordinal", all.iter().map(|row| Some(row.1)).collect::<Int32Array>())
        .text("name", all.iter().map(|row| Some(row.2.name())))
        .text("data_type", all.iter().map(|row| Some(type_name(row.2.data_type()))))
        .bigint("type_oid", all.iter().map(|row| Some(type_oid(row.2.data_type()))))
        .bigint("typmod", all.iter().map(|row| Some(typmod(row.2.data_type()))))
        .boolean("not_null", all.iter().map(|row| Some(!row.2.is_nullable()))))
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

fn system_views() -> Table {
    Table::default()
        .bigint("oid", (0..VIEWS.len()).map(|index| Some(13_100 + index as i64)))
        .bigint("schema_oid", VIEWS.iter().map(|row| Some(system_schema_oid(row.0))))
        .text("schema_name", VIEWS.iter().map(|row| Some(row.0)))
        .text("name", VIEWS.iter().map(|row| Some(row.1)))
}

fn training_runs(catalog: &Catalog) -> Result<Table, Error> {
    type Row = (i64, Option<String>, Option<String>, String, Option<String>, String, String, Option<String>, i64, Option<i64>);
    let rows: Vec<Row> = catalog.read(|db| {
        let mut statement = db.prepare_cached(
            "SELECT id, model, grouped_by, function, options, query, status, error, started_at, ended_at \
             FROM training_runs ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok((
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
            ))
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    })?;
    let rows = &rows;
    Ok(Table::default()
        .bigint("id", rows.iter().map(|row| Some(row.0)))
        .text("model", rows.iter().map(|row| row.1.as_ref()))
        .text("grouped_by", rows.iter().map(|row| row.2.as_ref()))
        .text("function", rows.iter().map(|row| Some(&row.3)))
        .text("options", rows.iter().map(|row| row.4.as_ref()))
        .text("query", rows.iter().map(|row| Some(&row.5)))
        .text("status", rows.iter().map(|row| Some(&row.6)))
        .text("error", rows.iter().map(|row| row.7.as_ref()))
        .time("started_at", rows.iter().map(|row| Some(row.8)))
        .time("ended_at", rows.iter().map(|row| row.9)))
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

/// The Postgres type that a column's values are sent as.
fn type_oid(data_type: &DataType) -> i64 {
    match data_type {
        DataType::Boolean => 16,
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => 21,
        DataType::UInt16 | DataType::Int32 => 23,
        DataType::UInt32 | DataType::Int64 => 20,
        DataType::UInt64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => 1700,
        DataType::Float16 | DataType::Float32 => 700,
        DataType::Float64 => 701,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => 17,
        DataType::Date32 | DataType::Date64 => 1082,
        DataType::Time32(_) | DataType::Time64(_) => 1083,
        DataType::Timestamp(_, None) => 1114,
        DataType::Timestamp(_, Some(_)) => 1184,
        DataType::Interval(_) | DataType::Duration(_) => 1186,
        DataType::Struct(_) | DataType::Map(_, _) => 114,
        DataType::Dictionary(_, value) => type_oid(value),
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            array_oid(type_oid(field.data_type()))
        }
        _ => 25,
    }
}

fn array_oid(element: i64) -> i64 {
    match element {
        16 => 1000,
        17 => 1001,
        20 => 1016,
        21 => 1005,
        23 => 1007,
        114 => 199,
        700 => 1021,
        701 => 1022,
        1082 => 1182,
        1083 => 1183,
        1114 => 1115,
        1184 => 1185,
        1186 => 1187,
        1700 => 1231,
        _ => 1009,
    }
}

fn typmod(data_type: &DataType) -> i64 {
    match data_type {
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            (i64::from(*precision) << 16 | i64::from(*scale)) + 4
        }
        _ => -1,
    }
}

fn type_name(data_type: &DataType) -> String {
    let name = match type_oid(data_type) {
        16 => "boolean",
        17 => "bytea",
        20 => "bigint",
        21 => "smallint",
        23 => "integer",
        114 => "json",
        700 => "real",
        701 => "double precision",
        1082 => "date",
        1083 => "time without time zone",
        1114 => "timestamp without time zone",
        1184 => "timestamp with time zone",
        1186 => "interval",
        1700 => match data_type {
            DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
                return format!("numeric({precision},{scale})");
            }
            _ => "numeric",
        },
        25 => "text",
        _ => match data_type {
            DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
                return format!("{}[]", type_name(field.data_type()));
            }
            _ => "text",
        },
    };
    name.to_owned()
}
