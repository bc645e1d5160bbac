//! A base table that lists the columns of the system's views.
//!
//! To know them, every such view must be planned; some of them read this very table. So it gives its own columns at once,
//! and plans the views only when its rows are asked for.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use parking_lot::RwLock;

use super::{SystemView, VIEWS, base_table};
use mead_common::Dialect;

use crate::{Catalog, ViewDefinition, ViewPlanner};

/// The columns of the system's views, once they were asked for. They stay the same while the server runs.
#[derive(Debug, Default)]
pub(crate) struct ViewColumns(RwLock<Option<Arc<[SystemView]>>>);

impl ViewColumns {
    async fn get(&self, planner: &dyn ViewPlanner) -> Result<Arc<[SystemView]>> {
        if let Some(known) = self.0.read().clone() {
            return Ok(known);
        }
        let mut views = Vec::with_capacity(VIEWS.len());
        for (schema, name, text) in VIEWS {
            let columns = planner
                .plan_view(ViewDefinition { query: text, search_path: None, dialect: Dialect::Postgres })
                .await?
                .schema();
            views.push(SystemView { schema, name, columns });
        }
        // Two statements may have come here at once; both found the same.
        let views: Arc<[SystemView]> = views.into();
        *self.0.write() = Some(Arc::clone(&views));
        Ok(views)
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct LazyTable {
    name: String,
    schema: SchemaRef,
    catalog: Arc<Catalog>,
    planner: Arc<dyn ViewPlanner>,
    views: Arc<ViewColumns>,
}

impl LazyTable {
    pub(crate) fn new(
        name: &str,
        catalog: Arc<Catalog>,
        planner: Arc<dyn ViewPlanner>,
        views: Arc<ViewColumns>,
    ) -> Result<Self> {
        let schema = table(&catalog, name, &[])?.schema();
        Ok(Self { name: name.to_owned(), schema, catalog, planner, views })
    }
}

fn table(catalog: &Catalog, name: &str, views: &[SystemView]) -> Result<datafusion::arrow::array::RecordBatch> {
    base_table(catalog, name, views)?
        .ok_or_else(|| DataFusionError::Internal(format!("{name} is not a table of the system")))
}

#[async_trait]
impl TableProvider for LazyTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let views = self.views.get(self.planner.as_ref()).await?;
        let batch = table(&self.catalog, &self.name, &views)?;
        MemTable::try_new(batch.schema(), vec![vec![batch]])?.scan(state, projection, filters, limit).await
    }
}
