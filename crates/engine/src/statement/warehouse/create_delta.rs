//! Statements of Hive's and Spark's over tables that have a Delta log.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use mead_catalog::{NewRelation, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::InsertTarget;
use mead_storage::{DeclaredTable, ManagedTable};

use super::super::Runner;
use super::super::create_table::NewTable;
use super::super::names::QualifiedName;
use super::insert::InsertPlan;

impl Runner {
    /// Makes a managed table under a Delta log, and fills it. `relation` says all else of it.
    pub(super) async fn create_delta(
        &self,
        name: &QualifiedName,
        relation: NewRelation,
        rows: Option<LogicalPlan>,
        or_replace: bool,
    ) -> Result<u64, Diagnostic> {
        if !relation.partitions.fields().is_empty() {
            return Err(Diagnostic::unsupported("PARTITIONED BY of Delta tables is not supported"));
        }
        let columns: SchemaRef = ManagedTable::declared_schema(&relation.columns)?;
        let folder: PathBuf = self.new_folder(name);
        let table = NewTable::new(ManagedTable::new(&folder));
        table.managed.create(&columns).await?;
        let count = match rows {
            Some(plan) => self.fill(&table.managed, &columns, plan).await?,
            None => 0,
        };
        let relation = NewRelation {
            kind: RelationKind::Managed,
            columns,
            format: Some("DELTA".to_owned()),
            location: Some(folder),
            ..relation
        };
        self.publish(&relation, or_replace)?;
        table.keep();
        Ok(count)
    }

    /// An insert into a table whose own provider takes rows.
    pub(super) async fn plan_other_insert(
        &self,
        insert: InsertPlan,
        target: &InsertTarget,
    ) -> Result<LogicalPlan, Diagnostic> {
        let relation = &insert.relation;
        if !relation.new.partitions.fields().is_empty() {
            return Err(Diagnostic::unsupported(format!(
                "INSERT … PARTITION into table \"{}\" is not supported",
                relation.new.name
            )));
        }
        let provider = self.provider_of(relation).await?;
        let operation = if target.overwrite { InsertOp::Overwrite } else { InsertOp::Append };
        let plan = LogicalPlanBuilder::insert_into(
            insert.plan,
            relation.new.name.as_str(),
            provider_as_source(provider),
            operation,
        );
        plan.and_then(LogicalPlanBuilder::build).map_err(|error| self.report(&error))
    }

    /// What gives and takes a table's rows.
    pub(in crate::statement) async fn provider_of(
        &self,
        relation: &Relation,
    ) -> Result<Arc<dyn TableProvider>, Diagnostic> {
        if relation.new.kind == RelationKind::Managed && relation.new.storage.is_none() {
            let folder = relation.new.location.clone().unwrap_or_default();
            let stored = ManagedTable::new(folder).provider().await?;
            return Ok(DeclaredTable::wrap(stored, &relation.new.columns, None));
        }
        let catalog = self.state.catalog_list().catalog(crate::plan::search_path::DATABASE);
        let schema = catalog.and_then(|catalog| catalog.schema(&relation.new.schema));
        let found = match schema {
            Some(schema) => schema.table(&relation.new.name).await.map_err(|error| self.report(&error))?,
            None => None,
        };
        found.ok_or_else(|| {
            let message = format!("table \"{}\" does not exist", relation.new.name);
            Diagnostic::new(sqlstate::UNDEFINED_TABLE, message)
        })
    }
}
