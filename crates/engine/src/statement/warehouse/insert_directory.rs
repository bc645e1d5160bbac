//! INSERT OVERWRITE [LOCAL] DIRECTORY in Hive's formats.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use mead_catalog::{NewRelation, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::InsertDirectory;
use mead_storage::hive::{Leftovers, PartitionFolders, TableFormat, TableWriter, hive_field, hive_type_name};
use mead_storage::{Error, replace_folder, sync_folder, temporary_beside};

use super::super::Runner;
use super::insert::converted;
use crate::session::Execution;

/// Rows on their way to a folder.
pub(super) struct DirectoryInsert {
    pub plan: LogicalPlan,
    columns: SchemaRef,
    path: PathBuf,
    format: TableFormat,
}

/// Rows that are on disk beside the folder that they are for.
pub(super) struct WrittenDirectory {
    rows: u64,
    path: PathBuf,
    staging: PathBuf,
    leftovers: Leftovers,
}

impl Runner {
    pub(in crate::statement) async fn insert_hive_directory(
        &self,
        insert: &InsertDirectory,
    ) -> Result<Execution, Diagnostic> {
        let mut insert = self.plan_directory(insert).await?;
        insert.plan = self.bind(insert.plan)?;
        let plan = self.state.create_physical_plan(&insert.plan).await.map_err(|error| self.report(&error))?;
        let rows = self.write_directory(insert, plan).await?.publish()?;
        Ok(Execution::done(format!("INSERT 0 {rows}")))
    }

    pub(super) async fn plan_directory(&self, insert: &InsertDirectory) -> Result<DirectoryInsert, Diagnostic> {
        let path = self.resolve_folder(&insert.path)?;
        let storage = self.hive_storage(insert.row_format.as_ref(), insert.file_format.as_ref())?;
        let plan = self.analyzed(self.plan_query(&insert.query).await?)?;
        let mut fields: Vec<Field> = Vec::new();
        for (place, field) in plan.schema().fields().iter().enumerate() {
            let name = mead_parser::column_name(field.name()).to_lowercase();
            let is_taken = fields.iter().any(|other| *other.name() == name);
            let name = if is_taken { format!("_c{place}") } else { name };
            fields.push(hive_field(&name, &hive_type_name(field))?);
        }
        let schema = Arc::clone(plan.schema());
        let values = schema.columns().into_iter().zip(&fields);
        let values: Vec<Expr> =
            values.map(|(column, field)| converted(Expr::Column(column), field).alias(field.name())).collect();
        let plan = LogicalPlanBuilder::from(plan).project(values).and_then(LogicalPlanBuilder::build);
        let columns: SchemaRef = Arc::new(Schema::new(fields));
        let relation = NewRelation {
            schema: String::new(),
            name: insert.path.clone(),
            kind: RelationKind::External,
            owner: String::new(),
            columns: Arc::clone(&columns),
            partitions: Arc::new(Schema::empty()),
            format: None,
            location: None,
            options: std::collections::BTreeMap::new(),
            columns_declared: true,
            definition: None,
            comment: None,
            properties: insert.options.clone(),
            storage: Some(storage),
        };
        let format = Relation { oid: 0, created_at: 0, new: relation }.table_format()?;
        format.validate(&columns)?;
        Ok(DirectoryInsert { plan: plan.map_err(|error| self.report(&error))?, columns, path, format })
    }

    pub(super) async fn write_directory(
        &self,
        insert: DirectoryInsert,
        plan: Arc<dyn ExecutionPlan>,
    ) -> Result<WrittenDirectory, Diagnostic> {
        let staging = temporary_beside(&insert.path);
        let mut leftovers = Leftovers::default();
        leftovers.folder(staging.clone());
        let mut folder = Folder { path: staging.clone(), format: insert.format };
        let mut writer = TableWriter::new(insert.columns, Arc::new(Schema::empty()), Vec::new());
        let mut rows = 0;
        let mut stream = execute_stream(plan, self.state.task_ctx()).map_err(|error| self.report(&error))?;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| self.report(&error))?;
            rows += batch.num_rows() as u64;
            writer.write(&batch, &mut folder).map_err(|error| self.write_error(error))?;
        }
        let (_, mut files) = writer.finish().map_err(|error| self.write_error(error))?;
        // They lie in the staging folder, which goes if the statement fails.
        files.keep();
        Ok(WrittenDirectory { rows, path: insert.path, staging, leftovers })
    }

    /// A folder that may be overwritten.
    pub(in crate::statement) fn resolve_folder(&self, location: &str) -> Result<PathBuf, Diagnostic> {
        let path = self.resolve_path(location)?;
        if path.is_file() {
            let message = format!("\"{}\" is a file, not a folder", path.display());
            return Err(Diagnostic::new(sqlstate::WRONG_OBJECT_TYPE, message));
        }
        Ok(path)
    }
}

impl WrittenDirectory {
    /// Puts the rows in the place of what was in the folder. Gives their number.
    pub(super) fn publish(mut self) -> Result<u64, Diagnostic> {
        let parent = self.path.parent().unwrap_or(&self.path).to_owned();
        let io = |path: &PathBuf| {
            let path = path.clone();
            move |source| Error::Io { path, source }
        };
        std::fs::create_dir_all(&self.staging).map_err(io(&self.staging))?;
        sync_folder(&self.staging)?;
        replace_folder(&self.staging, &self.path)?;
        sync_folder(&parent)?;
        // What was there before is in the staging folder now.
        drop(std::mem::take(&mut self.leftovers));
        Ok(self.rows)
    }
}

/// The one place of all files.
struct Folder {
    path: PathBuf,
    format: TableFormat,
}

impl PartitionFolders for Folder {
    fn folder(&mut self, _: &str, _: &[Option<String>]) -> Result<(PathBuf, TableFormat), Error> {
        Ok((self.path.clone(), self.format.clone()))
    }
}
