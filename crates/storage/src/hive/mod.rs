//! Tables of files in Hive's formats: how they are read, written, and cut into partitions.
//!
//! Which partitions and files there are, the metastore says ([`PartitionSource`]); nothing here looks for them.

mod adapt;
mod avro_writer;
mod builder;
mod column_names;
mod columnar;
mod compression;
mod format;
mod java_text;
mod json;
mod lazy_simple;
mod line_format;
mod lines;
mod open_csv;
mod orc_encoding;
mod orc_writer;
mod partition_name;
mod partitions;
mod property;
mod provider;
mod regex_serde;
mod scan;
mod source;
mod table_writer;
mod text_value;
mod text_writer;
mod types;
mod writer;

pub(crate) use adapt::cut_texts;
pub use format::{Serde, TableFormat};
pub use java_text::{date_text, double_text, float_text, timestamp_text};
pub use line_format::{LineFormat, LineReader};
pub use partition_name::{DEFAULT_PARTITION, partition_name, partition_values};
pub use partitions::{DataFile, PartitionFiles, PartitionSource, Place, files_below, partition_text, partition_value};
pub use provider::{FILE_NAME, HiveTable};
pub use table_writer::{Leftovers, PartitionFile, PartitionFolders, TableWriter, sync_folders};
pub use types::{COMMENT, DEFAULT, HIVE_TYPE, hive_field, hive_type_name};
pub use writer::{HiveWriter, WrittenFile};
