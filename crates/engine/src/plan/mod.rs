//! Planning that DataFusion leaves to us: names, table functions, views.

pub(crate) mod function_list;
pub(crate) mod hive;
pub(crate) mod literal;
pub(crate) mod routine;
pub(crate) mod search_path;
mod session_schema;
pub(crate) mod sql_type;
pub(crate) mod table_function;
pub(crate) mod time_travel;
