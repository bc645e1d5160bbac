//! How queries of Hive and Spark are planned where DataFusion or PostgreSQL would plan them otherwise.

pub(crate) mod access;
pub(crate) mod any_case;
pub(crate) mod coercion;
pub(crate) mod interval;
pub(crate) mod lateral_view;
pub(crate) mod operator;
pub(crate) mod regex_columns;
pub(crate) mod sample;
pub(crate) mod sql_type;
pub(crate) mod transform;
