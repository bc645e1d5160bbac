//! How queries of Hive and Spark are planned where DataFusion or PostgreSQL would plan them otherwise.

pub(crate) mod access;
pub(crate) mod coercion;
pub(crate) mod lateral_view;
pub(crate) mod operator;
pub(crate) mod sample;
pub(crate) mod sql_type;
