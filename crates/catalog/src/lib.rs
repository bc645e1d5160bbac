//! The metastore: databases, tables, views, models, training runs, roles; durable before it is acknowledged.
//!
//! Its calls are short and blocking: one SQLite database on the local disk, behind one lock. It says what exists; storage
//! reads and writes the data, the engine plans.

mod database;
mod error;
mod metastore;
mod model;
mod moves;
mod partition;
pub mod pg_type;
pub mod pg_type_rows;
mod provider;
mod relation;
mod role;
mod role_setting;
mod routine;
pub mod statistics;
mod system;
mod training;
mod warehouse;

pub use database::{Database, NewDatabase, is_temporary_schema, temporary_schema};
pub use error::Error;
pub use metastore::{Catalog, SCHEMA_VERSION};
pub use model::{ModelVersion, NewModel};
pub use partition::{NewPartition, Partition, Publication, PublishedFile, TableFile};
pub use provider::{DatabaseCatalog, VIEW_DIALECT, VIEW_SEARCH_PATH, ViewDefinition, ViewPlanner, as_of_name};
pub use relation::{HiveStorage, NewRelation, Relation, RelationKind};
pub use role::Role;
pub use routine::Routine;
pub use system::{Class, FunctionEntry, SystemViews};
pub use training::{Epoch, NewTrainingRun, RunOutcome};

/// The schema in which a new session begins; Hive calls it `default`.
pub const PUBLIC: &str = "public";

/// The name that a schema is stored under: `default` is another word for `public`.
pub fn schema_name(name: &str) -> &str {
    if name == "default" { PUBLIC } else { name }
}
