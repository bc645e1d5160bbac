//! COPY (query) TO 'file'.

use std::collections::BTreeMap;

use mead_common::{Diagnostic, sqlstate};
use mead_parser::{Copy, CopyTarget};
use mead_storage::{ExternalFormat, WriteOptions, write_file_from};

use super::Runner;
use crate::session::Execution;

impl Runner {
    pub(crate) async fn copy(&self, copy: &Copy) -> Result<Execution, Diagnostic> {
        let CopyTarget::File(location) = &copy.target else {
            return Err(Diagnostic::unsupported("COPY TO STDOUT is not supported")
                .with_hint("COPY … TO 'file' writes a file on the server"));
        };
        let path = self.resolve_path(location)?;
        let named = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let format = copy.options.get("format").cloned().or(named.filter(|name| name != "txt"));
        let options = write_options(format.as_deref(), &copy.options, "COPY")?;
        let plan = self.plan_query(&copy.query).await?;
        let stream = self.open(&plan).await?;
        let rows = write_file_from(&path, &options, stream).await.map_err(|error| self.write_error(error))?;
        Ok(Execution::done(format!("COPY {rows}")))
    }

    /// An error of the rows keeps its own report.
    pub(super) fn write_error(&self, error: mead_storage::Error) -> Diagnostic {
        match error {
            mead_storage::Error::DataFusion(inner) => self.report(&inner),
            other => other.into(),
        }
    }
}

/// The options of a written file, under Postgres's names and Hive's.
pub(super) fn write_options(
    format: Option<&str>,
    options: &BTreeMap<String, String>,
    statement: &str,
) -> Result<WriteOptions, Diagnostic> {
    let Some(format) = format else {
        return Err(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, format!("{statement} needs a format"))
            .with_hint(
                "give (FORMAT csv), (FORMAT parquet) or (FORMAT json), or a file name that ends in one of them",
            ));
    };
    let format = match format {
        "text" | "binary" => {
            return Err(Diagnostic::unsupported(format!("{statement} in format \"{format}\" is not supported"))
                .with_hint("available formats: csv, parquet, json"));
        }
        name => ExternalFormat::parse(name)?,
    };
    let mut written = WriteOptions::new(format);
    for (name, value) in options {
        let short = name.strip_prefix("format.").unwrap_or(name);
        let byte = || match value.as_bytes() {
            [byte] => Ok(*byte),
            b"\\t" => Ok(b'\t'),
            b"\\001" | b"\\u0001" => Ok(1),
            _ => Err(Diagnostic::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("option \"{name}\" must be a single one-byte character"),
            )),
        };
        match (format, short) {
            (_, "format") => {}
            (ExternalFormat::Csv, "header" | "has_header") => {
                written.header = match value.to_lowercase().as_str() {
                    "true" | "on" | "1" => true,
                    "false" | "off" | "0" => false,
                    _ => {
                        return Err(Diagnostic::new(
                            sqlstate::INVALID_PARAMETER_VALUE,
                            format!("option \"{name}\" requires a Boolean value"),
                        ));
                    }
                };
            }
            (ExternalFormat::Csv, "delimiter" | "delim" | "sep" | "field.delim") => written.delimiter = byte()?,
            (ExternalFormat::Csv, "quote") => written.quote = byte()?,
            (ExternalFormat::Csv, "null" | "serialization.null.format") => written.null = value.clone(),
            _ => {
                return Err(Diagnostic::new(
                    sqlstate::INVALID_PARAMETER_VALUE,
                    format!("unrecognized option \"{name}\" for {statement} in format {}", format.name()),
                ));
            }
        }
    }
    Ok(written)
}
