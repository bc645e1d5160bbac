//! The simple query protocol: a string of statements, results in text.

use std::sync::Arc;

use mead_common::{Diagnostic, sqlstate};
use mead_engine::CommandTag;

use crate::client::Failure;
use crate::connection::{Connection, batches_of};
use crate::rows::{RowFormat, RowStream};

impl Connection {
    /// Runs the statements one after the other; the first that fails ends it, what came before has been sent.
    pub(crate) async fn simple_query(&mut self, sql: &str) -> Result<(), Failure> {
        self.unnamed = None;
        self.portals.remove("");
        let statements = self.session.split(sql)?;
        if statements.is_empty() {
            return self.complete(&CommandTag::Empty, 0);
        }
        if statements.len() > 1 {
            self.session.begin_string();
        }
        for statement in statements {
            let prepared = self.client.attend(self.session.prepare(statement, &[])).await??;
            if !prepared.parameter_types().is_empty() {
                return Err(Diagnostic::new(sqlstate::UNDEFINED_PARAMETER, "there is no parameter $1").into());
            }
            let mut execution = self.client.attend(self.session.execute(&prepared, Vec::new())).await??;
            let mut count = 0;
            if let Some((schema, batches)) = batches_of(&mut execution) {
                let format = Arc::new(RowFormat::new(&schema, &[])?);
                self.client.put(&format.description())?;
                let mut rows = RowStream::new(batches, format, self.style());
                count = rows.send(&mut self.client, None).await?.rows;
            }
            self.complete(&execution.tag, count)?;
            self.client.keep_output_short().await?;
        }
        Ok(())
    }
}
