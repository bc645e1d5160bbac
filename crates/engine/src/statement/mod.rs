//! The statements, one file each; here the branching between them.

pub(crate) mod change;
mod copy;
mod create_model;
mod create_table;
mod create_view;
mod cursor;
mod database;
mod describe;
mod drop;
mod explain;
mod held_rows;
mod insert;
mod insert_directory;
mod insert_literals;
mod materialized_view;
mod model;
mod names;
mod parameters;
mod prepare;
mod query;
mod read_files;
mod role;
pub(crate) mod routine;
pub(crate) mod runner;
mod session_command;
mod set;
mod show;
mod summarize;
mod transaction;
mod warehouse;

use std::sync::Arc;

use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::ast;
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{Describe, Show, Statement};

pub(crate) use cursor::Cursor;
pub(crate) use runner::Runner;

use crate::plan::routine::Definition;
use crate::session::settings::Settings;
use crate::session::{Execution, Prepared, Session};
use explain::ExplainOptions;

impl Session {
    /// Runs one statement: what only concerns the session here, all else on the engine's threads.
    pub(crate) async fn dispatch(
        &mut self,
        prepared: &Arc<Prepared>,
        statement: &Statement,
        parameters: Vec<ScalarValue>,
    ) -> Result<Execution, Diagnostic> {
        if let Some(what) = statement.writes_database()
            && self.settings.read(Settings::is_read_only)
        {
            return Err(Diagnostic::new(
                sqlstate::READ_ONLY_SQL_TRANSACTION,
                format!("cannot execute {what} in a read-only transaction"),
            ));
        }
        match statement {
            Statement::Begin(modes) => self.begin(modes),
            Statement::Commit { chain } => self.commit(*chain).await,
            Statement::Release(name) => self.release_savepoint(name),
            Statement::Rollback { chain } => self.rollback(*chain),
            Statement::RollbackTo(name) => self.rollback_to_savepoint(name),
            Statement::Savepoint(name) => self.savepoint(name),
            Statement::SessionCommand(command) => self.session_command(command, prepared.source.dialect),
            Statement::Set(set) => self.set(set),
            Statement::SetTransaction(set) => self.set_transaction(set),
            Statement::Reset(name) => self.reset(name.as_deref()),
            Statement::Use(name) => self.use_schema(name),
            Statement::CreateRoutine(routine) if routine.temporary => {
                let runner = self.runner(&prepared.source, Vec::new())?;
                let definition = Definition { text: runner.source.text.clone(), dialect: runner.source.dialect };
                let checked = Arc::clone(statement_of(prepared)?);
                self.run_on_engine(runner, |runner| async move {
                    if let Statement::CreateRoutine(routine) = checked.as_ref() {
                        runner.check_routine(routine).await?;
                    }
                    Ok(Execution::done("CREATE FUNCTION"))
                })
                .await?;
                self.create_temporary_routine(routine, &definition)
            }
            Statement::DropRoutine(drop) if drop.temporary => self.drop_temporary_routine(drop),
            Statement::Discard(what) => self.discard(what),
            Statement::Unlisten => Ok(Execution::done("UNLISTEN")),
            Statement::Show(Show::Variable(_) | Show::All) => self.show_setting(statement),
            Statement::Prepare { name, types, statement } => self.prepare_named(prepared, name, types, statement).await,
            Statement::Execute { name, parameters: values } => {
                Box::pin(self.execute_named(prepared, name, values)).await
            }
            Statement::Deallocate(name) => self.deallocate(name.as_deref()),
            Statement::Declare { name, hold, query } => {
                self.settings.write(Settings::has_queried);
                self.declare(prepared, name, *hold, query, parameters).await
            }
            Statement::Fetch { cursor, count } => self.fetch(cursor, *count),
            Statement::Move { cursor, count } => self.move_on(cursor, *count).await,
            Statement::Close(name) => self.close_cursor(name.as_deref()),
            _ => {
                self.settings.write(Settings::has_queried);
                let mut runner = self.runner(&prepared.source, parameters)?;
                runner.parameter_types.clone_from(&prepared.parameter_types);
                let writes = statement.writes();
                let statement = statement.clone();
                let execution =
                    self.run_on_engine(runner, |runner| async move { runner.execute(&statement).await }).await?;
                if let Some(what) = writes {
                    self.transaction.wrote(what);
                }
                Ok(execution)
            }
        }
    }

