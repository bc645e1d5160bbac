//! Planning that DataFusion leaves to us: names, table functions, views.

pub(crate) mod search_path;
pub(crate) mod table_function;
