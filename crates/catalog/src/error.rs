//! What the metastore refuses, and what can happen to it.

use std::path::PathBuf;

use mead_common::{Diagnostic, sqlstate};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("schema \"{0}\" does not exist")]
    UndefinedSchema(String),
    #[error("schema \"{0}\" already exists")]
    DuplicateSchema(String),
    #[error("cannot drop schema \"{0}\" because other objects depend on it")]
    SchemaNotEmpty(String),
    #[error("schema \"{0}\" cannot be changed")]
    SystemSchema(String),
    #[error("{kind} \"{name}\" does not exist")]
    UndefinedRelation { kind: &'static str, name: String },
    #[error("relation \"{0}\" already exists")]
    DuplicateRelation(String),
    #[error("partition \"{0}\" already exists")]
    DuplicatePartition(String),
    #[error("partition \"{0}\" does not exist")]
    UndefinedPartition(String),
    #[error("the table was dropped")]
    DroppedMeanwhile,
    #[error("could not change the table, since another statement changed it meanwhile")]
    ChangedMeanwhile,
    #[error("\"{name}\" is not a {kind}")]
    WrongKind { kind: &'static str, name: String },
    #[error("model \"{0}\" does not exist")]
    UndefinedModel(String),
    #[error("model \"{name}\" has no version {version}")]
    UndefinedVersion { name: String, version: i64 },
    #[error("model \"{0}\" already exists")]
    DuplicateModel(String),
    #[error("role \"{0}\" does not exist")]
    UndefinedRole(String),
    #[error("role \"{0}\" already exists")]
    DuplicateRole(String),
    #[error("function \"{0}\" does not exist")]
    UndefinedRoutine(String),
    #[error("function \"{0}\" already exists")]
    DuplicateRoutine(String),
    #[error("data directory \"{0}\" is in use by another server")]
    InUse(PathBuf),
    #[error("data directory \"{folder}\" was written by a newer mead")]
    Newer { folder: PathBuf, found: i64 },
    #[error("could not access \"{path}\": {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("metastore: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("metastore: {0}")]
    Corrupt(String),
    #[error("path \"{0}\" is not valid UTF-8")]
    NotUnicode(PathBuf),
    #[error(transparent)]
    Storage(#[from] mead_storage::Error),
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let report = |state| Diagnostic::new(state, message.clone());
        match &error {
            Error::UndefinedSchema(_) => report(sqlstate::INVALID_SCHEMA_NAME),
            Error::DuplicateSchema(_) => report(sqlstate::DUPLICATE_SCHEMA),
            Error::SchemaNotEmpty(_) => report(sqlstate::DEPENDENT_OBJECTS_STILL_EXIST)
                .with_hint("use DROP … CASCADE to drop the dependent objects too"),
            Error::SystemSchema(_) => report(sqlstate::INSUFFICIENT_PRIVILEGE),
            Error::UndefinedRelation { .. } => report(sqlstate::UNDEFINED_TABLE),
            Error::DuplicateRelation(_) => report(sqlstate::DUPLICATE_TABLE),
            Error::DuplicatePartition(_) => report(sqlstate::DUPLICATE_OBJECT),
            Error::UndefinedPartition(_) => report(sqlstate::UNDEFINED_OBJECT),
            Error::DroppedMeanwhile => report(sqlstate::UNDEFINED_TABLE),
            Error::ChangedMeanwhile => report(sqlstate::SERIALIZATION_FAILURE).with_hint("run the statement again"),
            Error::WrongKind { .. } => report(sqlstate::WRONG_OBJECT_TYPE),
            Error::UndefinedModel(_) | Error::UndefinedVersion { .. } => {
                report(sqlstate::UNDEFINED_OBJECT).with_hint("SHOW MODELS lists the models there are")
            }
            Error::DuplicateModel(_) => {
                report(sqlstate::DUPLICATE_OBJECT).with_hint("CREATE OR REPLACE MODEL publishes a new version")
            }
            Error::UndefinedRole(_) => report(sqlstate::UNDEFINED_OBJECT),
            Error::DuplicateRole(_) => report(sqlstate::DUPLICATE_OBJECT),
            Error::UndefinedRoutine(_) => report(sqlstate::UNDEFINED_FUNCTION),
            Error::DuplicateRoutine(_) => {
                report(sqlstate::DUPLICATE_FUNCTION).with_hint("CREATE OR REPLACE FUNCTION replaces it")
            }
            Error::InUse(_) => report(sqlstate::OBJECT_IN_USE)
                .with_hint("stop the other server, or choose another directory with --data-dir"),
            Error::Newer { found, .. } => report(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE).with_detail(format!(
                "its metastore has version {found}, this mead knows versions up to {}",
                crate::SCHEMA_VERSION
            )),
            Error::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => report(sqlstate::DISK_FULL),
            Error::Io { .. } => report(sqlstate::IO_ERROR),
            Error::Sqlite(rusqlite::Error::SqliteFailure(failure, _))
                if failure.code == rusqlite::ErrorCode::DiskFull =>
            {
                report(sqlstate::DISK_FULL)
            }
            Error::Sqlite(_) => report(sqlstate::SYSTEM_ERROR),
            Error::Corrupt(_) => report(sqlstate::DATA_CORRUPTED),
            Error::NotUnicode(_) => report(sqlstate::INVALID_PARAMETER_VALUE),
            Error::Storage(_) => match error {
                Error::Storage(inner) => inner.into(),
                _ => report(sqlstate::IO_ERROR),
            },
        }
    }
}

impl From<Error> for datafusion::error::DataFusionError {
    fn from(error: Error) -> Self {
        datafusion::error::DataFusionError::External(Box::new(Diagnostic::from(error)))
    }
}