    /// The types of a statement's parameters, and its columns if it returns rows.
    pub(crate) async fn describe(
        &mut self,
        runner: &Runner,
        declared: &[Option<FieldRef>],
    ) -> Result<(Vec<FieldRef>, Option<SchemaRef>), Diagnostic> {
        let Some(statement) = runner.source.statement.clone() else {
            return Ok((Vec::new(), None));
        };
        match statement.as_ref() {
            Statement::Execute { name, .. } => {
                let prepared = Arc::clone(&self.kept_statement(name)?.prepared);
                Ok((Vec::new(), prepared.schema.clone()))
            }
            Statement::Fetch { cursor, .. } => Ok((Vec::new(), Some(self.cursor_schema(cursor)?))),
            _ => {
                let runner = runner.clone();
                let declared = declared.to_vec();
                let context = Arc::clone(&runner.context);
                let handle = self.engine.runtime();
                let work = async move { runner.describe(&statement, &declared).await };
                context.run(crate::execution::AbortOnDrop::new(handle.spawn(work))).await
            }
        }
    }
}

fn statement_of(prepared: &Prepared) -> Result<&Arc<Statement>, Diagnostic> {
    prepared.source.statement.as_ref().ok_or_else(|| Diagnostic::internal("an empty statement has no parts"))
}

impl Runner {
    async fn execute(&self, statement: &Statement) -> Result<Execution, Diagnostic> {
        match statement {
            Statement::AlterModel(alter) => self.alter_model(alter),
            Statement::AlterRole(role) => self.alter_role(role),
            Statement::AlterRoleSetting(setting) => self.alter_role_setting(setting),
            Statement::Change(change) => self.change(change).await,
            Statement::Copy(copy) => self.copy(copy).await,
            Statement::CreateDatabase { name, if_not_exists } => self.create_database(name, *if_not_exists),
            Statement::CreateMaterializedView(create) => self.create_materialized_view(create).await,
            Statement::CreateModel(create) => self.create_model(create).await,
            Statement::CreateRole(role) => self.create_role(role),
            Statement::CreateRoutine(routine) => self.create_routine(routine).await,
            Statement::CreateTable(create) => self.create_table(create).await,
            Statement::CreateView(create) => self.create_view(create).await,
            Statement::Describe(describe) => self.describe_object(describe).await,
            Statement::Drop(drop) => self.drop(drop),
            Statement::DropRoutine(drop) => self.drop_routine(drop),
            Statement::Explain { analyze, verbose, statement } => {
                let options = ExplainOptions { analyze: *analyze, verbose: *verbose };
                let plan = self.bind(self.plan_explained(statement, options).await?)?;
                self.explain(&plan, options).await
            }
            Statement::ExportModel(export) => self.export_model(export),
            Statement::Insert(insert) => self.insert(insert).await,
            Statement::InsertDirectory(insert) => self.insert_directory(insert).await,
            Statement::MultiInsert(inserts) => self.multi_insert(inserts).await,
            Statement::Query(query) => self.query(query).await,
            Statement::RefreshMaterializedView(refresh) => self.refresh_materialized_view(refresh).await,
            Statement::Show(show) => self.show(show),
            Statement::Summarize(query) => self.summarize(query).await,
            Statement::Warehouse(statement) => self.warehouse(statement).await,
            _ => Err(Diagnostic::internal("a statement of the session reached the engine")),
        }
    }

