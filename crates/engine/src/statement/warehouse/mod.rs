//! The statements of Hive's warehouse, one file each; here the branching between them, and what several of them need.

mod columns;
mod create_database;
mod create_delta;
mod create_table;
mod destination;
mod insert;
mod insert_values;
mod load_data;
mod partition;
mod relation;
mod storage;
mod temporary;

use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use mead_common::Diagnostic;
use mead_parser::Warehouse;

pub(super) use insert::as_hive;

use super::{Runner, parameters};
use crate::session::Execution;

impl Runner {
    pub(super) async fn warehouse(&self, statement: &Warehouse) -> Result<Execution, Diagnostic> {
        match statement {
            Warehouse::CreateDatabase(create) => self.create_hive_database(create),
            Warehouse::CreateTable(create) => self.create_hive_table(create).await,
            Warehouse::Insert(insert) => self.insert_hive(insert).await,
            Warehouse::LoadData(load) => self.load_data(load).await,
            other => Err(Diagnostic::unsupported(format!("{} is not supported", other.name()))),
        }
    }

    /// The types of the parameters of a statement of the warehouse, and its columns if it gives rows.
    pub(super) async fn describe_warehouse(
        &self,
        statement: &Warehouse,
        declared: &[Option<FieldRef>],
    ) -> Result<(Vec<FieldRef>, Option<SchemaRef>), Diagnostic> {
        let plan = match statement {
            Warehouse::Insert(insert) => Some(self.plan_hive_insert(insert).await?.plan),
            Warehouse::CreateTable(create) => match &create.query {
                Some(query) => Some(self.plan_query_open(query).await?),
                None => None,
            },
            _ => None,
        };
        let types = match plan {
            Some(plan) => parameters::types(&plan, declared).map_err(|error| self.report(&error))?,
            None => Vec::new(),
        };
        Ok((types, warehouse_rows(statement)))
    }
}

/// The columns of the rows that a statement of the warehouse gives.
fn warehouse_rows(_: &Warehouse) -> Option<SchemaRef> {
    None
}
