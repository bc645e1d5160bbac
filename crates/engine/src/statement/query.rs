//! SELECT, VALUES, TABLE: anything that is a query and nothing else.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;
use mead_common::{Diagnostic, Dialect};
use mead_functions::hive::convert::shown_text;
use mead_parser::column_name;

use super::Runner;
use crate::session::Execution;

impl Runner {
    pub(crate) async fn query(&self, query: &ast::Query) -> Result<Execution, Diagnostic> {
        let plan = self.plan_query(query).await?;
        let zone = self.state.config_options().execution.time_zone.clone();
        let stream = as_shown(self.open(&plan).await?, self.source.dialect, zone);
        Ok(Execution::rows(stream, "SELECT"))
    }
}

/// A result's columns as a client sees them: under the names the user gave them, which may be the same for several. In Hive's
/// and Spark's dialects arrays, maps, structs and intervals are text, for what Postgres's types cannot show as these do.
pub(super) fn shown(schema: &SchemaRef, dialect: Dialect) -> SchemaRef {
    let is_as_shown =
        |field: &Field| column_name(field.name()) == field.name() && !becomes_text(field.data_type(), dialect);
    if schema.fields().iter().all(|field| is_as_shown(field)) {
        return Arc::clone(schema);
    }
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| match becomes_text(field.data_type(), dialect) {
            true => Field::new(column_name(field.name()), DataType::Utf8, true),
            false => field.as_ref().clone().with_name(column_name(field.name())),
        })
        .collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn becomes_text(data_type: &DataType, dialect: Dialect) -> bool {
    let is_interval = matches!(data_type, DataType::Interval(_) | DataType::Duration(_));
    dialect.is_hive_like() && (data_type.is_nested() || is_interval)
}

fn as_shown(stream: SendableRecordBatchStream, dialect: Dialect, zone: Option<String>) -> SendableRecordBatchStream {
    let schema = shown(&stream.schema(), dialect);
    if Arc::ptr_eq(&schema, &stream.schema()) {
        return stream;
    }
    let named = Arc::clone(&schema);
    let batches = stream.map(move |batch| {
        let batch = batch?;
        let columns = batch.columns().iter().map(|column| match becomes_text(column.data_type(), dialect) {
            true => Ok(Arc::new(shown_text(column, dialect, zone.as_deref())?) as ArrayRef),
            false => Ok(Arc::clone(column)),
        });
        let columns = columns.collect::<DataFusionResult<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&named), columns, &options)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}