    async fn describe(
        &self,
        statement: &Statement,
        declared: &[Option<FieldRef>],
    ) -> Result<(Vec<FieldRef>, Option<SchemaRef>), Diagnostic> {
        let of_query = async |query: &ast::Query, rows: bool| {
            let plan = self.plan_query_open(query).await?;
            let types = parameters::types(&plan, declared).map_err(|error| self.report(&error))?;
            let plan = parameters::typed(plan, &types).map_err(|error| self.report(&error))?;
            let plan = self.with_settled_types(plan);
            Ok((types, rows.then(|| query::shown(plan.schema().inner(), self.source.dialect))))
        };
        match statement {
            Statement::Query(query) => of_query(query, true).await,
            Statement::Declare { query, .. } => of_query(query, false).await,
            Statement::Copy(copy) => of_query(&copy.query, false).await,
            Statement::InsertDirectory(insert) => of_query(&insert.query, false).await,
            Statement::CreateMaterializedView(create) => of_query(&create.query, false).await,
            Statement::CreateModel(create) => match &create.source {
                mead_parser::ModelSource::Query(query) => of_query(query, false).await,
                mead_parser::ModelSource::File(_) => Ok((Vec::new(), None)),
            },
            Statement::CreateTable(create) => match &create.query {
                Some(query) => of_query(query, false).await,
                None => Ok((Vec::new(), None)),
            },
            Statement::Warehouse(statement) => self.describe_warehouse(statement, declared).await,
            Statement::Change(change) => match self.plan_change_open(change).await? {
                Some(plan) => Ok((parameters::types(&plan, declared).map_err(|error| self.report(&error))?, None)),
                None => Ok((Vec::new(), None)),
            },
            Statement::Insert(insert) => {
                let plan = self.plan_insert(insert).await?;
                Ok((parameters::types(&plan, declared).map_err(|error| self.report(&error))?, None))
            }
            Statement::Explain { statement, analyze, verbose } => {
                let options = ExplainOptions { analyze: *analyze, verbose: *verbose };
                let plan = self.plan_explained(statement, options).await?;
                let types = parameters::types(&plan, declared).map_err(|error| self.report(&error))?;
                Ok((types, Some(explain::explain_schema())))
            }
            Statement::SessionCommand(command) => {
                Ok((Vec::new(), session_command::schema(command, self.source.dialect)))
            }
            Statement::Show(show) => Ok((Vec::new(), Some(show::schema(show)))),
            Statement::Summarize(query) => {
                let (types, _) = of_query(query, false).await?;
                Ok((types, Some(summarize::schema())))
            }
            Statement::Describe(Describe::Query(_) | Describe::Table(_)) => {
                Ok((Vec::new(), Some(describe::table_schema())))
            }
            Statement::Describe(Describe::History(_)) => Ok((Vec::new(), Some(change::history_schema()))),
            Statement::Describe(Describe::Model { .. }) => Ok((Vec::new(), Some(describe::model_schema()))),
            _ => Ok((Vec::new(), None)),
        }
    }

    /// The plan that EXPLAIN shows: of a statement that makes something from a query, the query's.
    async fn plan_explained(
        &self,
        statement: &Statement,
        options: ExplainOptions,
    ) -> Result<datafusion::logical_expr::LogicalPlan, Diagnostic> {
        let query = match statement {
            Statement::Query(query) => query,
            Statement::CreateMaterializedView(create) if !options.analyze => &create.query,
            Statement::CreateModel(create) if !options.analyze => match &create.source {
                mead_parser::ModelSource::Query(query) => query,
                mead_parser::ModelSource::File(_) => {
                    return Err(Diagnostic::unsupported("a model from a file has no plan"));
                }
            },
            Statement::CreateTable(create) if !options.analyze && create.query.is_some() => match &create.query {
                Some(query) => query,
                None => return Err(Diagnostic::internal("checked by the guard")),
            },
            Statement::Copy(copy) if !options.analyze => &copy.query,
            Statement::InsertDirectory(insert) if !options.analyze => &insert.query,
            Statement::Change(change) if !options.analyze => {
                return self
                    .plan_change_open(change)
                    .await?
                    .ok_or_else(|| Diagnostic::new(sqlstate::SYNTAX_ERROR, "this statement has no plan to explain"));
            }
            Statement::Insert(insert) if !options.analyze => return self.plan_insert(insert).await,
            Statement::Warehouse(statement) if !options.analyze => {
                let missing = || Diagnostic::new(sqlstate::SYNTAX_ERROR, "this statement has no plan to explain");
                return self.plan_warehouse(statement).await?.ok_or_else(missing);
            }
            _ if options.analyze => {
                return Err(Diagnostic::unsupported("EXPLAIN ANALYZE is for queries alone")
                    .with_hint("EXPLAIN without ANALYZE shows the plan of a statement that changes something"));
            }
            _ => {
                return Err(Diagnostic::new(sqlstate::SYNTAX_ERROR, "this statement has no plan to explain"));
            }
        };
        self.plan_query_open(query).await
    }
}
