//! Tables' data: formats, folders, Delta logs, object stores, and what must be on disk before anybody is told it is.
//!
//! This room knows no metastore: it is told what a table is, and gives a provider for it.

mod convert;
mod csv_lines;
mod declared;
mod durable;
mod error;
mod external;
pub mod hive;
mod lease;
mod managed;
mod moves;
mod pass_through;
mod path_policy;
mod unfinished;
mod write;

pub use declared::{DeclaredTable, file_schema, inferred, mark_text, text_type};
pub use durable::{DurableFileSystem, file_url, sync_folder, temporary_beside, write_file};
pub use error::Error;
pub use external::{ExternalFormat, ExternalTable};
pub use lease::{Lease, remove_files, remove_table_folder};
pub use managed::{
    AsOf, Change, ChangeKind, ChangeWriter, FILE, HistoryEntry, ManagedTable, Optimized, RETENTION, ROW,
};
pub use moves::Move;
pub use pass_through::{PassThrough, PassThroughExec};
pub use path_policy::PathPolicy;
pub use write::{WriteFormat, WriteOptions, replace_folder, write_file_from, write_folder_from};

use std::sync::Arc;

use datafusion::execution::object_store::ObjectStoreRegistry;
use url::Url;

/// Puts the durable local file system in place of DataFusion's own.
pub fn register_object_stores(registry: &dyn ObjectStoreRegistry) -> Result<(), Error> {
    let root =
        Url::parse("file:///").map_err(|error| Error::Path { path: "file:///".into(), reason: error.to_string() })?;
    registry.register_store(&root, Arc::new(DurableFileSystem::new()));
    Ok(())
}
