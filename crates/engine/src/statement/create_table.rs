//! CREATE [EXTERNAL] TABLE, and CREATE TABLE … AS.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, cast};
use datafusion::sql::sqlparser::ast::{ColumnDef, ColumnOption};
use mead_catalog::{NewRelation, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{CreateTable, PartitionColumn, identifier_text};
use mead_storage::{DeclaredTable, ExternalFormat, ExternalTable, ManagedTable, inferred, mark_text, text_type};

use super::Runner;
use super::names::QualifiedName;
use crate::session::Execution;

impl Runner {
    pub(crate) async fn create_table(&self, create: &CreateTable) -> Result<Execution, Diagnostic> {
        if create.temporary {
            return Err(Diagnostic::unsupported("temporary tables are not supported"));
        }
        if !create.constraints.is_empty() {
            return Err(
                Diagnostic::unsupported("table constraints are not supported").with_hint("columns can be NOT NULL")
            );
        }
        let name = self.qualify(&create.name)?;
        let existing = self.engine.catalog.relation(&name.schema, &name.name)?;
        if existing.is_some() && !create.or_replace {
            if create.if_not_exists {
                self.notice(format!("relation \"{}\" already exists, skipping", name.name));
                return Ok(Execution::done("CREATE TABLE"));
            }
            return Err(mead_catalog::Error::DuplicateRelation(name.name).into());
        }
        if create.external || create.location.is_some() {
            self.create_external(create, &name).await
        } else {
            self.create_managed(create, &name).await
        }
    }

    async fn create_external(&self, create: &CreateTable, name: &QualifiedName) -> Result<Execution, Diagnostic> {
        if create.query.is_some() {
            return Err(Diagnostic::unsupported("CREATE EXTERNAL TABLE … AS is not supported")
                .with_hint("write the files with COPY (query) TO, or keep the rows with CREATE TABLE … AS"));
        }
        let missing = |what: &str| Diagnostic::new(sqlstate::SYNTAX_ERROR, format!("an external table needs {what}"));
        let location = create.location.as_deref().ok_or_else(|| missing("a LOCATION"))?;
        let stored_as = create.stored_as.as_deref().ok_or_else(|| missing("STORED AS PARQUET, CSV or JSON"))?;
        let columns = self.columns(&create.columns)?;
        let (columns, partitions) = self.partitions(columns, &create.partitioned_by)?;
        let table = ExternalTable {
            format: ExternalFormat::parse(stored_as)?,
            path: self.resolve_path(location)?,
            partition_columns: partitions
                .fields()
                .iter()
                .map(|f| (f.name().clone(), text_type(f.data_type())))
                .collect(),
            options: create.options.clone(),
            columns_declared: !create.columns.is_empty(),
        };
        table.validate()?;
        table.make_folder()?;
        let columns = match table.columns_declared {
            true if table.format == ExternalFormat::Parquet && has_uuid(&columns) => {
                // Without files yet, those that INSERT makes will have sixteen bytes.
                let files = table.infer_schema(&self.state).await;
                files.map_or_else(|_| Arc::clone(&columns), |files| mark_text(&columns, &files))
            }
            true => columns,
            false => inferred(table.infer_schema(&self.state).await?.as_ref()),
        };
        let relation = NewRelation {
            kind: RelationKind::External,
            columns,
            partitions,
            format: Some(table.format.name().to_owned()),
            location: Some(table.path),
            options: create.options.clone(),
            columns_declared: table.columns_declared,
            ..self.relation(name, create)
        };
        self.publish(&relation, create.or_replace)?;
        Ok(Execution::done("CREATE TABLE"))
    }

    async fn create_managed(&self, create: &CreateTable, name: &QualifiedName) -> Result<Execution, Diagnostic> {
        if let Some(format) = create.stored_as.as_deref().filter(|format| *format != "delta") {
            return Err(Diagnostic::unsupported(format!("managed tables cannot be stored as {format}"))
                .with_hint("leave STORED AS out (managed tables are Delta tables), or create an external table"));
        }
        if !create.partitioned_by.is_empty() {
            return Err(Diagnostic::unsupported("managed tables cannot be partitioned yet"));
        }
        if let Some(option) = create.options.keys().next() {
            return Err(Diagnostic::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("unrecognized option \"{option}\" for managed tables"),
            ));
        }
        if !self.engine.catalog.schema_exists(&name.schema)? {
            return Err(mead_catalog::Error::UndefinedSchema(name.schema.clone()).into());
        }
        let plan = match &create.query {
            Some(query) => Some(self.plan_query(query).await?),
            None => None,
        };
        let declared = match &plan {
            Some(plan) => self.query_columns(plan, create)?,
            None => self.columns(&create.columns)?,
        };
        let columns = ManagedTable::declared_schema(&declared)?;
        // A folder that no entry names is removed when the server starts: a killed CREATE leaves nothing either.
        let folder = self.new_folder(name);
        let table = NewTable::new(ManagedTable::new(&folder));
        table.managed.create(&columns).await?;
        let rows = match plan {
            Some(plan) => self.fill(&table.managed, &columns, plan).await?,
            None => 0,
        };
        let relation = NewRelation {
            kind: RelationKind::Managed,
            columns,
            format: Some("DELTA".to_owned()),
            location: Some(folder),
            ..self.relation(name, create)
        };
        self.publish(&relation, create.or_replace)?;
        table.keep();
        match create.query {
            Some(_) => Ok(Execution::done(format!("SELECT {rows}"))),
            None => Ok(Execution::done("CREATE TABLE")),
        }
    }

    pub(super) fn new_folder(&self, name: &QualifiedName) -> PathBuf {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let readable: String = name.name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(32).collect();
        self.engine.catalog.folder().join("tables").join(format!("{readable}-{unique}"))
    }

    fn relation(&self, name: &QualifiedName, create: &CreateTable) -> NewRelation {
        NewRelation {
            schema: name.schema.clone(),
            name: name.name.clone(),
            kind: RelationKind::Managed,
            owner: self.user.name.clone(),
            columns: Arc::new(Schema::empty()),
            partitions: Arc::new(Schema::empty()),
            format: None,
            location: None,
            options: BTreeMap::new(),
            columns_declared: !create.columns.is_empty(),
            definition: None,
            comment: create.comment.clone(),
            properties: BTreeMap::new(),
            storage: None,
        }
    }

    /// Makes the entry; what it replaces loses its data if that was ours.
    pub(super) fn publish(&self, relation: &NewRelation, replace: bool) -> Result<(), Diagnostic> {
        if let Some(old) = self.engine.catalog.create_relation(relation, replace)? {
            self.remove_data(&old);
        }
        Ok(())
    }

    /// Removes a managed table's folder, whose entry is gone.
    pub(super) fn remove_data(&self, old: &Relation) {
        remove_data(old);
    }

    /// The types of declared columns.
    fn columns(&self, columns: &[ColumnDef]) -> Result<SchemaRef, Diagnostic> {
        let mut fields: Vec<Field> = Vec::new();
        for column in columns {
            let name = identifier_text(&column.name);
            if fields.iter().any(|field| *field.name() == name) {
                return Err(Diagnostic::new(
                    sqlstate::DUPLICATE_COLUMN,
                    format!("column \"{name}\" specified more than once"),
                ));
            }
            let mut nullable = true;
            for option in &column.options {
                match &option.option {
                    ColumnOption::NotNull => nullable = false,
                    ColumnOption::Null | ColumnOption::Comment(_) => {}
                    other => {
                        return Err(Diagnostic::unsupported(format!("column option {other} is not supported")));
                    }
                }
            }
            let field = self.sql_type(&column.data_type)?;
            fields.push(Field::clone(&field).with_name(name).with_nullable(nullable));
        }
        Ok(Arc::new(Schema::new(fields)))
    }

    /// The Arrow type of a type of SQL, and what its metadata says more.
    pub(super) fn sql_type(
        &self,
        data_type: &datafusion::sql::sqlparser::ast::DataType,
    ) -> Result<FieldRef, Diagnostic> {
        let expression = datafusion::sql::sqlparser::ast::Expr::Cast {
            kind: datafusion::sql::sqlparser::ast::CastKind::Cast,
            expr: Box::new(datafusion::sql::sqlparser::ast::Expr::Value(
                datafusion::sql::sqlparser::ast::Value::Null.with_empty_span(),
            )),
            data_type: data_type.clone(),
            array: false,
            format: None,
        };
        let schema = datafusion::common::DFSchema::empty();
        let expression = self
            .state
            .create_logical_expr_from_sql_expr(
                datafusion::sql::sqlparser::ast::ExprWithAlias { expr: expression, alias: None },
                &schema,
            )
            .map_err(|error| self.report(&error))?;
        use datafusion::logical_expr::ExprSchemable;
        expression.to_field(&schema).map(|(_, field)| field).map_err(|error| self.report(&error))
    }

    /// The files' columns and the partitions'. A partition column is declared in PARTITIONED BY, as in Hive, or named there.
    fn partitions(
        &self,
        columns: SchemaRef,
        partitioned_by: &[PartitionColumn],
    ) -> Result<(SchemaRef, SchemaRef), Diagnostic> {
        let mut rest: Vec<_> = columns.fields().iter().cloned().collect();
        let mut partitions = Vec::new();
        for column in partitioned_by {
            match column {
                PartitionColumn::Declared(column) => {
                    let declared = self.columns(std::slice::from_ref(column))?;
                    let field = Arc::clone(&declared.fields()[0]);
                    if rest.iter().any(|other| other.name() == field.name()) {
                        return Err(Diagnostic::new(
                            sqlstate::DUPLICATE_COLUMN,
                            format!("column \"{}\" specified more than once", field.name()),
                        ));
                    }
                    partitions.push(field);
                }
                PartitionColumn::Named(name) => match rest.iter().position(|field| field.name() == name) {
                    Some(index) => partitions.push(rest.remove(index)),
                    None if columns.fields().is_empty() => {
                        partitions.push(Arc::new(Field::new(name, DataType::Utf8, true)));
                    }
                    None => {
                        return Err(Diagnostic::new(
                            sqlstate::UNDEFINED_COLUMN,
                            format!("column \"{name}\" does not exist"),
                        ));
                    }
                },
            }
        }
        Ok((Arc::new(Schema::new(rest)), Arc::new(Schema::new(partitions))))
    }

    /// The columns of CREATE TABLE … AS: the query's, under the names given, if any were.
    fn query_columns(&self, plan: &LogicalPlan, create: &CreateTable) -> Result<SchemaRef, Diagnostic> {
        let names: Vec<String> = create.columns.iter().map(|column| identifier_text(&column.name)).collect();
        let fields = plan.schema().fields();
        if !names.is_empty() && names.len() != fields.len() {
            return Err(Diagnostic::new(
                sqlstate::SYNTAX_ERROR,
                format!("{} column names given, the query has {} columns", names.len(), fields.len()),
            ));
        }
        let mut columns: Vec<Field> = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            let name = names.get(index).unwrap_or(field.name());
            if columns.iter().any(|column| column.name() == name) {
                return Err(Diagnostic::new(
                    sqlstate::DUPLICATE_COLUMN,
                    format!("column \"{name}\" specified more than once"),
                ));
            }
            columns.push(field.as_ref().clone().with_name(name).with_nullable(true));
        }
        Ok(Arc::new(Schema::new(columns)))
    }

    /// Inserts a query's rows into a table that nobody sees yet; gives their number.
    pub(super) async fn fill(
        &self,
        table: &ManagedTable,
        columns: &SchemaRef,
        plan: LogicalPlan,
    ) -> Result<u64, Diagnostic> {
        let report = |error| self.report(&error);
        let provider = DeclaredTable::wrap(table.provider().await?, columns, None);
        let casts = plan.schema().columns().into_iter().zip(columns.fields()).map(|(column, field)| {
            cast(datafusion::logical_expr::Expr::Column(column), field.data_type().clone()).alias(field.name())
        });
        let input = LogicalPlanBuilder::from(plan.clone()).project(casts.collect::<Vec<_>>()).map_err(report)?;
        let input = input.build().map_err(report)?;
        let target = provider_as_source(provider);
        let plan = LogicalPlanBuilder::insert_into(input, "new_table", target, InsertOp::Append)
            .and_then(LogicalPlanBuilder::build)
            .map_err(report)?;
        self.count(&plan).await
    }
}

/// See [`Runner::remove_data`].
pub(super) fn remove_data(old: &Relation) {
    if let (RelationKind::Managed, Some(folder)) = (old.new.kind, &old.new.location)
        && let Err(error) = ManagedTable::new(folder).remove()
    {
        // What could not be removed is removed when the server starts again.
        tracing::warn!(%error, "a dropped table's folder stays until the next start");
    }
}

/// A table that no entry names yet: its folder goes with it, whether the statement fails or is cancelled, unless it is kept.
pub(super) struct NewTable {
    pub managed: ManagedTable,
    kept: bool,
}

impl NewTable {
    pub fn new(managed: ManagedTable) -> Self {
        Self { managed, kept: false }
    }

    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for NewTable {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = self.managed.remove()
        {
            // What could not be removed is removed when the server starts again.
            tracing::warn!(%error, "the folder of a table that was not made stays until the next start");
        }
    }
}

fn has_uuid(columns: &Schema) -> bool {
    columns.fields().iter().any(|field| *field.data_type() == mead_functions::types::UUID)
}
