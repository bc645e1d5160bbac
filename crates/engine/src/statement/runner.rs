//! What a statement needs to run: the engine, the session's state as it was when the statement began, and its context.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Column, ScalarValue};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_plan::execute_stream;
use datafusion::sql::parser::Statement as DataFusionStatement;
use datafusion::sql::sqlparser::ast;
use mead_common::{Diagnostic, Notice};
use mead_functions::NamedArguments;

use crate::engine::Engine;
use crate::error::diagnostic_of;
use crate::execution::StatementContext;
use crate::optimizer::{HiveTypes, small_sums};
use crate::plan::hive::transform::{check_allowed, runs_program};
use crate::session::prepared::SourceStatement;
use crate::session::shared::SharedSettings;

/// One statement, on its way.
#[derive(Clone)]
pub(crate) struct Runner {
    pub engine: Arc<Engine>,
    pub state: SessionState,
    pub context: Arc<StatementContext>,
    pub source: SourceStatement,
    pub parameters: Vec<ScalarValue>,
    /// What they are known as; none where the statement has no parameters.
    pub parameter_types: Vec<FieldRef>,
    pub settings: SharedSettings,
    pub user: Arc<crate::session::User>,
}

impl Runner {
    /// Plans a query, with the parameters' values in it.
    pub(crate) async fn plan_query(&self, query: &ast::Query) -> Result<LogicalPlan, Diagnostic> {
        let plan = self.plan_query_open(query).await?;
        self.bind(plan)
    }

    /// Plans a query; parameters stay open.
    pub(crate) async fn plan_query_open(&self, query: &ast::Query) -> Result<LogicalPlan, Diagnostic> {
        let mut query = query.clone();
        if self.has_regex_columns() {
            let columns = |query: ast::Query| -> std::pin::Pin<Box<dyn Future<Output = _> + Send + '_>> {
                Box::pin(async move {
                    let plan = self.plan_ast(ast::Statement::Query(Box::new(query))).await?;
                    Ok(plan.schema().fields().iter().map(|field| field.name().clone()).collect())
                })
            };
            crate::plan::hive::regex_columns::expand(&mut query, None, &columns).await?;
        }
        let plan = self.plan_ast(ast::Statement::Query(Box::new(query))).await?;
        signed(plan).map_err(|error| self.report(&error))
    }

    /// In Hive's dialects rules of the analyzer settle types that depend on what is written, such as those of whole numbers:
    /// the plan as it will be when it runs. What cannot be settled is reported then.
    pub(crate) fn with_settled_types(&self, plan: LogicalPlan) -> LogicalPlan {
        if !self.source.dialect.is_hive_like() {
            return plan;
        }
        let settled = self.state.analyzer().execute_and_check(plan.clone(), self.state.config_options(), |_, _| {});
        settled.unwrap_or(plan)
    }

    /// `hive.support.quoted.identifiers = none`: names in backticks are regular expressions.
    fn has_regex_columns(&self) -> bool {
        let key = "hiveconf:hive.support.quoted.identifiers";
        let set = self.settings.read(|settings| settings.get_variable(key).is_some_and(|value| value == "none"));
        self.source.dialect.is_hive_like() && set
    }

    /// Plans a statement that DataFusion knows; parameters stay open.
    pub(crate) async fn plan_ast(&self, mut statement: ast::Statement) -> Result<LogicalPlan, Diagnostic> {
        self.expand_routines(&mut statement)?;
        if runs_program(&statement) {
            check_allowed(self.settings.get("allow_transform").as_deref() == Some("on"), self.user.superuser)?;
        }
        complete_calls(&self.state, &mut statement)?;
        let state = self.state_with_files(&mut statement).await?;
        let statement = DataFusionStatement::Statement(Box::new(statement));
        let plan = state.statement_to_plan(statement).await.and_then(small_sums);
        self.with_final_types(plan.map_err(|error| self.report(&error))?)
    }

    /// In Hive's dialects types are settled after planning: a whole number that is written is an int. Whoever asks a plan for
    /// its columns must find what they will be.
    pub(crate) fn with_final_types(&self, plan: LogicalPlan) -> Result<LogicalPlan, Diagnostic> {
        let dialect = self.source.dialect;
        let typed = match dialect.is_hive_like() {
            true => HiveTypes(dialect).analyze(plan, self.state.config_options()),
            false => Ok(plan),
        };
        typed.map_err(|error| self.report(&error))
    }

    /// Puts the parameters' values in.
    pub(crate) fn bind(&self, plan: LogicalPlan) -> Result<LogicalPlan, Diagnostic> {
        if self.parameters.is_empty() {
            return Ok(plan);
        }
        plan.with_param_values(super::parameters::values(&self.parameters, &self.parameter_types))
            .map_err(|error| self.report(&error))
    }

    /// Optimizes a plan, and opens its stream. The stream does its work on the threads that poll it.
    pub(crate) async fn open(&self, plan: &LogicalPlan) -> Result<SendableRecordBatchStream, Diagnostic> {
        self.try_open(plan).await.map_err(|error| self.report(&error))
    }

    async fn try_open(&self, plan: &LogicalPlan) -> DataFusionResult<SendableRecordBatchStream> {
        let physical = self.state.create_physical_plan(plan).await?;
        execute_stream(physical, self.state.task_ctx())
    }

    /// A DataFusion error as the client reads it, with its position where one can be told.
    pub(crate) fn report(&self, error: &DataFusionError) -> Diagnostic {
        let mut diagnostic = diagnostic_of(error);
        if diagnostic.position.is_none() {
            diagnostic.position = crate::position::of_error(error, &self.source.whole);
        }
        self.source.locate(diagnostic)
    }

    pub(crate) fn notice(&self, message: impl Into<String>) {
        self.context.notice(Notice::notice(message));
    }
}

/// Puts in the arguments that calls with `name => value` leave out.
pub(crate) fn complete_calls(state: &SessionState, statement: &mut ast::Statement) -> Result<(), Diagnostic> {
    match state.config().get_extension::<NamedArguments>() {
        Some(names) => names.fill(statement),
        None => Ok(()),
    }
}

/// Unsigned columns as bigint, which clients know: `row_number()` and `array_length` give them.
pub(crate) fn signed(plan: LogicalPlan) -> DataFusionResult<LogicalPlan> {
    if plan.schema().fields().iter().all(|field| *field.data_type() != DataType::UInt64) {
        return Ok(plan);
    }
    let columns: Vec<Expr> = plan
        .schema()
        .iter()
        .map(|(relation, field)| {
            let column = Expr::Column(Column::new(relation.cloned(), field.name()));
            match field.data_type() {
                DataType::UInt64 => cast(column, DataType::Int64).alias(field.name()),
                _ => column,
            }
        })
        .collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
