//! SELECT, VALUES, TABLE: anything that is a query and nothing else.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;
use mead_common::Diagnostic;
use mead_parser::column_name;

use super::Runner;
use crate::session::Execution;

impl Runner {
    pub(crate) async fn query(&self, query: &ast::Query) -> Result<Execution, Diagnostic> {
        let plan = self.plan_query(query).await?;
        Ok(Execution::rows(with_shown_names(self.open(&plan).await?), "SELECT"))
    }
}

/// A result's columns under the names the user gave them, which may be the same for several.
pub(super) fn shown(schema: &SchemaRef) -> SchemaRef {
    if schema.fields().iter().all(|field| column_name(field.name()) == field.name()) {
        return Arc::clone(schema);
    }
    let fields: Vec<_> =
        schema.fields().iter().map(|field| field.as_ref().clone().with_name(column_name(field.name()))).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn with_shown_names(stream: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let schema = shown(&stream.schema());
    if Arc::ptr_eq(&schema, &stream.schema()) {
        return stream;
    }
    let named = Arc::clone(&schema);
    let batches = stream.map(move |batch| {
        let batch = batch?;
        Ok(RecordBatch::try_new(Arc::clone(&named), batch.columns().to_vec())?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}
