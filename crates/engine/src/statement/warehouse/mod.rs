//! The statements of Hive's warehouse, one file each; here the branching between them, and what several of them need.

mod alter_columns;
mod alter_database;
mod alter_partitions;
mod alter_storage;
mod alter_table;
mod alter_view;
mod analyze;
mod columns;
mod concatenate;
mod create_database;
mod create_delta;
mod create_like;
mod create_table;
mod describe;
mod describe_formatted;
mod describe_function;
mod destination;
mod insert;
mod insert_directory;
mod insert_values;
mod load_data;
mod moves;
mod msck;
mod multi_insert;
mod partition;
mod relation;
mod share;
mod show;
mod show_create;
mod storage;
mod temporary;
mod truncate;
mod wildcard;

use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::logical_expr::LogicalPlan;
use mead_common::Diagnostic;
use mead_parser::Warehouse;

pub(super) use insert::as_hive;

use super::{Runner, parameters};
use crate::session::Execution;

impl Runner {
    pub(super) async fn warehouse(&self, statement: &Warehouse) -> Result<Execution, Diagnostic> {
        match statement {
            Warehouse::AlterDatabase(alter) => self.alter_database(alter),
            Warehouse::AlterTable(alter) => self.alter_table(alter).await,
            Warehouse::AlterView(alter) => self.alter_view(alter).await,
            Warehouse::Analyze(analyze) => self.analyze(analyze).await,
            Warehouse::CreateDatabase(create) => self.create_hive_database(create),
            Warehouse::CreateTable(create) => self.create_hive_table(create).await,
            Warehouse::CreateView(create) => self.create_hive_view(create).await,
            Warehouse::Describe(describe) => self.describe_hive(describe),
            Warehouse::Insert(insert) => self.insert_hive(insert).await,
            Warehouse::LoadData(load) => self.load_data(load).await,
            Warehouse::Msck(msck) => self.msck(msck),
            Warehouse::Show(show) => self.show_hive(show),
            Warehouse::Truncate(truncate) => self.truncate(truncate).await,
        }
    }

    /// The plan that EXPLAIN shows of a statement of the warehouse, if it has one.
    pub(super) async fn plan_warehouse(&self, statement: &Warehouse) -> Result<Option<LogicalPlan>, Diagnostic> {
        Ok(match statement {
            Warehouse::Insert(insert) => Some(self.plan_hive_insert(insert).await?.plan),
            Warehouse::CreateTable(create) => match &create.query {
                Some(query) => Some(self.plan_query_open(query).await?),
                None => None,
            },
            _ => None,
        })
    }

    /// The types of the parameters of a statement of the warehouse, and its columns if it gives rows.
    pub(super) async fn describe_warehouse(
        &self,
        statement: &Warehouse,
        declared: &[Option<FieldRef>],
    ) -> Result<(Vec<FieldRef>, Option<SchemaRef>), Diagnostic> {
        let types = match self.plan_warehouse(statement).await? {
            Some(plan) => parameters::types(&plan, declared).map_err(|error| self.report(&error))?,
            None => Vec::new(),
        };
        Ok((types, warehouse_rows(statement)))
    }
}

/// The columns of the rows that a statement of the warehouse gives.
fn warehouse_rows(statement: &Warehouse) -> Option<SchemaRef> {
    match statement {
        Warehouse::Describe(describe) => Some(describe::describe_schema(describe)),
        Warehouse::Show(show) => Some(show::show_schema(show)),
        _ => None,
    }
}
