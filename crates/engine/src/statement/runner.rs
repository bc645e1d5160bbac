//! What a statement needs to run: the engine, the session's state as it was when the statement began, and its context.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::sql::parser::Statement as DataFusionStatement;
use datafusion::sql::sqlparser::ast;
use mead_common::{Diagnostic, Notice};

use crate::engine::Engine;
use crate::error::diagnostic_of;
use crate::execution::StatementContext;
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
        self.plan_ast(ast::Statement::Query(Box::new(query.clone()))).await
    }

    /// Plans a statement that DataFusion knows; parameters stay open.
    pub(crate) async fn plan_ast(&self, statement: ast::Statement) -> Result<LogicalPlan, Diagnostic> {
        let statement = DataFusionStatement::Statement(Box::new(statement));
        self.state.statement_to_plan(statement).await.map_err(|error| self.report(&error))
    }

    /// Puts the parameters' values in.
    pub(crate) fn bind(&self, plan: LogicalPlan) -> Result<LogicalPlan, Diagnostic> {
        if self.parameters.is_empty() {
            return Ok(plan);
        }
        plan.with_param_values(ParamValues::from(self.parameters.clone())).map_err(|error| self.report(&error))
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

/// The parameters of a plan in order, by what the client declared, what the plan says, and else text.
pub(crate) fn parameter_types(
    plan: &LogicalPlan,
    declared: &[Option<DataType>],
) -> DataFusionResult<Vec<DataType>> {
    let inferred = plan.get_parameter_types()?;
    let highest = inferred.keys().filter_map(|name| name.strip_prefix('$')?.parse::<usize>().ok()).max().unwrap_or(0);
    let count = highest.max(declared.len());
    Ok((0..count)
        .map(|index| {
            let declared = declared.get(index).cloned().flatten();
            let inferred = || inferred.get(&format!("${}", index + 1)).cloned().flatten();
            match declared.or_else(inferred) {
                Some(DataType::Null) | None => DataType::Utf8,
                Some(data_type) => data_type,
            }
        })
        .collect())
}
