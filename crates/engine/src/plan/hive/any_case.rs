//! Columns whose case does not matter. Hive's dialects read every name in lower case; a file may have `Id`, which is `id` here.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::Schema;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::Column;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};

/// A schema whose tables have columns in lower case.
#[derive(Debug)]
pub(crate) struct AnyCase(pub Arc<dyn SchemaProvider>);

#[async_trait]
impl SchemaProvider for AnyCase {
    fn table_names(&self) -> Vec<String> {
        self.0.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match self.0.table(name).await? {
            Some(table) => Ok(Some(lower(name, table)?)),
            None => Ok(None),
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.table_exist(name)
    }
}

/// The table itself where its columns are in lower case, or differ in nothing but their case.
fn lower(name: &str, table: Arc<dyn TableProvider>) -> Result<Arc<dyn TableProvider>> {
    let schema = table.schema();
    let Some(names) = lower_names(&schema) else { return Ok(table) };
    let columns = schema
        .fields()
        .iter()
        .zip(names)
        .map(|(field, lower)| Expr::Column(Column::new_unqualified(field.name())).alias(lower));
    let plan = LogicalPlanBuilder::scan(name, provider_as_source(table), None)?;
    Ok(Arc::new(ViewTable::new(plan.project(columns)?.build()?, None)))
}

fn lower_names(schema: &Schema) -> Option<Vec<String>> {
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().to_lowercase()).collect();
    let same = schema.fields().iter().zip(&names).all(|(field, name)| field.name() == name);
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    (!same && sorted.len() == names.len()).then_some(names)
}
