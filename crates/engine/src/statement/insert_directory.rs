//! INSERT OVERWRITE [LOCAL] DIRECTORY.

use mead_common::Diagnostic;
use mead_parser::InsertDirectory;
use mead_storage::write_folder_from;

use super::Runner;
use super::copy::write_options;
use crate::session::Execution;

impl Runner {
    /// The folder has the query's rows and nothing else afterwards; until then it is as it was.
    pub(crate) async fn insert_directory(&self, insert: &InsertDirectory) -> Result<Execution, Diagnostic> {
        if insert.is_hive {
            return self.insert_hive_directory(insert).await;
        }
        let path = self.resolve_folder(&insert.path)?;
        let format = match insert.stored_as.as_deref() {
            Some("textfile") | None => Some("csv"),
            format => format,
        };
        let options = write_options(format, &insert.options, "INSERT OVERWRITE DIRECTORY")?;
        let plan = self.plan_query(&insert.query).await?;
        let stream = self.open(&plan).await?;
        let rows = write_folder_from(&path, &options, stream).await.map_err(|error| self.write_error(error))?;
        Ok(Execution::done(format!("INSERT 0 {rows}")))
    }
}
