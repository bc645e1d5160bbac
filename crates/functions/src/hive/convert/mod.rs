//! How Hive reads a value of one type as one of another: what does not fit becomes NULL.

pub(crate) mod boolean;
pub(crate) mod common;
pub(crate) mod number;
pub(crate) mod temporal;
pub mod text;
pub(crate) mod value;

pub(crate) use value::convert;
