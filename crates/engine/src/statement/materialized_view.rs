//! Materialized views: the rows of a query, kept in a managed table until they are refreshed.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, cast};
use mead_catalog::{NewRelation, Relation, RelationKind, VIEW_DIALECT, VIEW_SEARCH_PATH};
use mead_common::{Diagnostic, Dialect, sqlstate};
use mead_parser::{CreateMaterializedView, RefreshMaterializedView, Statement};
use mead_storage::{DeclaredTable, ManagedTable};

use super::Runner;
use super::create_table::NewTable;
use crate::session::Execution;

impl Runner {
    pub(crate) async fn create_materialized_view(
        &self,
        create: &CreateMaterializedView,
    ) -> Result<Execution, Diagnostic> {
        let name = self.qualify(&create.name)?;
        if create.if_not_exists && self.engine.catalog.relation(&name.schema, &name.name)?.is_some() {
            self.notice(format!("relation \"{}\" already exists, skipping", name.name));
            return Ok(Execution::done("CREATE MATERIALIZED VIEW"));
        }
        if !self.parameters.is_empty() {
            return Err(Diagnostic::new(sqlstate::UNDEFINED_PARAMETER, "a view cannot have parameters"));
        }
        let plan = self.plan_query(&create.query).await?;
        let fields = plan.schema().fields();
        if create.columns.len() > fields.len() {
            return Err(Diagnostic::new(
                sqlstate::SYNTAX_ERROR,
                "CREATE MATERIALIZED VIEW specifies more column names than columns",
            ));
        }
        let mut columns: Vec<Field> = Vec::with_capacity(fields.len());
        for (place, field) in fields.iter().enumerate() {
            let own = mead_parser::column_name(field.name());
            let column = create.columns.get(place).map_or(own, String::as_str);
            if columns.iter().any(|other| other.name() == column) {
                let message = format!("column \"{column}\" specified more than once");
                return Err(Diagnostic::new(sqlstate::DUPLICATE_COLUMN, message));
            }
            columns.push(field.as_ref().clone().with_name(column).with_nullable(true));
        }
        let columns = ManagedTable::declared_schema(&Schema::new(columns))?;
        let folder = self.new_folder(&name);
        let table = NewTable::new(ManagedTable::new(&folder));
        table.managed.create(&columns).await?;
        let rows = match create.with_data {
            true => self.fill(&table.managed, &columns, plan).await?,
            false => 0,
        };
        let dialect = self.source.dialect;
        let written = dialect.is_hive_like().then(|| mead_parser::query_of_view(&self.source.text, dialect)).flatten();
        let relation = NewRelation {
            schema: name.schema,
            name: name.name,
            kind: RelationKind::Managed,
            owner: self.user.name.clone(),
            columns,
            partitions: Arc::new(Schema::empty()),
            format: Some("DELTA".to_owned()),
            location: Some(folder),
            options: [
                (VIEW_SEARCH_PATH.to_owned(), self.settings.get("search_path").unwrap_or_default()),
                (VIEW_DIALECT.to_owned(), dialect.name().to_owned()),
            ]
            .into(),
            columns_declared: !create.columns.is_empty(),
            definition: Some(written.unwrap_or_else(|| create.query.to_string())),
            comment: create.comment.clone(),
            properties: create.properties.clone(),
            storage: None,
        };
        self.publish(&relation, false)?;
        table.keep();
        match create.with_data {
            true => Ok(Execution::done(format!("SELECT {rows}"))),
            false => Ok(Execution::done("CREATE MATERIALIZED VIEW")),
        }
    }

    pub(crate) async fn refresh_materialized_view(
        &self,
        refresh: &RefreshMaterializedView,
    ) -> Result<Execution, Diagnostic> {
        let name = self.find_relation(&refresh.name)?;
        let Some(relation) = self.engine.catalog.relation(&name.schema, &name.name)? else {
            return Err(crate::error::undefined_relation(&name.name));
        };
        if !relation.is_materialized() {
            let kind = "materialized view";
            return Err(mead_catalog::Error::WrongKind { kind, name: relation.new.name }.into());
        }
        let (folder, columns) = (relation.new.location.clone().unwrap_or_default(), &relation.new.columns);
        let report = |error| self.report(&error);
        let runner = self.of_definition(&relation)?;
        let dialect = runner.source.dialect;
        let parsed = mead_parser::parse(relation.new.definition.as_deref().unwrap_or_default(), dialect)?;
        let Some(Statement::Query(query)) = parsed.into_iter().next().map(|parsed| parsed.statement) else {
            return Err(Diagnostic::internal("a materialized view's definition is not a query"));
        };
        let plan = runner.plan_query_open(&query).await?;
        if plan.schema().fields().len() != columns.fields().len() {
            return Err(Diagnostic::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("the query of materialized view \"{}\" has other columns now", relation.new.name),
            )
            .with_hint("drop it, and create it again"));
        }
        let casts = plan
            .schema()
            .columns()
            .into_iter()
            .zip(columns.fields())
            .map(|(column, field)| cast(Expr::Column(column), field.data_type().clone()).alias(field.name()));
        let casts: Vec<Expr> = casts.collect();
        let input = LogicalPlanBuilder::from(plan).project(casts).and_then(LogicalPlanBuilder::build);
        let input = input.map_err(report)?;
        let provider = DeclaredTable::wrap(ManagedTable::new(folder).provider().await?, columns, None);
        let target = provider_as_source(provider);
        let plan = LogicalPlanBuilder::insert_into(input, relation.new.name.as_str(), target, InsertOp::Overwrite)
            .and_then(LogicalPlanBuilder::build)
            .map_err(report)?;
        runner.count(&plan).await?;
        Ok(Execution::done("REFRESH MATERIALIZED VIEW"))
    }

    /// What plans the query that a relation is kept with: names mean what they meant when it was made.
    fn of_definition(&self, relation: &Relation) -> Result<Runner, Diagnostic> {
        let options = &relation.new.options;
        let dialect = options.get(VIEW_DIALECT).and_then(|name| Dialect::parse(name)).unwrap_or_default();
        let path = options.get(VIEW_SEARCH_PATH).map_or("public", String::as_str);
        let mut runner = self.clone();
        let mut state = self.engine.view_state(Some(path), dialect)?;
        state.config_mut().set_extension(Arc::clone(&self.context));
        state.mark_start_execution();
        runner.state = state;
        runner.source.dialect = dialect;
        Ok(runner)
    }
}
