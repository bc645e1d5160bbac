//! INSERT INTO, and INSERT OVERWRITE of a managed table.

use datafusion::arrow::array::{AsArray, UInt64Array};
use datafusion::arrow::datatypes::UInt64Type;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{self, TableObject};
use futures::StreamExt;
use mead_catalog::RelationKind;
use mead_common::{Diagnostic, sqlstate};

use super::Runner;
use crate::session::Execution;

impl Runner {
    pub(crate) async fn insert(&self, insert: &ast::Insert) -> Result<Execution, Diagnostic> {
        let plan = self.bind(self.plan_insert(insert).await?)?;
        let rows = self.count(&plan).await?;
        Ok(Execution::done(format!("INSERT 0 {rows}")))
    }

    pub(crate) async fn plan_insert(&self, insert: &ast::Insert) -> Result<LogicalPlan, Diagnostic> {
        if insert.returning.is_some() {
            return Err(Diagnostic::unsupported("INSERT … RETURNING is not supported"));
        }
        if insert.on.is_some() {
            return Err(Diagnostic::unsupported("INSERT … ON CONFLICT is not supported"));
        }
        if insert.partitioned.is_some() || !insert.after_columns.is_empty() {
            return Err(Diagnostic::unsupported("INSERT … PARTITION is not supported"));
        }
        let TableObject::TableName(table) = &insert.table else {
            return Err(Diagnostic::unsupported("INSERT INTO FUNCTION is not supported"));
        };
        let name = self.qualify(table)?;
        if let Some(relation) = self.engine.catalog.relation(&name.schema, &name.name)? {
            match relation.new.kind {
                RelationKind::View => {
                    return Err(Diagnostic::new(
                        sqlstate::WRONG_OBJECT_TYPE,
                        format!("cannot insert into view \"{}\"", name.name),
                    ));
                }
                RelationKind::External if !relation.new.location.as_ref().is_some_and(|path| path.is_dir()) => {
                    return Err(Diagnostic::new(
                        sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                        format!("external table \"{}\" is one file", name.name),
                    )
                    .with_hint("rows can be added to external tables whose LOCATION is a folder"));
                }
                _ => {}
            }
        }
        self.plan_ast(ast::Statement::Insert(insert.clone())).await
    }

    /// Runs a plan whose one row is the number of rows it wrote.
    pub(super) async fn count(&self, plan: &LogicalPlan) -> Result<u64, Diagnostic> {
        let mut stream = self.open(plan).await?;
        let mut rows = 0;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| self.report(&error))?;
            if let Some(counts) = batch.columns().first().and_then(|column| column.as_primitive_opt::<UInt64Type>()) {
                let counts: &UInt64Array = counts;
                rows += counts.iter().flatten().sum::<u64>();
            }
        }
        Ok(rows)
    }
}
