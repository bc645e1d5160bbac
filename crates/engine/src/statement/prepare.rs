//! PREPARE, EXECUTE, DEALLOCATE: prepared statements by name, the session's own, whether SQL or the protocol made them.

use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr, cast};
use datafusion::sql::sqlparser::ast;
use mead_common::{Diagnostic, sqlstate};
use mead_functions::types::is_json;
use mead_parser::Statement;

use super::Runner;
use crate::plan::literal;
use crate::plan::sql_type::read_json;
use crate::session::prepared::SourceStatement;
use crate::session::{CommandTag, Execution, KeptStatement, Prepared, Session};

impl Session {
    pub(crate) async fn prepare_named(
        &mut self,
        outer: &Prepared,
        name: &str,
        types: &[ast::DataType],
        statement: &Statement,
    ) -> Result<Execution, Diagnostic> {
        self.check_statement_name(name)?;
        let source = SourceStatement { statement: Some(Arc::new(statement.clone())), ..outer.source.clone() };
        let runner = self.runner(&source, Vec::new())?;
        let declared: Vec<Option<FieldRef>> =
            types.iter().map(|data_type| runner.sql_type(data_type).map(Some)).collect::<Result<_, _>>()?;
        let (parameter_types, schema) = self.describe(&runner, &declared).await?;
        let prepared = Arc::new(Prepared { source, parameter_types, schema });
        self.keep_statement(name, KeptStatement::from_sql(prepared))?;
        Ok(Execution::done("PREPARE"))
    }

    pub(crate) async fn execute_named(
        &mut self,
        outer: &Prepared,
        name: &str,
        values: &[ast::Expr],
    ) -> Result<Execution, Diagnostic> {
        let prepared = Arc::clone(&self.kept_statement(name)?.prepared);
        if values.len() != prepared.parameter_types.len() {
            return Err(Diagnostic::new(
                sqlstate::SYNTAX_ERROR,
                format!("wrong number of parameters for prepared statement \"{name}\""),
            )
            .with_detail(format!(
                "expected {} parameters but got {}",
                prepared.parameter_types.len(),
                values.len()
            )));
        }
        let runner = self.runner(&outer.source, Vec::new())?;
        let parameters = values
            .iter()
            .zip(&prepared.parameter_types)
            .map(|(value, field)| runner.constant(value, field))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(statement) = prepared.source.statement.clone() else {
            return Ok(Execution { rows: None, tag: CommandTag::Empty, running: None });
        };
        // Such a statement may be prepared by the protocol alone. It would run others by name, and so itself.
        if matches!(statement.as_ref(), Statement::Execute { .. } | Statement::Prepare { .. } | Statement::Fetch { .. })
        {
            return Err(Diagnostic::unsupported("EXECUTE does not support variable-result cached plans"));
        }
        Box::pin(self.dispatch(&prepared, &statement, parameters)).await
    }

    pub(crate) fn deallocate(&mut self, name: Option<&str>) -> Result<Execution, Diagnostic> {
        match name {
            None => {
                self.info.holdings.write().forget_statements();
                Ok(Execution::done("DEALLOCATE ALL"))
            }
            Some(name) => {
                self.kept_statement(name)?;
                self.forget_statement(name);
                Ok(Execution::done("DEALLOCATE"))
            }
        }
    }
}

impl Runner {
    /// The value of an expression without columns, as a parameter of the field.
    fn constant(&self, value: &ast::Expr, field: &FieldRef) -> Result<ScalarValue, Diagnostic> {
        let schema = DFSchema::empty();
        let aliased = ast::ExprWithAlias { expr: value.clone(), alias: None };
        let expression =
            self.state.create_logical_expr_from_sql_expr(aliased, &schema).map_err(|error| self.report(&error))?;
        let evaluate = |expression: Expr| {
            let batch = datafusion::arrow::array::RecordBatch::try_new_with_options(
                Arc::new(datafusion::arrow::datatypes::Schema::empty()),
                vec![],
                &datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(1)),
            )?;
            let value = self.state.create_physical_expr(expression, &schema)?.evaluate(&batch)?.into_array(1)?;
            ScalarValue::try_from_array(&value, 0)
        };
        let typed = match literal::unknown(&expression) {
            Some(text) if literal::is_readable(field.data_type()) => literal::read(text, field.data_type(), None),
            _ if is_json(field) => Ok(read_json(cast(expression, field.data_type().clone()))),
            _ => Ok(cast(expression, field.data_type().clone())),
        };
        typed.and_then(evaluate).map_err(|error| self.report(&error))
    }
}
