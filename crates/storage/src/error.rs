//! What can go wrong with data at rest.

use std::path::PathBuf;

use datafusion::error::DataFusionError;
use mead_common::{Diagnostic, sqlstate};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("file \"{0}\" does not exist")]
    Missing(String),
    #[error("path \"{path}\" is not usable: {reason}")]
    Path { path: String, reason: String },
    #[error("permission denied for path \"{0}\"")]
    PathDenied(String),
    #[error("location \"{0}\" is not supported")]
    Scheme(String),
    #[error("unrecognized option \"{name}\" for {format} tables")]
    Option { name: String, format: &'static str },
    #[error("invalid value for option \"{name}\": \"{value}\"")]
    OptionValue { name: String, value: String, hint: &'static str },
    #[error("file format \"{0}\" is not supported")]
    Format(String),
    #[error("column \"{column}\" has type {data_type}, which a managed table cannot hold")]
    ManagedType { column: String, data_type: String },
    #[error("the table was dropped")]
    Dropped,
    /// Somebody else changed the same table meanwhile.
    #[error("could not serialize access due to concurrent update")]
    Conflict(Box<deltalake::DeltaTableError>),
    #[error("could not access \"{path}\": {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("Delta table \"{location}\": {source}")]
    Delta { location: String, source: Box<deltalake::DeltaTableError> },
    #[error(transparent)]
    DataFusion(#[from] DataFusionError),
    #[error(transparent)]
    Report(#[from] Diagnostic),
}

impl Error {
    /// What Delta says of the table in a folder.
    pub(crate) fn of_delta(folder: &std::path::Path, source: deltalake::DeltaTableError) -> Self {
        use deltalake::DeltaTableError;
        use deltalake::kernel::transaction::TransactionError;
        match source {
            DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::CommitConflict(_) | TransactionError::MaxCommitAttempts(_),
            } => Error::Conflict(Box::new(source)),
            source => Error::Delta { location: folder.display().to_string(), source: Box::new(source) },
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Error::Io { path: path.into(), source }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Missing(_) => Diagnostic::new(sqlstate::UNDEFINED_FILE, message),
            Error::Path { .. } => Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message)
                .with_hint("give an absolute path, such as /data/sales.csv or file:///data/sales.csv"),
            Error::PathDenied(_) => Diagnostic::new(sqlstate::INSUFFICIENT_PRIVILEGE, message)
                .with_hint("only superusers reach files outside of the allowed folders"),
            Error::Scheme(_) => Diagnostic::unsupported(message).with_hint("only local files can be read yet"),
            Error::Option { .. } => Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message),
            Error::OptionValue { hint, .. } => {
                Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message).with_hint(hint)
            }
            Error::Format(_) => Diagnostic::unsupported(message).with_hint("available formats: PARQUET, CSV, JSON"),
            Error::ManagedType { .. } => Diagnostic::unsupported(message)
                .with_hint("cast it to another type, or keep the rows in an external Parquet table"),
            Error::Conflict(source) => Diagnostic::new(sqlstate::SERIALIZATION_FAILURE, message).with_source(source),
            Error::Dropped => Diagnostic::new(sqlstate::UNDEFINED_TABLE, message),
            Error::Io { source, .. } => {
                let state = match source.kind() {
                    std::io::ErrorKind::NotFound => sqlstate::UNDEFINED_FILE,
                    std::io::ErrorKind::PermissionDenied => sqlstate::INSUFFICIENT_PRIVILEGE,
                    std::io::ErrorKind::StorageFull => sqlstate::DISK_FULL,
                    _ => sqlstate::IO_ERROR,
                };
                Diagnostic::new(state, message).with_source(source)
            }
            Error::Delta { source, .. } => Diagnostic::new(sqlstate::IO_ERROR, message).with_source(source),
            Error::DataFusion(DataFusionError::External(inner)) => match inner.downcast::<Diagnostic>() {
                Ok(report) => *report,
                Err(other) => Diagnostic::new(sqlstate::IO_ERROR, other.to_string()),
            },
            Error::DataFusion(inner) => Diagnostic::new(sqlstate::IO_ERROR, message).with_source(inner),
            Error::Report(report) => report,
        }
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        match error {
            Error::DataFusion(inner) => inner,
            other => DataFusionError::External(Box::new(Diagnostic::from(other))),
        }
    }
}
