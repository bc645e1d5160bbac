//! SELECT, VALUES, TABLE: anything that is a query and nothing else.

use datafusion::sql::sqlparser::ast;
use mead_common::Diagnostic;

use super::Runner;
use crate::session::Execution;

impl Runner {
    pub(crate) async fn query(&self, query: &ast::Query) -> Result<Execution, Diagnostic> {
        let plan = self.plan_query(query).await?;
        Ok(Execution::rows(self.open(&plan).await?, "SELECT"))
    }
}
